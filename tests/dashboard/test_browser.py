"""The script of the pages in a real browser, on a publication of a few rows: what it opens with, filters, sums, drawings."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from dashboard.site import write_site
from tests.dashboard.chromium import PHONE, chromium, tab
from tests.dashboard.published_rows import write_publication

AS_OF = date(2026, 10, 21)
BUDGET = {
    "budget_class": "core",
    "budget_amount": 100,
    "allowance_amount": 50,
    "status": "ok",
    "budget_basis": "budget",
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "dim_dates": [
        {
            "calendar_date": date(2026, 8, 30) + timedelta(days=at),
            "fiscal_period": f"P{9 + at // 28:02}",
            "fiscal_year": 2027,
        }
        for at in range(84)
    ],
    "dim_departments": [
        {"department_id": f"d{at}", "name": f"Department {at}", "is_current": True} for at in range(1, 11)
    ],
    "dim_products": [{"product_id": "one", "name": "Product One", "is_current": True}],
    "fct_allocated_costs": [
        {
            "cost_date": AS_OF,
            "department_id": f"d{at}",
            "budget_class": "core",
            "allocated_cost": "0.001" if at == 1 else at,
            "reporting_currency": "EUR",
        }
        for at in range(1, 11)
    ],
    "budget_status_by_department_month": [
        {
            **BUDGET,
            "fiscal_period": "P10",
            "department_id": f"d{at}",
            "spent_amount": "0.001" if at == 1 else at,
            "remaining_amount": 1,
            "budget_amount": None if at == 10 else 100,
        }
        for at in range(1, 11)
    ],
    "gross_margin_by_product_month": [
        {
            "fiscal_period": period,
            "product_id": "one",
            "revenue": revenue,
            "ai_cogs": 10,
            "other_cogs": 10,
            "compared_revenue": revenue,
            "compared_ai_cogs": 10,
            "compared_other_cogs": 10,
            "gross_profit": revenue - 20,
            "gross_margin_ratio": 1 - 20 / revenue,
            "is_below_target": False,
        }
        for period, revenue in (("P10", 80), ("P09", 40))
    ],
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    write_site(folder, write_publication(folder, AS_OF, ROWS), kept_charts=folder / "charts")
    return folder / "dashboard"


def figure(page: Page, label: str) -> str:
    return page.locator(".figure", has_text=label).first.locator(".value b").inner_text()


def drawings(page: Page) -> list[str]:
    return [one.locator("figcaption").inner_text().strip() for one in page.locator(".chart:visible").all()]


def test_a_page_opens_at_the_fiscal_month_and_its_figures_follow_the_filters(browser: Browser, site: Path) -> None:
    """Of P10 60 of 80 are left, of P09 20 of 40, of both 80 of 120."""
    with tab(browser) as opened:
        page = opened.open(site / "margin.html")
        assert page.locator("#showing").inner_text() == "Shown: period P10; amounts in EUR."
        assert (figure(page, "Gross profit"), figure(page, "Gross margin")) == ("60.00", "75.0 %")
        assert drawings(page) == ["Month P10"]
        page.locator("select[name=period]").select_option("P09")
        assert page.url.endswith("#period=P09")
        assert (figure(page, "Gross profit"), figure(page, "Gross margin")) == ("20.00", "50.0 %")
        assert drawings(page) == ["Month P09"]
        page.locator("select[name=period]").select_option("")
        assert (figure(page, "Gross profit"), figure(page, "Gross margin")) == ("80.00", "66.7 %")
        assert page.locator(".chart .drawing:visible").count() == 0
        page.locator("select[name=product]").select_option("one")
        page.locator("select[name=period]").select_option("P10")
        assert page.locator("#showing").inner_text() == "Shown: period P10; product Product One; amounts in EUR."
        assert drawings(page) == ["Product One, month P10"]
        page.get_by_role("button", name="Clear filters").click()
        assert "#" not in page.url
        assert drawings(page) == ["Month P10"]
        assert opened.faults == []


def test_long_tables_show_the_first_rows_and_sum_all(browser: Browser, site: Path) -> None:
    """2 to 10 are 54, and a thousandth."""
    with tab(browser) as opened:
        page = opened.open(site / "index.html")
        rows = page.locator("table[data-name=budgets] tbody tr:visible")
        total = page.locator("table[data-name=budgets] [data-sum=spent_amount]")
        assert rows.count() == 8
        assert total.inner_text() == "54.00"
        page.get_by_role("button", name="Show all 10").click()
        assert rows.count() == 10
        assert total.inner_text() == "54.00"


def test_a_filter_is_named_in_words_and_says_what_does_not_follow_it(browser: Browser, site: Path) -> None:
    with tab(browser) as opened:
        page = opened.open(site / "index.html", "#department=d1")
        assert page.locator("select[name=department] option").all_inner_texts() == [
            "all",
            *sorted(f"Department {at}" for at in range(1, 11)),
        ]
        assert page.locator("#showing").inner_text() == "Shown: department Department 1; amounts in EUR."
        assert figure(page, "Spend, month to date") == "<0.01"
        assert page.locator("table[data-name=budgets] [data-sum=spent_amount]").inner_text() == "<0.01"
        margin = page.locator(".figure", has_text="Gross margin")
        assert margin.locator(".scope").inner_text() == "not filtered by department"
        assert page.locator("table[data-name=budgets] tbody tr:visible").count() == 1


def test_rows_and_drawings_say_which_filter_they_do_not_follow(browser: Browser, site: Path) -> None:
    """The months of the overview are of everything; margins know no department."""
    with tab(browser) as opened:
        page = opened.open(site / "index.html", "#department=d1")
        assert page.locator("#months > .scope").inner_text() == "not filtered by department"
        assert page.locator("#budgets > .scope").is_hidden()
        page = opened.open(site / "margin.html", "#department=d1")
        for block in ("#margin_by_product", ".chart:visible"):
            assert page.locator(f"{block} > .scope").inner_text() == "not filtered by department"
        page = opened.open(site / "margin.html")
        assert page.locator(".scope:visible").count() == 0


def test_a_figure_of_rows_that_know_nothing_is_no_zero(browser: Browser, site: Path) -> None:
    """What is left is known of every department in P10, and of the tenth nothing is budgeted."""
    with tab(browser) as opened:
        page = opened.open(site / "budgets.html", "#department=d10")
        assert figure(page, "Spent") == "10.00"
        assert figure(page, "Budgeted") == "–"
        assert opened.faults == []


def test_a_department_may_be_called_like_a_part_of_the_language(browser: Browser, tmp_path: Path) -> None:
    costs = [{**ROWS["fct_allocated_costs"][0], "department_id": name} for name in ("constructor", "__proto__", "all")]
    rows = {**ROWS, "fct_allocated_costs": costs, "budget_status_by_department_month": []}
    write_site(tmp_path, write_publication(tmp_path, AS_OF, rows), kept_charts=tmp_path / "charts")
    with tab(browser) as opened:
        page = opened.open(tmp_path / "dashboard" / "index.html", "#department=constructor")
        assert page.locator("#showing").inner_text() == "Shown: department constructor; amounts in EUR."
        assert opened.faults == []


def test_where_nothing_was_drawn_for_a_filter_the_rows_stand_in(browser: Browser, site: Path) -> None:
    with tab(browser) as opened:
        page = opened.open(site / "budgets.html", "#department=d1")
        assert not page.locator(".chart .drawing:visible").count()
        assert (
            page.locator(".unfiltered:visible").inner_text()
            == "No drawing for these filters: the rows below follow them."
        )


def test_the_overview_prints_on_one_sheet(browser: Browser, site: Path, tmp_path: Path) -> None:
    with tab(browser) as opened:
        page = opened.open(site / "index.html")
        printed = page.pdf(path=tmp_path / "overview.pdf", prefer_css_page_size=True)
        assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 1
        page.emulate_media(media="print")
        assert page.locator("#showing").is_visible()
        assert not page.locator("select[name=department]").is_visible()


def test_keyboard_focus_is_seen_and_nothing_sticks_over_it(browser: Browser, site: Path) -> None:
    with tab(browser, PHONE) as opened:
        page = opened.open(site / "margin.html")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert page.evaluate("getComputedStyle(document.getElementById('filters')).position") == "static"
