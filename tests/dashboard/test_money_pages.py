"""Margin, run-rate and budgets of a made-up company, with every expected figure worked out by hand."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard.figures import Chart, Figure, Note, Page, Table
from dashboard.pages.budgets import budgets
from dashboard.pages.front import front
from dashboard.pages.margin import margin
from dashboard.pages.run_rate import run_rate
from tests.dashboard.published_rows import Rows, publication

AS_OF = date(2026, 10, 21)
CALENDAR = [
    {
        "calendar_date": date(2026, 8, 30) + timedelta(days=at),
        "fiscal_period": f"P{9 + at // 28:02}",
        "fiscal_year": 2027,
    }
    for at in range(84)
]
"""Months of four weeks: P10 is 27 September to 24 October."""
NAMES: dict[str, list[dict[str, Any]]] = {
    "dim_dates": CALENDAR,
    "dim_departments": [{"department_id": "lab", "name": "Laboratory", "is_current": True}],
    "dim_products": [
        {"product_id": name, "name": f"Product {name}", "is_current": True} for name in ("one", "two", "three")
    ],
    "dim_initiatives": [{"initiative_id": "a", "name": "Alpha", "department_id": "lab", "is_current": True}],
}


def made(make: Any, folder: Path, rows: Rows) -> Page:
    with publication(folder, AS_OF, {**NAMES, **rows}) as (opened, drawer):
        page: Page = make(opened, drawer)
    return page


def blocks(page: Page, kind: type) -> list[Any]:
    return [one for section in page.sections for one in section.blocks if isinstance(one, kind)]


def table(page: Page, name: str) -> Table:
    (found,) = [one for one in page.tables if one.id == name]
    return found


def _product(period: str, product: str, revenue: int | None, profit: int | None, **more: Any) -> dict[str, Any]:
    known = {} if profit is None else {"compared_revenue": revenue, "compared_ai_cogs": 20, "compared_other_cogs": 10}
    terms = {"ai_cogs": 25, "other_cogs": 15, "margin_basis": "product", "other_cogs_basis": "posted", **known}
    return {"fiscal_period": period, "product_id": product, "revenue": revenue, "gross_profit": profit, **terms, **more}


@pytest.fixture
def margins(tmp_path: Path) -> Page:
    rows = [
        _product("P10", "one", 100, 70, gross_margin_ratio=0.7),
        _product("P10", "two", 200, 170, gross_margin_ratio=0.85),
        _product("P10", "three", None, None, gross_margin_null_reason="revenue_not_reported"),
        _product("P09", "one", 90, 60, gross_margin_ratio=2 / 3),
        _product("P11", "one", 1, 1, gross_margin_ratio=1.0),
    ]
    customers = [
        {
            "fiscal_period": "P10",
            "customer_id": "(unattributed)",
            "revenue": 0,
            "ai_cogs": 40,
            "other_cogs": 20,
            "gross_profit": -60,
        }
    ]
    return made(margin, tmp_path, {"gross_margin_by_product_month": rows, "gross_margin_by_customer_month": customers})


def test_the_terms_of_the_margin_are_the_rows_of_the_open_month(margins: Page) -> None:
    """Revenue 300, AI cost 40, other cost 20, gross profit 240: 80 % and 13.3 % for AI; product three is in none of them."""
    values = {one.label: one.value for one in blocks(margins, Figure)}
    assert values == {
        "Revenue": 300,
        "AI cost of goods sold": 40,
        "Other cost of goods sold": 20,
        "Gross profit": 240,
        "Gross margin": 0.8,
        "AI cost of revenue": pytest.approx(40 / 300),
    }
    by_product = table(margins, "margin_by_product")
    assert margins.opens_with == {"period": "P10"}
    for one in blocks(margins, Figure):
        total = by_product.total(one.total, margins.opens_with)
        assert one.value == (total if one.over is None else pytest.approx(float(total / 300)))
    assert {row["fiscal_period"] for row in by_product.rows} == {"P10", "P09"}


def test_a_product_without_a_margin_is_named_with_its_reason_in_words(margins: Page) -> None:
    (row,) = table(margins, "margin_left_out").rows
    assert row["product"] == "Product three"
    assert row["because"]
    assert "_" not in row["because"]


@pytest.mark.parametrize(
    ("more", "verdict", "says"),
    [
        ([], "good", "target 60.0 %"),
        (
            [_product("P10", "two", None, None, gross_margin_null_reason="revenue_not_reported")],
            "watch",
            "target 60.0 %; left out: Product two",
        ),
        (
            [_product("P10", "two", 100, 40, target_gross_margin_ratio=0.6, is_below_target=True)],
            "bad",
            "below target: Product two",
        ),
    ],
)
def test_a_margin_is_good_only_where_no_product_is_left_out(
    tmp_path: Path, more: list[dict[str, Any]], verdict: str, says: str
) -> None:
    """On the margin page as on the front page."""
    well = _product("P10", "one", 100, 70, target_gross_margin_ratio=0.6, is_below_target=False)
    rows: Rows = {"gross_margin_by_product_month": [well, *more]}
    for make in (margin, front):
        (told,) = [
            one for one in blocks(made(make, tmp_path / make.__name__, rows), Figure) if one.label == "Gross margin"
        ]
        assert (told.verdict, told.says) == (verdict, says)


def test_other_cost_that_names_no_product_is_told_and_no_margin_is_good(tmp_path: Path) -> None:
    """Hosting of 1,234.50 posted in the month without a product; a line with one, of another role or month is none of it."""
    line = {"account_role": "other_cost_of_goods_sold", "fiscal_period": "P10", "posting_date": date(2026, 10, 5)}
    rows: Rows = {
        "gross_margin_by_product_month": [
            _product("P10", "one", 100, 70, target_gross_margin_ratio=0.6, is_below_target=False)
        ],
        "fct_ledger_entries": [
            {**line, "net_amount": Decimal("1234.5")},
            {**line, "net_amount": 7, "product_id": "one"},
            {**line, "net_amount": 11, "account_role": "revenue"},
            {**line, "net_amount": 13, "posting_date": date(2026, 9, 20), "fiscal_period": "P09"},
        ],
    }
    for make in (margin, front):
        (told,) = [
            one for one in blocks(made(make, tmp_path / make.__name__, rows), Figure) if one.label == "Gross margin"
        ]
        assert (told.verdict, told.says) == (
            "watch",
            "target 60.0 %; without 1,234.50 of other cost that names no product",
        )


def test_cost_of_no_customer_is_told(margins: Page) -> None:
    (note,) = [one.text for one in blocks(margins, Note)]
    assert note == "60.00 of the cost of month P10 belongs to no customer: margins of customers are before it."


def test_each_month_and_product_has_a_waterfall_of_its_own(margins: Page) -> None:
    drawn = {tuple(sorted(one.shows.items())): one for one in blocks(margins, Chart)}
    assert set(drawn) == {
        (),
        (("product", "one"),),
        (("product", "two"),),
        (("period", "P09"),),
        (("period", "P09"), ("product", "one")),
    }
    assert drawn[()].alt == "Month P10: revenue 300.00 less AI cost 40.00 and other cost 20.00 leaves 240.00."
    for text in ("300.00", "-40.00", "-20.00", "240.00"):
        assert f">{text}<" in drawn[()].svg


def test_forecasts_say_how_good_such_forecasts_were(tmp_path: Path) -> None:
    day = {"as_of_date": AS_OF, "reporting_currency": "EUR"}
    forecast = {**day, "entity_type": "company", "entity_id": "acme", "method": "bottom_up", "windows": 50}
    days = [
        {**day, "as_of_date": AS_OF - timedelta(days=at), "company_id": "acme", "daily_allocated_cost": 2,
         "run_rate_monthly": 60, "run_rate_low": 50, "run_rate_high": 70, "run_rate_annual": 730,
         "stability_status": "insufficient", "stability_reasons": "missing_days,short_history"}
        for at in range(3)
    ]  # fmt: skip
    page = made(
        run_rate,
        tmp_path,
        {
            "run_rate_by_company_day": days,
            "forecast_by_horizon": [
                {**forecast, "horizon_days": 30, "forecast": 60, "forecast_low": 50, "forecast_high": 70,
                 "error_ratio": 0.9, "coverage_ratio": 0.54},
                {**forecast, "horizon_days": 60, "forecast": 9, "forecast_low": 0, "forecast_high": 9, "coverage_ratio": 1},
                {**forecast, "horizon_days": 90, "forecast": 180, "forecast_low": 100, "forecast_high": 260},
            ],
        },
    )  # fmt: skip
    soon, alone, later = table(page, "forecasts").rows
    assert (soon["good"], soon["verdict"]) == (
        "better than repeating last week; held 54.0 % of 50 past days: too narrow",
        "watch",
    )
    never_off = "not to be compared with repeating last week, which was never off"
    assert (alone["good"], alone["verdict"]) == (f"{never_off}; held 100.0 % of 50 past days", "none")
    assert (later["good"], later["verdict"]) == ("none has come to its end yet", "none")
    assert table(page, "run_rates").rows[0]["stability"].startswith("not known whether stable: ")
    _, fan = blocks(page, Chart)
    assert fan.alt == "the company cost 6.00 in 3 days; the next 90 days are forecast to cost 180.00, 100.00 to 260.00."
    for text in ("186.00", "106.00", "266.00"):
        assert f">{text}<" in fan.svg


def test_a_departments_own_pages_take_the_department_for_the_whole(tmp_path: Path) -> None:
    day = {"as_of_date": AS_OF, "department_id": "lab", "stability_status": "stable", "run_rate_annual": 365}
    rates = [{**day, "run_rate_monthly": 30, "run_rate_low": 25, "run_rate_high": 35}]
    ends = {"as_of_date": AS_OF, "entity_type": "department", "entity_id": "lab", "days_left": 3}
    rows = {
        **NAMES,
        "run_rate_by_department_day": rates,
        "month_end_projection": [{**ends, "projected_amount": 40, "projected_low": 38, "projected_high": 43}],
    }
    with publication(tmp_path, AS_OF, rows) as (opened, drawer):
        opened.provenance = replace(opened.provenance, department="lab")
        shown = {one.label: one.value for page in (front, run_rate) for one in blocks(page(opened, drawer), Figure)}
    assert (shown["Run-rate a month"], shown["A month"], shown["A year"], shown["Stable"]) == (30, 30, 365, "yes")
    assert shown["Month end, projected"] == 40


def test_what_is_left_of_an_allocation_stands_beside_its_plan(tmp_path: Path) -> None:
    """100 over ten days from 12 October; on the 15th four days are over, so that 60 would be left."""
    allocation = {
        "initiative_id": "a", "allocated_amount": 100, "starts_on": date(2026, 10, 12), "expires_on": date(2026, 10, 21),
        "status": "ok",
    }  # fmt: skip
    days = [
        {**allocation, "as_of_date": date(2026, 10, 15), "spent_amount": 30, "remaining_amount": 70},
        {**allocation, "as_of_date": AS_OF, "spent_amount": 85, "remaining_amount": 15, "status": "alert_80",
         "projected_exhaustion_date": AS_OF},
    ]  # fmt: skip
    page = made(budgets, tmp_path, {"budget_status_by_initiative": days})
    assert [row["plan"] for row in table(page, "allocation_days").rows] == [0, 60]
    (row,) = table(page, "allocations").rows
    assert (row["remaining_amount"], row["plan"], row["verdict"]) == (15, 0, "watch")
    whole, of_department = blocks(page, Chart)
    assert whole.title == "Left of all allocations: 15.00, by plan 0.00"
    assert of_department.shows == {"department": "lab"}


def test_balances_are_sums_of_movements_up_to_the_as_of_day(tmp_path: Path) -> None:
    def moved(day: date, account: str, amount: str, number: int) -> dict[str, Any]:
        return {
            "movement_id": f"m{day}", "posting_number": number, "effective_on": day, "kind": "fund", "account": account,
            "department_id": "lab", "amount": amount, "approver": "schedule",
        }  # fmt: skip

    rows = [
        moved(date(2026, 10, 1), "corporate", "-100.005", 1),
        moved(date(2026, 10, 1), "pool:experimentation:lab", "100.005", 2),
        moved(date(2026, 10, 22), "corporate", "-1", 1),
        moved(date(2026, 10, 22), "pool:experimentation:lab", "1", 2),
    ]
    page = made(budgets, tmp_path, {"fct_budget_movements": rows})
    assert [(row["name"], row["balance"]) for row in table(page, "balances").rows] == [
        ("Company", Decimal("-100.005")),
        ("Experimentation pool, Laboratory", Decimal("100.005")),
    ]
    assert table(page, "balances").total("balance") == 0
    assert table(page, "movements").total("amount") == 0


def test_budgets_open_at_the_fiscal_month_and_sum_to_its_figures(tmp_path: Path) -> None:
    rows = [
        {"fiscal_period": period, "department_id": "lab", "budget_class": "core", "budget_amount": budget,
         "allowance_amount": 90, "spent_amount": spent, "remaining_amount": 90 - spent, "budget_basis": "flexible",
         "status": "ok"}
        for period, budget, spent in (("P09", 100, 95), ("P10", 110, 50), ("P11", 120, 0))
    ]  # fmt: skip
    page = made(budgets, tmp_path, {"budget_status_by_department_month": rows})
    assert page.opens_with == {"period": "P10"}
    values = {one.label: (one.value, one.verdict) for one in blocks(page, Figure)}
    assert values == {"Budgeted": (110, "none"), "Allowed": (90, "none"), "Spent": (50, "none"), "Left": (40, "good")}
    assert [row["fiscal_period"] for row in table(page, "budget_months").rows] == ["P10", "P09"]


def test_spending_without_a_budget_is_not_over_one(tmp_path: Path) -> None:
    row = {"fiscal_period": "P10", "department_id": "lab", "budget_class": "core", "budget_basis": "budget"}
    amounts = {"budget_amount": 0, "allowance_amount": 0, "spent_amount": 50, "remaining_amount": -50}
    rows = [{**row, **amounts, "status": "no_budget"}]
    page = made(budgets, tmp_path, {"budget_status_by_department_month": rows})
    (left,) = [one for one in blocks(page, Figure) if one.label == "Left"]
    assert (left.value, left.verdict, left.says) == (-50, "unknown", "no budget is stated")
