"""Tables as spreadsheets and finance systems write them: read where the file says what it means, refused where not."""

import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.landing.errors import SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry.sources import LedgerConfig
from tests.connectors.test_ledgers import Company, Drop

HEADER = "revenue_date,product_id,customer_id,amount,currency"


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    (tmp_path / "company" / "ledgers").mkdir(parents=True)
    return Drop(Company(tmp_path / "company"), Landing(tmp_path / "landing"))


def revenue(drop: Drop, text: str, encoding: str = "utf-8", **reading: object) -> list[tuple[str, str, int]]:
    """Day, amount and line of every row that lands from a revenue file."""
    drop.company.ledgers["revenue"] = LedgerConfig(**reading)
    (drop.company.folder / "ledgers" / "revenue.csv").write_bytes(text.encode(encoding))
    drop.extract()
    rows = drop.rows("revenue", "revenue_date, amount, line")
    return [(str(day), format(Decimal(amount).normalize(), "f"), line) for day, amount, line in rows]


@pytest.mark.parametrize(
    "text",
    [
        "revenue_date;product_id;customer_id;amount;currency\n2026-10-01;p;a;100,50;USD\n",
        "sep=;\nrevenue_date;product_id;customer_id;amount;currency\n2026-10-01;p;a;100,50;USD\n",
        "revenue_date\tproduct_id\tcustomer_id\tamount\tcurrency\n2026-10-01\tp\ta\t100,50\tUSD\n",
        f"{HEADER}\n2026-10-01,p,a,100.50,USD\n",
        f"{HEADER},,\n2026-10-01,p,a,100.50,USD,,\n,,,,,,\n",
        f"{HEADER}\n2026-10-01,p,a,100.50,USD,,\n",
        " Revenue_Date ,PRODUCT_ID,Customer ID,Amount,Currency\n2026-10-01,p,a,100.50,USD\n",
        f'Revenue report,,,,\n"October, 2026",,,,\n\n{HEADER}\n2026-10-01,p,a,100.50,USD\n',
        'Erlöse;Stand 31.10.;\n"revenue_date";"product_id";"customer_id";"amount";"currency"\n'
        '"2026-10-01";"p";"a";"100,50";"USD"\n',
        f"{HEADER}\n2026/10/01,p,a,100.50,USD\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_spreadsheet_writes_is_read(drop: Drop, text: str, encoding: str) -> None:
    ((day, amount, line),) = revenue(drop, text, encoding)
    assert (day, amount) == ("2026-10-01", "100.5")
    assert text.splitlines()[line - 1].strip('"').startswith("2026")
    assert drop.rejected() == []


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read(drop: Drop, encoding: str) -> None:
    assert revenue(drop, f"{HEADER}\n2026-10-01,p,ü,7,USD\n", encoding) == [("2026-10-01", "7", 2)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["1.234,56", "1.234"], ["1234.56", "1234"]),
        (["0,5", "12.345.678"], ["0.5", "12345678"]),
        (["1,234.56", "1,234"], ["1234.56", "1234"]),
        (["0.125", "-1,234"], ["0.125", "-1234"]),
        (["1 234,5", "1\u00a0234"], ["1234.5", "1234"]),
        (["1'234.50", "7"], ["1234.5", "7"]),
        (["(1,234.56)", "5"], ["-1234.56", "5"]),
        (["1.234,56-", "( 3,00 )"], ["-1234.56", "-3"]),
        (["\u221212.5", "1"], ["-12.5", "1"]),
    ],
)
def test_an_amount_is_what_its_file_proves(drop: Drop, written: list[str], meant: list[str]) -> None:
    lines = "\n".join(f"2026-10-0{day};p;a;{amount};USD" for day, amount in enumerate(written, 1))
    rows = revenue(drop, f"{HEADER.replace(',', ';')}\n{lines}\n")
    assert [Decimal(amount) for _, amount, _ in rows] == [Decimal(amount) for amount in meant]


ROWS = (
    "revenue_date,product_id,amount,currency",
    '2026-10-01,"desk\n{}",1.50,EUR',
    "",
    "2026-10-02,desk,2,EUR",
    "2026-10-03,desk,3,EUR",
)


