"""Journal files: each shape balances to the cent, signs are right, and a period without lines has no file."""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.publish.journals import write_journals

ACCRUAL = [
    ("2026-10", "TKN-ACC-openai-2026-10", 1, "2026-10-31", "5100", "dept_product", "1.05", "0.00", False),
    ("2026-10", "TKN-ACC-openai-2026-10", 2, "2026-10-31", "6100", None, "0.10", "0.00", False),
    ("2026-10", "TKN-ACC-openai-2026-10", 3, "2026-10-31", "2100", None, "0.00", "1.15", False),
    ("2026-11", "TKN-REV-openai-2026-10", 1, "2026-11-01", "2100", None, "1.15", "0.00", True),
    ("2026-11", "TKN-REV-openai-2026-10", 2, "2026-11-01", "5100", "dept_product", "0.00", "1.05", True),
    ("2026-11", "TKN-REV-openai-2026-10", 3, "2026-11-01", "6100", None, "0.00", "0.10", True),
]


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    connection = duckdb.connect()
    connection.execute(
        "create table lines (fiscal_period varchar, journal_id varchar, journal_line_number integer, posting_date date, "
        "account_number varchar, department_id varchar, debit_amount decimal(38, 9), credit_amount decimal(38, 9), "
        "is_reversal boolean, memo varchar default 'Accrued usage, October', reporting_currency varchar default 'USD')"
    )
    columns = (
        "fiscal_period, journal_id, journal_line_number, posting_date, account_number, department_id, "
        "debit_amount, credit_amount, is_reversal"
    )
    connection.executemany(f"insert into lines ({columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)", ACCRUAL)
    path = tmp_path / "lines.parquet"
    connection.execute(f"copy lines to '{path}'")
    write_journals(path, tmp_path / "journals")
    return tmp_path / "journals"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("system", "debit", "credit"), [("quickbooks", "Debits", "Credits"), ("netsuite", "Debit", "Credit")]
)
def test_two_column_shapes_balance_and_leave_the_other_side_empty(journals, system, debit, credit):
    lines = rows(journals / "2026-10" / f"{system}.csv")
    assert [(line["Account"], line[debit], line[credit]) for line in lines] == [
        ("5100", "1.05", ""),
        ("6100", "0.10", ""),
        ("2100", "", "1.15"),
    ]


def test_the_signed_shape_sums_to_zero_with_debits_positive(journals):
    lines = rows(journals / "2026-10" / "xero.csv")
    assert [line["*Amount"] for line in lines] == ["1.05", "0.10", "-1.15"]
    assert lines[0]["TrackingOption1"] == "dept_product"
    assert lines[1]["TrackingName1"] == ""


def test_the_reversal_is_in_the_next_period_and_takes_the_accrual_back(journals):
    both = [line for period in ("2026-10", "2026-11") for line in rows(journals / period / "xero.csv")]
    by_account: dict[str, Decimal] = {}
    for line in both:
        by_account[line["*AccountCode"]] = by_account.get(line["*AccountCode"], Decimal(0)) + Decimal(line["*Amount"])
    assert by_account == {"5100": 0, "6100": 0, "2100": 0}
    assert {line["*Date"] for line in rows(journals / "2026-11" / "xero.csv")} == {"01/11/2026"}


def test_a_period_without_lines_has_no_file(journals, tmp_path):
    assert sorted(path.name for path in journals.iterdir()) == ["2026-10", "2026-11"]
    assert write_journals(tmp_path / "absent.parquet", tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("currency", "amount", "shown"), [("JPY", "1500", "1500"), ("KWD", "1.125", "1.125")])
def test_amounts_have_the_decimals_of_their_currency(tmp_path, currency, amount, shown):
    path = tmp_path / "lines.parquet"
    duckdb.sql(
        "select '2026-09' as fiscal_period, 'TKN-ACC-p-2026-09' as journal_id, 1 as journal_line_number, "
        "date '2026-09-30' as posting_date, '5100' as account_number, 'd' as department_id, "
        f"cast({amount} as decimal(38, 9)) as debit_amount, cast(0 as decimal(38, 9)) as credit_amount, "
        f"'m' as memo, '{currency}' as reporting_currency"
    ).write_parquet(str(path))
    write_journals(path, tmp_path / "journals")
    assert rows(tmp_path / "journals" / "2026-09" / "quickbooks.csv")[0]["Debits"] == shown
    assert rows(tmp_path / "journals" / "2026-09" / "xero.csv")[0]["*Amount"] == shown


@pytest.mark.parametrize(
    ("system", "column"), [("quickbooks", "Description"), ("netsuite", "Line Memo"), ("xero", "Description")]
)
def test_every_line_says_the_number_of_its_journal(journals, system, column):
    """Systems that number entries themselves give lines back with their description."""
    lines = rows(journals / "2026-11" / f"{system}.csv")
    assert {line[column] for line in lines} == {"Accrued usage, October TKN-REV-openai-2026-10"}
