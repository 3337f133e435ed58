"""The ledger drop folder: what lands, what is refused, and that a refusal changes nothing."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.connectors.ledgers.extract import extract
from orchestration.landing.errors import RejectedFile, SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry.sources import LedgerConfig, SourceConfig

LEDGER_HEADER = (
    "legal_entity_id,journal_entry_id,journal_line_number,posting_date,account_number,account_name,account_class,"
    "debit_amount,credit_amount,currency,fiscal_period,posting_status,is_reversal"
)


@dataclass
class Company:
    """The part of a company that the connector reads."""

    folder: Path
    sources: dict[str, SourceConfig] = field(default_factory=dict)
    ledgers: dict[str, LedgerConfig] = field(default_factory=dict)
    config: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(fiscal_year_start_month=1))


@dataclass
class Drop:
    """A company folder and its landing area."""

    company: Company
    landing: Landing

    def write(self, name: str, *lines: str) -> Path:
        path = self.company.folder / "ledgers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        return path

    def set_policy(self, prefix: str, on_reject: str) -> None:
        self.company.ledgers[prefix] = LedgerConfig(on_reject=on_reject)

    def extract(self) -> dict[str, int]:
        """Rows per stream."""
        return {outcome.stream: outcome.rows for outcome in extract(self.company, self.landing)}

    def rows(self, stream: str, columns: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            self.landing.register(connection)
            return connection.execute(f"select {columns} from landing.ledgers__{stream} order by all").fetchall()

    def rejected(self) -> list[tuple[Any, ...]]:
        return self.rows("rejected_rows", "file, line, column_name, value, reason")

    def state(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.landing.root.rglob("*")) if path.is_file()}


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    (tmp_path / "company" / "ledgers").mkdir(parents=True)
    return Drop(Company(tmp_path / "company"), Landing(tmp_path / "landing"))


def journal(
    entry: str, debit: str, credit: str, *, currency: str = "USD", first: int = 1, tail: str = "2026-10,posted,"
) -> list[str]:
    """Two lines of a journal entry."""
    return [
        f"HO1,{entry},{first},2026-10-12,6100,AI services,expense,{debit},0.00,{currency},{tail}",
        f"HO1,{entry},{first + 1},2026-10-12,2000,Payables,liability,0.00,{credit},{currency},{tail}",
    ]


# ----------------------------------------------------------------------------------------------- what lands


def test_a_sound_ledger_lands_exact_and_marked_balanced(drop: Drop) -> None:
    drop.write("general_ledger.csv", LEDGER_HEADER, *journal("JE-1", "0.123456789", "0.123456789"))
    assert drop.extract()["general_ledger"] == 2
    rows = drop.rows(
        "general_ledger", "file, line, posting_date, debit_amount, credit_amount, is_balanced_entry, is_reversal"
    )
    exact, file, day = Decimal("0.123456789"), "ledgers/general_ledger.csv", date(2026, 10, 12)
    assert rows == [(file, 2, day, exact, Decimal(0), True, None), (file, 3, day, Decimal(0), exact, True, None)]


def test_column_order_is_free_and_extra_columns_stay_out_of_the_landing(drop: Drop) -> None:
    drop.write("exchange_rates_2026.csv", "note,rate,to_currency,from_currency,rate_date", "x,1.08,USD,eur,2026-10-01")
    drop.extract()
    rows = drop.rows("exchange_rates", "rate_date, from_currency, to_currency, rate")
    assert rows == [(date(2026, 10, 1), "EUR", "USD", Decimal("1.08"))]
    with duckdb.connect() as connection:
        drop.landing.register(connection)
        assert "note" not in connection.sql("from landing.ledgers__exchange_rates").columns


def test_several_files_are_one_table_and_each_its_own_partition(drop: Drop) -> None:
    header = "labor_rate_id,valid_from,hourly_rate,currency"
    drop.write("labor_rates_a.csv", header, "rate_ops,2026-01-01,38.00,USD")
    drop.write("later/labor_rates_b.csv", header, "rate_ops,2026-09-01,40.00,USD")
    drop.extract()
    assert drop.rows("labor_rates", "partition, hourly_rate") == [
        ("ledgers/labor_rates_a.csv", Decimal("38.00")),
        ("ledgers/later/labor_rates_b.csv", Decimal("40.00")),
    ]
    load = drop.landing.manifest("ledgers", "labor_rates")["ledgers/labor_rates_a.csv"].current
    assert load is not None and load.origin == "ledgers/labor_rates_a.csv"
    assert load.first_event_at == load.last_event_at == "2026-01-01T00:00:00.000000Z"


def test_parquet_decimals_land_and_floating_point_is_refused(drop: Drop) -> None:
    table = pa.table(
        {
            "month_end": [date(2026, 10, 31)],
            "department_id": ["ops"],
            "headcount": pa.array([Decimal("7.5")], pa.decimal128(10, 1)),
        }
    )
    path = drop.company.folder / "ledgers" / "headcount.parquet"
    pq.write_table(table, path)
    drop.extract()
    assert drop.rows("headcount", "line, month_end, headcount") == [(1, date(2026, 10, 31), Decimal("7.5"))]
    pq.write_table(table.set_column(2, "headcount", pa.array([7.5])), path)
    with pytest.raises(SchemaDrift, match=r"ledgers/headcount\.parquet: headcount is binary floating point"):
        drop.extract()


def test_an_unchanged_file_is_no_new_load_and_a_changed_one_keeps_its_history(drop: Drop) -> None:
    drop.write("people.csv", "actor_id,department_id,function", "ana,eng,engineering")
    drop.extract()
    first = drop.landing.manifest("ledgers", "people")
    drop.extract()
    assert drop.landing.manifest("ledgers", "people") == first
    drop.write("people.csv", "actor_id,department_id,function", "ana,ops,engineering")
    drop.extract()
    part = drop.landing.manifest("ledgers", "people")["ledgers/people.csv"]
    assert len(part.history) == 1 and drop.rows("people", "department_id") == [("ops",)]


def test_a_vanished_file_is_withdrawn_with_its_rejected_rows(drop: Drop) -> None:
    header = "month_end,department_id,headcount"
    drop.write("headcount_a.csv", header, "2026-10-31,ops,8")
    gone = drop.write("headcount_b.csv", header, "2026-10-31,eng,20", "2026-10-31,eng,many")
    drop.extract()
    assert len(drop.rejected()) == 1
    gone.unlink()
    assert drop.extract()["headcount"] == 1
    assert drop.rows("headcount", "department_id") == [("ops",)] and drop.rejected() == []


def test_correcting_many_faults_is_no_collapsed_load(drop: Drop) -> None:
    header, days = (
        "metric_date,metric_id,value,initiative_id",
        [f"2026-{m:02}-{d:02}" for m in range(1, 8) for d in range(1, 29)],
    )
    drop.write("business_metrics.csv", header, *(f"{day},units,x,one" for day in days))
    drop.extract()
    assert len(drop.rejected()) == 196
    drop.write("business_metrics.csv", header, *(f"{day},units,1,one" for day in days))
    drop.extract()
    assert drop.rejected() == [] and len(drop.rows("business_metrics", "value")) == 196


def test_journal_lines_that_are_not_posted_are_left_out(drop: Drop) -> None:
    draft = journal("JE-DRAFT", "5.00", "4.00", tail="2026-10,draft,")
    drop.write("general_ledger.csv", LEDGER_HEADER, *draft, *journal("JE-1", "5.00", "5.00", tail="2026-10,,true"))
    drop.extract()
    assert drop.rows("general_ledger", "distinct journal_entry_id, is_reversal") == [("JE-1", True)]


@pytest.mark.parametrize(
    ("first_month", "labels", "is_refused"),
    [
        pytest.param(4, ["2026-07"], True, id="by the year it begins in"),
        pytest.param(4, ["2027-07"], True, id="by the year it ends in"),
        pytest.param(10, ["2027-01", "2027-01"], True, id="first period of the year"),
        pytest.param(4, ["2026-07", "2026-06", "2026-07"], True, id="one posting late"),
        pytest.param(4, ["2026-10", "2026-07", "2026-07"], False, id="calendar months, most postings of another"),
        pytest.param(4, ["2026-09", "2026-09", "2026-07"], False, id="postings of the months before"),
        pytest.param(1, ["2026-07"], False, id="the fiscal year is the calendar's"),
        pytest.param(4, [""], False, id="no label"),
    ],
)
def test_periods_that_count_from_the_fiscal_year_are_refused(drop: Drop, first_month, labels, is_refused) -> None:
    drop.company.config.fiscal_year_start_month = first_month
    entries = [journal(f"JE-{at}", "5.00", "5.00", tail=f"{label},posted,") for at, label in enumerate(labels)]
    drop.write("general_ledger.csv", LEDGER_HEADER, *(line for lines in entries for line in lines))
    if not is_refused:
        assert drop.extract()["general_ledger"] == 2 * len(labels)
        return
    message = (
        rf"general_ledger\.csv:2: fiscal_period '{labels[0]}' counts from the first month of the fiscal year, and the "
        r"posting date is in 2026-10; write the calendar month of the period, or leave fiscal_period out \(journal JE-0\)"
    )
    with pytest.raises(RejectedFile, match=message):
        drop.extract()


# ------------------------------------------------------------------------------------------ journals that fail


def test_an_unbalanced_journal_is_refused_by_name_and_nothing_changes(drop: Drop) -> None:
    drop.write("general_ledger.csv", LEDGER_HEADER, *journal("JE-1", "5.00", "5.00"))
    drop.write("people.csv", "actor_id,department_id,function", "ana,eng,engineering")
    drop.extract()
    before = drop.state()
    drop.write("general_ledger_negative.csv", LEDGER_HEADER, *journal("JE-UNBALANCED-77", "125.00", "124.00"))
    drop.write("people.csv", "actor_id,department_id,function", "ana,ops,engineering")
    message = "general_ledger_negative.csv:2: journal JE-UNBALANCED-77 does not balance: debits 125.00, credits 124.00"
    with pytest.raises(RejectedFile) as caught:
        drop.extract()
    assert message in str(caught.value) and str(caught.value).count("JE-UNBALANCED-77") == 1
    assert drop.state() == before


def test_a_letter_in_an_amount_is_refused_with_file_line_and_value(drop: Drop) -> None:
    drop.write("general_ledger_money.csv", LEDGER_HEADER, *journal("JE-MONEY-78", "1O0.00", "100.00"))
    with pytest.raises(
        RejectedFile, match=r"general_ledger_money\.csv:2: debit_amount '1O0\.00' is not an exact decimal"
    ):
        drop.extract()
    assert drop.state() == {}


def test_quarantine_loads_the_sound_journals_and_whole_journals_only(drop: Drop) -> None:
    drop.set_policy("general_ledger", "quarantine")
    lines = [*journal("JE-1", "5.00", "5.00"), *journal("JE-2", "1O0.00", "100.00"), *journal("JE-3", "2.00", "1.00")]
    drop.write("general_ledger.csv", LEDGER_HEADER, *lines)
    drop.extract()
    assert drop.rows("general_ledger", "distinct journal_entry_id") == [("JE-1",)]
    file = "ledgers/general_ledger.csv"
    assert [(row[1], row[2], row[4]) for row in drop.rejected()] == [
        (4, "debit_amount", "is not an exact decimal number (digits and a point, at most 9 decimals)"),
        (5, "journal_entry_id", f"journal JE-2 has a rejected line at {file}:4"),
        (6, "debit_amount", "journal JE-3 does not balance: debits 2.00, credits 1.00 USD"),
        (7, "debit_amount", "journal JE-3 does not balance: debits 2.00, credits 1.00 USD"),
    ]


def test_a_journal_over_two_files_is_judged_as_one(drop: Drop) -> None:
    one, two = journal("JE-1", "5.00", "5.00")
    drop.write("general_ledger_a.csv", LEDGER_HEADER, one)
    drop.write("general_ledger_b.csv", LEDGER_HEADER, two)
    assert drop.extract()["general_ledger"] == 2
    drop.write("general_ledger_b.csv", LEDGER_HEADER, two.replace("5.00", "5.01"))
    with pytest.raises(RejectedFile, match=r"general_ledger_a\.csv:2: .*debits 5\.00, credits 5\.01"):
        drop.extract()


def test_a_journal_must_balance_in_each_currency(drop: Drop) -> None:
    euro, dollar = journal("JE-1", "5.00", "5.00", currency="EUR"), journal("JE-1", "5.00", "5.00", first=3)
    drop.write("general_ledger.csv", LEDGER_HEADER, *euro, *dollar)
    assert drop.extract()["general_ledger"] == 4
    drop.write("general_ledger.csv", LEDGER_HEADER, euro[0], dollar[1])
    with pytest.raises(RejectedFile, match=r"debits 5\.00, credits 0\.00 EUR; debits 0\.00, credits 5\.00 USD"):
        drop.extract()


def test_the_same_journal_in_two_entities_is_two_journals(drop: Drop) -> None:
    lines = journal("JE-1", "5.00", "6.00")
    drop.write("general_ledger.csv", LEDGER_HEADER, lines[0], lines[1].replace("HO1", "HO2").replace("6.00", "5.00"))
    with pytest.raises(RejectedFile, match="2 rows refused"):
        drop.extract()


def test_a_ledger_delivered_twice_counts_once(drop: Drop) -> None:
    drop.set_policy("general_ledger", "quarantine")
    for name in ("general_ledger_1.csv", "general_ledger_2.csv"):
        drop.write(name, LEDGER_HEADER, *journal("JE-1", "5.00", "5.00"))
    drop.extract()
    assert drop.rows("general_ledger", "distinct file, is_balanced_entry") == [("ledgers/general_ledger_1.csv", True)]
    reasons = [row[4] for row in drop.rejected()]
    assert len(reasons) == 2 and "of ledgers/general_ledger_1.csv:2: HO1, JE-1, 1" in reasons[0]


def test_at_most_ten_faults_are_listed(drop: Drop) -> None:
    lines = [line for number in range(12) for line in journal(f"JE-{number:02}", "2.00", "1.00")]
    drop.write("general_ledger.csv", LEDGER_HEADER, *lines)
    with pytest.raises(RejectedFile) as caught:
        drop.extract()
    assert str(caught.value).count("does not balance") == 10 and "24 rows refused" in str(caught.value)


# ---------------------------------------------------------------------------------------- every rule meets bad data

BAD_ROWS = [
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        "2026-02-30,p,1,USD",
        "revenue_date",
        "date YYYY",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        "01.10.2026,p,1,USD",
        "revenue_date",
        "date YYYY",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        "0206-10-01,p,1,USD",
        "revenue_date",
        "any period",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        "2026-10-02,,1,USD",
        "product_id",
        "is empty",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        "2026-10-02,p,,USD",
        "amount",
        "is empty",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        "2026-10-02,p,1e2,USD",
        "amount",
        "exact decimal",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        '2026-10-02,p,"1,000",USD',
        "amount",
        "exact decimal",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,-.5,USD",
        "2026-10-02,p,0.1234567891,USD",
        "amount",
        "exact",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        "2026-10-02,p,NaN,USD",
        "amount",
        "exact decimal",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency",
        "2026-10-01,p,1,USD",
        "2026-10-02,p,1,USX",
        "currency",
        "ISO 4217",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency,line_id",
        "2026-10-01,p,1,USD,L1",
        "2026-10-01,p,2,USD,L1",
        "revenue_date",
        "repeats the key",
    ),
    (
        "revenue",
        "revenue_date,product_id,amount,currency,recognition_end_date",
        "2026-10-01,p,1,USD,2026-10-01",
        "2026-10-02,p,1,USD,2026-10-01",
        "recognition_end_date",
        "ends before",
    ),
    (
        "budgets",
        "department_id,fiscal_period,budget_class,amount,currency",
        "ops,2026-10,core,-5,USD",
        "ops,2026-13,core,5,USD",
        "fiscal_period",
        "YYYY-MM",
    ),
    (
        "budgets",
        "department_id,fiscal_period,budget_class,amount,currency",
        "ops,2026-10,Core,5,USD",
        "ops,2026-10,magic,5,USD",
        "budget_class",
        "is none of",
    ),
    ("headcount", "month_end,department_id,headcount", "2026-02-28,ops,0", "2026-10-30,ops,8", "month_end", "last day"),
    (
        "headcount",
        "month_end,department_id,headcount",
        "2026-10-31,ops,0",
        "2026-11-30,ops,-1",
        "headcount",
        "negative",
    ),
    (
        "labor_rates",
        "labor_rate_id,valid_from,hourly_rate,currency",
        "r,2026-01-01,0,USD",
        "r,soon,1,USD",
        "valid_from",
        "date",
    ),
    (
        "business_metrics",
        "metric_date,metric_id,value,product_id",
        "2026-10-01,m,-1,p",
        "2026-10-01,m,1,",
        "initiative_id",
        "exactly one",
    ),
    (
        "business_metrics",
        "metric_date,metric_id,value,product_id,department_id",
        "2026-10-01,m,1,p,",
        "2026-10-02,m,1,p,d",
        "initiative_id",
        "exactly one",
    ),
    (
        "exchange_rates",
        "rate_date,from_currency,to_currency,rate",
        "2026-10-01,EUR,USD,1.123456789012",
        "2026-10-02,EUR,USD,0",
        "rate",
        "not above 0",
    ),
    (
        "exchange_rates",
        "rate_date,from_currency,to_currency,rate",
        "2026-10-01,EUR,USD,1",
        "2026-10-01,USD,USD,1",
        "to_currency",
        "same currency",
    ),
    (
        "people",
        "actor_id,department_id,function,valid_from,valid_to",
        "a,d,f,2026-01-01,9999-12-31",
        "b,d,f,2026-01-01,2026-01-01",
        "valid_to",
        "not after",
    ),
    ("people", "actor_id,department_id,function", "a,d,f", "a,e,f", "actor_id", "repeats the key"),
    (
        "people",
        "actor_id,department_id,function,valid_from,valid_to",
        "a,d,f,,2026-07-01",
        "a,e,f,2026-06-30,",
        "valid_from",
        "the period of a begins before that of ledgers/people.csv:2 ends on 2026-07-01",
    ),
]


def test_a_person_has_one_department_on_a_day(drop: Drop) -> None:
    """Periods may touch, leave gaps and be open at either end, in files of any order; none may begin within another."""
    header = "actor_id,department_id,function,valid_from,valid_to"
    drop.write("people_a.csv", header, "ana,ops,f,2026-03-01,2026-06-01", "ana,eng,f,,2026-02-01", "ben,eng,f,,")
    drop.write("people_b.csv", header, "ana,eng,f,2026-06-01,", "ana,sales,f,2026-09-01,", "ben,ops,f,2026-05-01,")
    drop.extract()
    assert drop.rejected() == [] and len(drop.rows("people", "line")) == 6
    drop.write("people_c.csv", header, "ana,hr,f,2026-04-01,2026-05-01", "cid,hr,f,2026-04-01,2026-05-01")
    drop.extract()
    ((file, line, column, value, _),) = drop.rejected()
    assert (file, line, column, value) == ("ledgers/people_c.csv", 2, "valid_from", "2026-04-01")


@pytest.mark.parametrize(("prefix", "header", "sound", "bad", "column", "reason"), BAD_ROWS)
def test_a_bad_row_is_quarantined_and_its_neighbour_loads(
    drop: Drop, prefix: str, header: str, sound: str, bad: str, column: str, reason: str
) -> None:
    drop.write(f"{prefix}.csv", header, sound, bad)
    drop.extract()
    assert drop.rows(prefix, "line") == [(2,)]
    ((file, line, rejected_column, _, rejected_reason),) = drop.rejected()
    assert (file, line, rejected_column) == (f"ledgers/{prefix}.csv", 3, column) and reason in rejected_reason
    drop.set_policy(prefix, "fail")
    with pytest.raises(RejectedFile, match=rf"ledgers/{prefix}\.csv:3: .*{reason}"):
        drop.extract()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("5.00,0.00", "-5.00,0.00", "debit_amount '-5.00' is negative"),
        ("0.00,5.00", "0.00,-5.00", "credit_amount '-5.00' is negative"),
        ("5.00,0.00", "5.00,5.00", "debit_amount and credit_amount are both set"),
        ("5.00,0.00", "5.00,", "credit_amount is empty; if an empty side is zero, set empty_side: zero"),
        ("expense", "costs", "account_class 'costs' is none of asset, liability"),
        ("2026-10,posted,", "10/2026,posted,", "fiscal_period '10/2026' is not a fiscal period"),
        ("posted,", "posted,maybe", "is_reversal 'maybe' is neither true nor false"),
        ("2026-10-12", "2026-10-32", "posting_date '2026-10-32' is not a date"),
    ],
)
def test_a_bad_journal_line_is_refused(drop: Drop, old: str, new: str, reason: str) -> None:
    lines = journal("JE-1", "5.00", "5.00")
    drop.write("general_ledger.csv", LEDGER_HEADER, *(line.replace(old, new) for line in lines))
    with pytest.raises(RejectedFile) as caught:
        drop.extract()
    assert reason in str(caught.value)


def test_a_repeated_key_is_found_across_files_and_the_first_row_stands(drop: Drop) -> None:
    header = "rate_date,from_currency,to_currency,rate"
    drop.write("exchange_rates_a.csv", header, "2026-10-01,EUR,USD,1.08")
    drop.write("exchange_rates_b.csv", header, "2026-10-01,eur,usd,1.09")
    drop.extract()
    assert drop.rows("exchange_rates", "rate") == [(Decimal("1.08"),)]
    assert drop.rejected()[0][:2] == ("ledgers/exchange_rates_b.csv", 2)


# -------------------------------------------------------------------------------------------- files that fail


def test_a_missing_required_column_names_file_and_column(drop: Drop) -> None:
    drop.write("people.csv", "actor_id,function", "ana,engineering")
    with pytest.raises(SchemaDrift, match=r"ledgers/people\.csv:1: the required columns department_id are missing"):
        drop.extract()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("people.csv", "", r"people\.csv:1: the file has no header"),
        ("people.csv", "actor_id,actor_id,department_id,function\n", "names actor_id twice"),
        (
            "people.csv",
            "actor_id,department_id,function\na,b,c\na,b\n",
            r"people\.csv:3: Expected Number of Columns: 3",
        ),
        (
            "people.csv",
            'actor_id,department_id,function\n"a,b,c\n',
            r"people\.csv:1: after this line the file is not well-formed CSV",
        ),
        ("business_metrics.csv", "metric_date,metric_id,value\n", "one of the columns initiative_id"),
        ("people.parquet", "not parquet", r"people\.parquet: is not a readable Parquet file"),
        ("people.xlsx", "x", r"people\.xlsx: ledgers are read as \.csv or \.parquet only"),
        ("revenu.csv", "x", r"revenu\.csv: no ledger has this name"),
        ("people[1].csv", "x", r"people\[1\]\.csv: rename the file"),
    ],
)
def test_an_unreadable_file_stops_the_read(drop: Drop, name: str, content: str, message: str) -> None:
    drop.write("headcount.csv", "month_end,department_id,headcount", "2026-10-31,ops,8")
    (drop.company.folder / "ledgers" / name).write_text(content)
    with pytest.raises(SchemaDrift, match=message):
        drop.extract()
    assert drop.state() == {}


def test_notes_and_hidden_files_beside_the_ledgers_are_no_ledgers(drop: Drop) -> None:
    (drop.company.folder / "ledgers" / ".checkpoints").mkdir()
    for name in ("README.md", ".people.csv.swp", ".hidden.csv", ".checkpoints/people.csv"):
        (drop.company.folder / "ledgers" / name).write_text("x")
    assert set(drop.extract().values()) == {0}


def test_lines_are_right_after_quoted_newlines_and_blank_lines(drop: Drop) -> None:
    path = drop.company.folder / "ledgers" / "people.csv"
    path.write_bytes(
        b'\xef\xbb\xbf"actor_id",department_id,function\r\n"ana\r\nmaria",d,f\r\n\r\nben,d,f\r\n,d,f\r\n',
    )
    drop.extract()
    assert drop.rows("people", "line, actor_id") == [(2, "ana\r\nmaria"), (5, "ben")]
    assert [row[:3] for row in drop.rejected()] == [("ledgers/people.csv", 6, "actor_id")]