@pytest.mark.parametrize("quoted", ["two lines", "two\r\nlines"])
@pytest.mark.parametrize(("first", "last"), [("\r\n", "\n"), ("\n", "\r\n")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_rows_that_another_system_added_with_its_own_line_breaks_are_read(
    drop: Drop, encoding: str, first: str, last: str, quoted: str
) -> None:
    """The last row alone ends otherwise. A quoted line break and a blank line are before it, so it stands on line 6 or 7."""
    header, broken, *others = ROWS
    text = first.join([header, broken.format(quoted), *others]) + last + "2026-10-04,desk,4,EUR" + last
    (drop.company.folder / "ledgers" / "revenue.csv").write_bytes(text.encode(encoding))
    drop.extract()
    more = quoted.count("\n")
    assert drop.rows("revenue", "line, revenue_date, amount") == [
        (2, datetime.date(2026, 10, 1), Decimal("1.5")),
        *((at + more, datetime.date(2026, 10, at - 3), Decimal(at - 3)) for at in (5, 6, 7)),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "revenue_date,product_id,amount,currency\n2026-10-01,desk,1,EUR\r2026-10-02,desk,1,EUR\n",
            "revenue.csv:2: ends in",
        ),
        (
            'revenue_date,product_id,amount,currency\n2026-10-01,"desk,1,EUR\n',
            "revenue.csv:1: after this line the file",
        ),
    ],
)
def test_a_file_that_no_parser_takes_names_line_and_remedy(drop: Drop, text: str, says: str) -> None:
    (drop.company.folder / "ledgers" / "revenue.csv").write_bytes(text.encode())
    with pytest.raises(SchemaDrift) as refused:
        drop.extract()
    assert says in str(refused.value)
    assert "save the file again with one kind" in str(refused.value) or "export the file again" in str(refused.value)


def test_an_amount_that_nothing_proves_is_refused_until_the_company_says_what_it_is(drop: Drop) -> None:
    text = f"{HEADER.replace(',', ';')}\n2026-10-01;p;a;10;USD\n2026-10-02;p;a;1.234;USD\n"
    with pytest.raises(SchemaDrift, match=r"ledgers/revenue\.csv:3: amount '1\.234' may have thousands.*decimal_comma"):
        revenue(drop, text)
    assert revenue(drop, text, decimal_comma=True)[1][1] == "1234"
    assert revenue(drop, text, decimal_comma=False)[1][1] == "1.234"


def test_a_comma_in_a_file_of_points_is_one_refused_row(drop: Drop) -> None:
    assert revenue(drop, f'{HEADER}\n2026-10-01,p,a,10.50,USD\n2026-10-02,p,a,"10,5",USD\n') == [
        ("2026-10-01", "10.5", 2)
    ]
    assert [row[:4] for row in drop.rejected()] == [("ledgers/revenue.csv", 3, "amount", "10,5")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["05/10/2026", "13/10/2026"], ["2026-10-05", "2026-10-13"]),
        (["5.10.2026", "31.10.2026 00:00"], ["2026-10-05", "2026-10-31"]),
        (["10/05/2026", "10/13/2026"], ["2026-10-05", "2026-10-13"]),
        (["10-10-2026", "2026-10-11"], ["2026-10-10", "2026-10-11"]),
    ],
)
def test_a_date_is_what_its_file_proves(drop: Drop, written: list[str], meant: list[str]) -> None:
    lines = "\n".join(f"{day},p,a,1,USD" for day in written)
    assert [day for day, _, _ in revenue(drop, f"{HEADER}\n{lines}\n")] == meant


@pytest.mark.parametrize("written", [["05/10/2026", "06/10/2026"], ["13/10/2026", "10/13/2026"]])
def test_dates_that_nothing_proves_are_refused_until_the_company_says_what_they_are(
    drop: Drop, written: list[str]
) -> None:
    text = HEADER + "".join(f"\n{day},p,a,1,USD" for day in written) + "\n"
    with pytest.raises(SchemaDrift, match=r"ledgers/revenue\.csv:2: revenue_date .* day or the month first.*day_first"):
        revenue(drop, text)
    assert revenue(drop, text, day_first=True)[0][0][-2:] == written[0][:2]


def test_an_impossible_day_is_never_turned_round(drop: Drop) -> None:
    revenue(drop, f"{HEADER}\n13/10/2026,p,a,1,USD\n31/02/2026,p,a,1,USD\n")
    assert [(row[1], row[2]) for row in drop.rejected()] == [(3, "revenue_date")]


def test_a_company_says_what_its_files_call_a_column(drop: Drop) -> None:
    text = "Buchungstag;Produkt;Netto;Währung\n31.10.2026;p;1.000,00;EUR\n"
    columns = {"revenue_date": "buchungstag", "product_id": "Produkt", "amount": "Netto", "currency": "Währung"}
    assert revenue(drop, text, columns=columns) == [("2026-10-31", "1000", 2)]


def test_columns_of_a_parquet_file_are_called_what_the_company_says(drop: Drop) -> None:
    drop.company.ledgers["revenue"] = LedgerConfig(columns={"amount": "Netto"})
    columns = {"Revenue_Date": ["2026-10-01"], "PRODUCT_ID": ["p"], "Netto": [Decimal("7.5")], "currency": ["USD"]}
    pq.write_table(pa.table(columns), drop.company.folder / "ledgers" / "revenue.parquet")
    drop.extract()
    assert drop.rows("revenue", "product_id, amount") == [("p", Decimal("7.5"))]


