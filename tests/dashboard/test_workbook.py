"""The workbook holds what was published: typed, totals that another reader works out to the same, text that stays text."""

import csv
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from dashboard.figures import Figure, Page, Section
from dashboard.pack import rows as rows_module
from dashboard.pack.sheets import MEANINGS, SHEETS
from dashboard.pack.workbook import fits, write_workbook
from dashboard.publication import Publication, open_publication
from tests.dashboard.small_publication import write_small_publication
from tests.dashboard.spreadsheet import Read, read

FRONT = Page(
    "index",
    "Overview",
    "What?",
    (
        Section(
            "At a glance",
            (
                Figure("Spend", Decimal("2.8"), "money", "All of it.", "fct_allocated_costs"),
                Figure(
                    "Margin", None, "ratio", "Revenue less cost.", "gross_margin_by_product_month", says="not known yet"
                ),
            ),
        ),
    ),
)
OF_ALL = Decimal("1000002.923456789012")
"""1,000,000.123456789012 + 0.10 + 0.20 + 2.50, reckoned by hand."""


@pytest.fixture
def publication(tmp_path: Path) -> Iterator[Publication]:
    manifest = write_small_publication(tmp_path / "published")
    with open_publication(tmp_path / "published", manifest) as opened:
        yield opened


@pytest.fixture
def book(publication: Publication, tmp_path: Path) -> Read:
    write_workbook(publication, FRONT, tmp_path / "pack.xlsx")
    return read(tmp_path / "pack.xlsx")


def near(value: object, expected: Decimal) -> bool:
    """Equal in the 15 digits that Excel holds."""
    assert isinstance(value, Decimal)
    return abs(value - expected) <= abs(expected) * Decimal("1e-14")


def test_spend_by_department_and_month_is_typed(book: Read) -> None:
    found = [
        (row["Month"], row["Department"], row["Budget"], row["Spend USD"]) for row in book.rows("spend_by_department")
    ]
    assert [one[:3] for one in found] == [
        ("2026-10", "Operations", "experimentation"),
        ("2026-10", None, None),
        ("2026-09", "Engineering", "core"),
    ]
    assert found[0][3] == Decimal("0.3")
    assert found[1][3] == Decimal("2.5")
    assert near(found[2][3], Decimal("1000000.123456789012"))
    sheet, *_ = book.tables["spend_by_department"]
    assert {cell.style for name, cell in book.sheets[sheet].items() if name in ("G7", "G8", "G9")} == {"#,##0.00"}


def test_total_is_a_formula_with_its_value_and_equals_the_mart(book: Read) -> None:
    total = book.total("spend_by_department", "Spend USD")
    assert total.formula == "SUBTOTAL(109,spend_by_department[Spend USD])"
    assert near(total.value, OF_ALL)
    assert near(book.evaluate("Spend by department", total.formula), OF_ALL)
    assert near(book.below("spend_by_department", "The mart holds", "Spend USD").value, OF_ALL)
    assert book.below("spend_by_department", "Equals the mart: difference", "Spend USD").value == 0


def test_every_formula_is_worked_out_to_the_value_it_carries(book: Read) -> None:
    formulas = [(name, cell) for name, cells in book.sheets.items() for cell in cells.values() if cell.formula]
    assert len(formulas) > 6
    for sheet, cell in formulas:
        assert cell.formula is not None
        assert near(book.evaluate(sheet, cell.formula), cell.value or Decimal(0))


