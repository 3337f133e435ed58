"""The demo's finance pack: every total of the workbook equals the marts, the paper opens alone, the page to sign is kept."""

import hashlib
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser

from dashboard.pack.sheets import SHEETS
from tests.dashboard.accessibility import STANDARDS, prepare, violations
from tests.dashboard.chromium import chromium, tab
from tests.dashboard.spreadsheet import Read, read

TOTALS = {
    ("spend_by_department", "Spend USD"): "select sum(allocated_cost) from fct_allocated_costs",
    ("budget_by_department", "Spent USD"): "select sum(spent_amount) from budget_status_by_department_month",
    ("budget_by_initiative", "Remaining USD"): "select sum(remaining_amount) from budget_status_by_initiative "
    "where as_of_date = (select max(as_of_date) from budget_status_by_initiative)",
    ("margin_by_product", "Revenue USD"): "select sum(revenue) from fct_revenue",
    ("margin_by_customer", "Revenue USD"): "select sum(revenue) from fct_revenue",
    ("variance", "Change USD"): "select sum(amount) from budget_variance_by_initiative_month",
    ("reconciliation", "Billed or metered USD"): "select sum(allocated_cost) from fct_allocated_costs",
    ("reconciliation", "Posted in the ledger USD"): "select sum(amount) from reconciliation_by_provider_month "
    "where bridge_line = 'ledger_posting'",
    ("accruals", "Debit USD"): "select sum(credit_amount) from accrual_journal_lines",
    ("budget_movements", "Amount USD"): "select 0",
    ("unallocated", "Unallocated USD"): "select sum(allocated_cost) from fct_allocated_costs "
    "where allocation_method = 'unallocated'",
    ("unpriced", "Quantity"): "select sum(quantity) from fct_usage where is_counted and pricing_status = 'unpriced'",
    ("right_sizing", "Saving to USD"): "select sum(saving_high) from model_right_sizing_by_initiative_month",
}
"""Where it can be, the total is asked of another table than the sheet's."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def published(demo_home: Path) -> Path:
    return (demo_home / "published").resolve()


@pytest.fixture(scope="module")
def book(published: Path) -> Read:
    return read(published / "pack" / "finance_pack.xlsx")


@pytest.mark.parametrize(("table", "label"), TOTALS)
def test_totals_equal_the_marts(published: Path, book: Read, table: str, label: str) -> None:
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as marts:
        found = marts.execute(TOTALS[table, label]).fetchone()
    assert found is not None
    total = book.total(table, label)
    for value in (total.value, book.evaluate(book.tables[table][0], str(total.formula))):
        assert isinstance(value, Decimal)
        assert abs(value - Decimal(found[0])) < Decimal("0.000001")


def test_every_formula_of_the_workbook_gives_the_value_it_carries(book: Read) -> None:
    for sheet, cells in book.sheets.items():
        for address, cell in cells.items():
            if cell.formula:
                assert isinstance(cell.value, Decimal)
                off = book.evaluate(sheet, cell.formula) - cell.value
                assert abs(off) <= abs(cell.value) * Decimal("1e-13"), f"{sheet}!{address}"


def test_nothing_differs_from_its_mart(book: Read) -> None:
    cells = book.sheets["Overview"]
    differences = {cells[f"A{address[1:]}"].value: cell.value for address, cell in cells.items() if cell.formula}
    assert len(differences) > 10
    assert set(differences.values()) == {Decimal(0)}


def test_there_is_a_tab_for_every_table_and_each_column_has_a_meaning(book: Read) -> None:
    assert list(book.sheets) == ["Overview", *(sheet.name for sheet in SHEETS), "Glossary"]
    assert not any(
        str(cell.value).startswith("Not published") for cells in book.sheets.values() for cell in cells.values()
    )
    assert [row["Column"] for row in book.rows("glossary") if not row["Meaning"]] == []


def test_paper_opens_alone_and_whole(published: Path, browser: Browser) -> None:
    with tab(browser, width=1009) as opened:
        page = opened.open(published / "pack" / "finance_pack.html")
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        text = page.inner_text("body")
        assert (opened.faults, opened.outside) == ([], [])
    assert "Simulated company" in text
    front = (published / "dashboard" / "index.html").read_text(encoding="utf-8")
    for figure in re.findall(r'class="value"[^>]*>.*?<b>([^<]+)</b>', front, re.S):
        assert figure in text


def test_paper_passes_the_accessibility_check(published: Path, browser: Browser) -> None:
    files = [published / "pack" / "finance_pack.html", *sorted((published / "evidence").glob("*.html"))]
    with tab(browser) as opened:
        for file in files:
            page = opened.open(file)
            prepare(page)
            assert violations(page, STANDARDS) == [], file.name


def test_page_to_sign_is_published_and_kept_with_the_evidence_it_names(demo_home: Path, published: Path) -> None:
    packs = sorted((published / "evidence").glob("*.json"))
    assert packs
    for pack in packs:
        page = pack.with_suffix(".html").read_text(encoding="utf-8")
        assert hashlib.sha256(pack.read_bytes()).hexdigest() in page
        kept = demo_home / "evidence" / pack.name
        assert kept.read_bytes() == pack.read_bytes()
        assert kept.with_suffix(".html").read_text(encoding="utf-8") == page