def test_what_cannot_be_read_says_what_was_found_and_what_to_change(drop: Drop) -> None:
    with pytest.raises(SchemaDrift) as caught:
        revenue(drop, "Konten\nrevenue_date;Produkt;amount;currency\n2026-10-01;p;1;USD\n")
    said = str(caught.value)
    assert "ledgers/revenue.csv:2: the required columns product_id are missing" in said
    assert "separated by semicolon: revenue_date, Produkt, amount, currency" in said and "sources.yaml" in said


def test_a_value_under_no_name_is_refused(drop: Drop) -> None:
    with pytest.raises(SchemaDrift, match=r"ledgers/revenue\.csv:2: 'x' stands in a column without a name"):
        revenue(drop, f"{HEADER},\n2026-10-01,p,a,1,USD,x\n")


def test_text_that_is_not_unicode_is_refused_by_line(drop: Drop) -> None:
    with pytest.raises(SchemaDrift, match=r"ledgers/revenue\.csv:3: is not UTF-8 text; save the file as 'CSV UTF-8'"):
        revenue(drop, f"{HEADER}\n2026-10-01,p,a,1,USD\n2026-10-02,p,ü,1,USD\n", "latin-1")


def test_a_change_of_the_reading_is_a_new_load_of_the_same_file(drop: Drop) -> None:
    text = f"{HEADER}\n01/10/2026,p,a,1,USD\n"
    assert revenue(drop, text, day_first=True)[0][0] == str(datetime.date(2026, 10, 1))
    assert revenue(drop, text, day_first=False)[0][0] == str(datetime.date(2026, 1, 10))


# ------------------------------------------------------------------------------- lines that add up, and rows refused

INVOICES = "revenue_date,product_id,amount,currency,invoice_id,line_id"


def files(drop: Drop, **lines: list[str]) -> list[tuple[str, Decimal]]:
    """File and amount of every revenue row that lands from files of these names."""
    for name, rows in lines.items():
        drop.write(f"revenue_{name}.csv", INVOICES, *(f"2026-10-01,p,{row}" for row in rows))
    drop.extract()
    rows = drop.rows("revenue", "file, amount, line")
    return [(file.removeprefix("ledgers/revenue_").removesuffix(".csv"), amount) for file, amount, _ in rows]


def test_lines_of_one_file_with_the_same_day_and_owner_add_up(drop: Drop) -> None:
    assert files(drop, a=["100,USD,,", "60,USD,,", "60,USD,,"]) == [("a", 60), ("a", 60), ("a", 100)]
    assert drop.rejected() == []


def test_the_same_day_and_owner_in_another_file_is_a_repeat_that_names_both(drop: Drop) -> None:
    assert files(drop, a=["100,USD,,", "60,USD,,"], b=["60,USD,,"]) == [("a", 60), ("a", 100)]
    ((file, line, _, _, reason),) = drop.rejected()
    assert (file, line) == ("ledgers/revenue_b.csv", 2) and "of ledgers/revenue_a.csv:2" in reason


def test_documents_tell_lines_of_two_files_apart(drop: Drop) -> None:
    """Two documents, and two lines of one, add up over files; the same one, or one that names none, repeats."""
    assert files(drop, a=["100,USD,I1,"], b=["60,USD,I2,"]) == [("a", 100), ("b", 60)]
    assert files(drop, b=["60,USD,I1,"]) == [("a", 100)]
    assert files(drop, b=["60,USD,,"]) == [("a", 100)]
    assert files(drop, a=["100,USD,I1,1"], b=["60,USD,I1,2"]) == [("a", 100), ("b", 60)]
    assert files(drop, a=["100,USD,I1,1", "100,USD,I1,1"], b=[]) == [("a", 100)]


def test_other_ledgers_add_up_but_a_rate_never_does(drop: Drop) -> None:
    drop.write("budgets.csv", "department_id,fiscal_period,budget_class,amount,currency", *["d,2026-10,core,5,USD"] * 2)
    drop.write("headcount.csv", "month_end,department_id,headcount", *["2026-10-31,d,2"] * 2)
    drop.write("business_metrics.csv", "metric_date,metric_id,value,product_id", *["2026-10-01,m,2,p"] * 2)
    drop.write("exchange_rates.csv", "rate_date,from_currency,to_currency,rate", *["2026-10-01,EUR,USD,1.1"] * 2)
    counts = drop.extract()
    assert [counts[name] for name in ("budgets", "headcount", "business_metrics", "exchange_rates")] == [2, 2, 2, 1]


def test_a_refused_row_keeps_what_it_is_worth(drop: Drop) -> None:
    files(drop, a=["100,USD,,", "12.50,usx,,", "x,EUR,,"])
    drop.write("revenue_b.csv", INVOICES, "2026-10-99,p,70.25,EUR,,")
    drop.extract()
    rows = drop.rows("rejected_rows", "file, line, column_name, amount, currency")
    assert [(row[0][-5], *row[1:]) for row in rows] == [
        ("a", 3, "currency", Decimal("12.5"), "USX"),
        ("a", 4, "amount", None, "EUR"),
        ("b", 2, "revenue_date", Decimal("70.25"), "EUR"),
    ]