def test_a_row_that_is_lost_on_the_way_shows_as_a_difference(
    publication: Publication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Publication.rows
    monkeypatch.setattr(
        Publication,
        "rows",
        lambda self, tables, text, values=(): [
            row for row in ask(self, tables, text, values) if row.get("name") != "Operations"
        ],
    )
    write_workbook(publication, FRONT, tmp_path / "lost.xlsx")
    lost = read(tmp_path / "lost.xlsx")
    difference = lost.below("spend_by_department", "Equals the mart: difference", "Spend USD")
    assert difference.value == Decimal("-0.3")
    assert lost.evaluate("Spend by department", str(difference.formula)) == Decimal("-0.3000")
    assert next(cell.value for cell in lost.sheets["Overview"].values() if cell.formula) == Decimal("0.3")


def test_digits_beyond_fifteen_stand_beside_the_number(book: Read) -> None:
    whole = [row.get("Spend, every digit") for row in book.rows("spend_by_department")]
    assert whole == ["0.300000000000", "2.500000000000", "1000000.123456789012"]
    assert str(book.sheets["Spend by department"]["A4"].value).startswith("Excel holds 15 digits")
    assert "Allocated, every digit" not in book.tables["budget_by_initiative"][1]
    assert fits(Decimal("123456789.123456"))
    assert not fits(Decimal("1234567890.1234567"))


def test_numbers_keep_their_decimal_digits(book: Read) -> None:
    assert [row["Amount in its currency"] for row in book.rows("rejected_rows")] == [
        None,
        Decimal("707.81"),
        None,
        None,
    ]
    assert re.search(r"<v>707\.810*</v>", "".join(book.xml.values()))


def test_text_that_begins_like_a_formula_is_text(book: Read) -> None:
    assert [row["Value"] for row in book.rows("rejected_rows")] == ["=1+cmd|calc", "+1", "-x", "@SUM(A1)"]
    assert not any(cell.formula for cell in book.sheets["Rejected rows"].values())
    assert 'quotePrefix="1"' in book.xml["xl/styles.xml"]


def test_dates_are_dates_and_codes_are_words(book: Read) -> None:
    (row,) = book.rows("budget_by_initiative")
    assert row["Expires"] == Decimal(46371)  # 2026-12-15, counted from 1899-12-30
    assert (row["Initiative"], row["Status"]) == ("Ticket <triage>", "within budget")
    assert near(book.total("budget_by_initiative", "Spent USD").value, Decimal("61.5"))


def test_overview_says_what_it_is_and_what_is_not_known(book: Read) -> None:
    cells = book.sheets["Overview"]
    assert cells["A1"].value == "Finance pack of acme (simulated company)"
    said = {cells[f"A{n}"].value: cells[f"B{n}"].value for n in range(1, 25) if f"A{n}" in cells and f"B{n}" in cells}
    assert said["As of"] == "2026-10-28"
    assert said["Spend (USD)"] == Decimal("2.8")
    assert said["Margin"] == "not known yet"
    assert {"Prepared by, on", "Reviewed by, on", "Approved by, on"} <= said.keys()


def test_what_is_not_published_is_said(book: Read) -> None:
    assert book.sheets["Accruals"]["A6"].value == "Not published: accrual_journal_lines."
    assert "accruals" not in book.tables


def test_long_tables_are_cut_and_the_rest_is_counted(
    publication: Publication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "ROWS", 2)
    write_workbook(publication, FRONT, tmp_path / "cut.xlsx")
    cut = read(tmp_path / "cut.xlsx")
    assert len(cut.rows("spend_by_department")) == 2
    assert near(cut.total("spend_by_department", "Spend USD").value, Decimal("2.8"))
    assert near(cut.below("spend_by_department", "Rows not shown", "Spend USD").value, Decimal("1000000.123456789012"))
    assert cut.below("spend_by_department", "Equals the mart: difference", "Spend USD").value == 0
    texts = [cell.value for cell in cut.sheets["Spend by department"].values()]
    assert "Shown are 2 of 3 rows; all of them: parquet/fct_allocated_costs/." in texts


def test_equal_content_gives_equal_bytes(publication: Publication, tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_workbook(publication, FRONT, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    assert "2026-10-29T06:30:00Z" in read(tmp_path / "one.xlsx").xml["docProps/core.xml"]


def test_heads_are_frozen_and_filters_are_there(book: Read) -> None:
    sheets = [text for name, text in book.xml.items() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
    assert sum('state="frozen"' in text for text in sheets) == len(SHEETS) + 1
    assert all("<autoFilter" in text for name, text in book.xml.items() if name.startswith("xl/tables/"))


def test_names_are_those_that_excel_takes() -> None:
    assert len({sheet.id for sheet in SHEETS}) == len({sheet.name for sheet in SHEETS}) == len(SHEETS)
    for sheet in SHEETS:
        labels = [column.label.lower() for column in sheet.columns]
        assert len(set(labels)) == len(labels), sheet.name
        assert len(sheet.name) <= 31
        assert {column.name for column in sheet.columns if column.is_total} == set(
            re.findall(r" as (\w+)", re.sub(r"cast\(.*?\)", "", sheet.sums or ""))
        ), sheet.name
        for column in sheet.columns:
            assert not column.is_total or re.fullmatch(r"[\w -]+", column.label), "it stands in a formula as it is"


def test_meanings_are_of_columns_that_some_sheet_shows() -> None:
    shown = {column.name for sheet in SHEETS for column in sheet.columns}
    assert MEANINGS.keys() <= shown


def without_values(file: Path, target: Path) -> Path:
    """The workbook without what its formulas carry, so that whoever opens it has to work them out."""
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(target, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, re.sub(rb"(<f>[^<]*</f>)<v>[^<]*</v>", rb"\1", archive.read(name)))
    assert any(cell.formula and cell.value is None for cell in read(target).sheets["Overview"].values())
    return target


def test_libreoffice_works_out_the_same_totals(book: Read, tmp_path: Path) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("no LibreOffice on this machine: neither soffice nor libreoffice is on the PATH")
    file = without_values(tmp_path / "pack.xlsx", tmp_path / "bare.xlsx")
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    command = [office, "--headless", "--convert-to", every_sheet, "--outdir", str(tmp_path), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    lines = list(csv.reader((tmp_path / "bare-Spend by department.csv").read_text(encoding="utf-8").splitlines()))
    shown = {line[0]: line[6].replace(",", "") for line in lines if line and line[0]}
    assert shown["Total of what is shown"] == "1000002.92"
    assert Decimal(shown["Equals the mart: difference"]) == 0


def test_values_can_be_taken_out_and_worked_out_again(book: Read, tmp_path: Path) -> None:
    bare = read(without_values(tmp_path / "pack.xlsx", tmp_path / "bare.xlsx"))
    total = bare.total("spend_by_department", "Spend USD")
    assert total.value is None
    assert near(bare.evaluate("Spend by department", str(total.formula)), OF_ALL)
