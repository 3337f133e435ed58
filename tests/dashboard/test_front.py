"""The front page of a made-up company whose fiscal months are no calendar months; every expected figure is worked out by hand.

The fiscal month P10 runs from 27 September to 24 October 2026 and the fiscal year from 30 August; the as-of day is 21 October.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard.figures import Figure, Note, Page, Table
from dashboard.fiscal import read_period
from dashboard.pages import PAGES
from dashboard.pages.front import front
from dashboard.pages.risks import risks
from tests.dashboard.published_rows import publication

AS_OF = date(2026, 10, 21)
DAYS = [date(2026, 8, 30) + timedelta(days=at) for at in range(84)]


def _period(day: date) -> str:
    return "P09" if day < date(2026, 9, 27) else "P10" if day <= date(2026, 10, 24) else "P11"


def _cost(
    day: date, amount: str, initiative: str | None, department: str | None, budget_class: str | None
) -> dict[str, Any]:
    return {
        "cost_date": day,
        "allocated_cost": Decimal(amount),
        "initiative_id": initiative,
        "department_id": department,
        "budget_class": budget_class,
        "reporting_currency": "EUR",
    }


def _margin(product: str, revenue: str | None, ai: str, profit: str | None, **more: Any) -> dict[str, Any]:
    return {
        "fiscal_period": "P10",
        "product_id": product,
        "revenue": revenue,
        "ai_cogs": ai,
        "other_cogs": 10,
        "compared_revenue": revenue,
        "compared_ai_cogs": ai,
        "compared_other_cogs": 10,
        "gross_profit": profit,
        **more,
    }


ROWS: dict[str, list[dict[str, Any]]] = {
    "dim_dates": [{"calendar_date": day, "fiscal_period": _period(day), "fiscal_year": 2027} for day in DAYS],
    "dim_departments": [{"department_id": "lab", "name": "Laboratory", "is_current": True}],
    "dim_products": [
        {"product_id": "one", "name": "Product One", "is_current": True},
        {"product_id": "two", "name": "Product Two", "is_current": True},
        {"product_id": "three", "name": "Product Three", "is_current": True},
    ],
    "dim_initiatives": [
        {"initiative_id": "a", "name": "Alpha", "department_id": "lab", "product_id": "one", "is_current": True},
        {"initiative_id": "b", "name": "Beta", "department_id": "lab", "is_current": True},
    ],
    "fct_allocated_costs": [
        _cost(date(2026, 9, 26), "100", "a", "lab", "core"),
        _cost(date(2026, 9, 27), "40.000000000001", "a", "lab", "core"),
        _cost(date(2026, 10, 1), "20", "b", "lab", "experimentation"),
        _cost(date(2026, 10, 21), "5.004", None, None, None),
        _cost(date(2026, 10, 22), "999", "a", "lab", "core"),
    ],
    "budget_status_by_department_month": [
        {
            "fiscal_period": "P10",
            "department_id": "lab",
            "budget_class": "core",
            "budget_amount": 200,
            "allowance_amount": 30,
            "budget_basis": "flexible",
            "spent_amount": "40.000000000001",
            "remaining_amount": "-10.000000000001",
            "burn_ratio": 1.3,
            "status": "over_budget",
        },
        {
            "fiscal_period": "P09",
            "department_id": "lab",
            "budget_class": "core",
            "budget_amount": 150,
            "allowance_amount": 150,
            "budget_basis": "budget",
            "spent_amount": 100,
            "status": "ok",
        },
    ],
    "month_end_projection": [
        {
            "as_of_date": AS_OF,
            "entity_type": "company",
            "entity_id": "acme",
            "projected_amount": "72.5",
            "projected_low": "70",
            "projected_high": "75.25",
            "days_left": 3,
        }
    ],
    "gross_margin_by_product_month": [
        _margin("one", "100", "30", "60", gross_margin_ratio=0.6, target_gross_margin_ratio=0.7, is_below_target=True),
        _margin(
            "two", "300", "50", "240", gross_margin_ratio=0.8, target_gross_margin_ratio=0.7, is_below_target=False
        ),
        _margin("three", None, "7", None, gross_margin_null_reason="revenue_not_reported"),
    ],
    "budget_variance_by_initiative_month": [
        {"fiscal_period": "P10", "initiative_id": "a", "comparison": "prior_month", "component": name, "amount": amount}
        for name, amount in (("days", "-11"), ("volume", "-9"), ("price", "-40"), ("mix", "0"))
    ],
    "reconciliation_by_provider_month": [
        {"fiscal_period": "P10", "provider": "openai", "bridge_line": line, "amount": amount}
        for line, amount in (
            ("billed_cost", "65.004"),
            ("residual", "-0.2"),
            ("metering_residual", "0.1"),
            ("unposted_accrual", "-65.004"),
        )
    ],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with publication(tmp_path_factory.mktemp("published"), AS_OF, ROWS) as (opened, drawer):
        yield front(opened, drawer)


def figures(page: Page) -> dict[str, Figure]:
    return {one.label: one for section in page.sections for one in section.blocks if isinstance(one, Figure)}


def table(page: Page, name: str) -> Table:
    (found,) = [one for one in page.tables if one.id == name]
    return found


def test_the_open_month_is_marked_with_the_companys_own_calendar(page: Page) -> None:
    assert page.asks.endswith("Month P10: to date, 25 of 28 days.")


def test_an_estimate_of_other_cost_is_marked_and_every_row_adds_up(tmp_path: Path) -> None:
    """Of 9 days: 89,684 - 443.18 - 20,322.58 = 68,918.24; 63,000 of other cost is posted, so far, and an estimate used."""
    parts = {"compared_ai_cogs": "443.18", "compared_other_cogs": "20322.58", "days_compared": 9}
    ledger = {
        "other_cogs_basis": "estimated",
        "posted_other_cogs": 63000,
        "posted_revenue": 257112,
        "revenue_basis": "inferred",
    }
    known = _margin("one", "89684", "1244.71", "68918.24", is_below_target=False, target_gross_margin_ratio=0.7)
    lost = _margin("two", None, "3", None, gross_margin_null_reason="revenue_not_reported", posted_revenue=400)
    rows = {**ROWS, "gross_margin_by_product_month": [{**known, **parts, **ledger}, lost]}
    with publication(tmp_path, AS_OF, rows) as (opened, drawer):
        page = front(opened, drawer)
    shown = table(page, "margins")
    values = {column.label: row[column.name] for column in shown.columns for row in shown.rows}
    assert values["Revenue"] - values["AI cost"] - values["Other cost"] == values["Gross profit"] == Decimal("68918.24")
    assert "other cost is estimated" in figures(page)["Gross margin"].says
    told = [block.text for section in page.sections for block in section.blocks if isinstance(block, Note)]
    assert "Product One: revenue and cost of the 9 of 25 days whose revenue is known." in told
    assert any(text.startswith("Other cost of Product One is estimated by") and "63,000.00" in text for text in told)
    assert any(text.startswith("Revenue of Product One: spread over the months") for text in told)
    assert any(text.startswith("Product Two: 400.00 of revenue is posted in the ledger") for text in told)


def test_spend_that_nobody_funded_is_no_spend_over_a_budget(tmp_path: Path) -> None:
    """90 of 100 funded, and 50 of a class that has no budget: within what is allowed, and no risk."""
    funded = {
        "fiscal_period": "P10",
        "department_id": "lab",
        "budget_class": "core",
        "budget_amount": 100,
        "allowance_amount": 100,
        "budget_basis": "fixed",
        "spent_amount": 90,
        "status": "alert_80",
    }
    unfunded = {
        **funded,
        "budget_class": "experimentation",
        "budget_amount": 0,
        "allowance_amount": None,
        "budget_basis": "budget",
        "spent_amount": 50,
        "status": "no_budget",
    }
    rows = {**ROWS, "budget_status_by_department_month": [funded, unfunded]}
    with publication(tmp_path, AS_OF, rows) as (opened, drawer):
        page = front(opened, drawer)
    spend = figures(page)["Spend, month to date"]
    assert (spend.verdict, spend.says) == ("good", "25 of 28 days; 100.00 budgeted")
    names = [row["budget"] for row in table(page, "budgets").rows]
    assert "Laboratory, experimentation: no budget" in names
    told = [row["what"] for row in table(page, "risks").rows if "budget" in row["what"]]
    assert told == ["Core budget nearly used up"]


def test_spend_is_of_the_fiscal_month_up_to_the_as_of_day_with_what_has_no_budget(page: Page) -> None:
    spend = figures(page)["Spend, month to date"]
    assert spend.value == Decimal("65.004000000001")
    assert spend.value == table(page, spend.rows or "").total(spend.total or "")
    assert spend.verdict == "bad"
    assert spend.says == "25 of 28 days; 200.00 budgeted"
    assert [(row["budget"], row["spent_amount"]) for row in table(page, "budgets").rows] == [
        ("Laboratory, core", Decimal("40.000000000001")),
        ("Laboratory, experimentation: no budget", Decimal(20)),
        ("No department, no budget", Decimal("5.004")),
    ]


def test_year_to_date_begins_with_the_fiscal_year(page: Page) -> None:
    year = figures(page)["Year to date"]
    assert year.value == Decimal("165.004000000001")
    assert year.value == table(page, year.rows or "").total(year.total or "")
    assert year.says == "since 2026-08-30; 350.00 budgeted"
    assert [(row["period"], row["budgeted"]) for row in table(page, "months").rows] == [("P10", 200), ("P09", 150)]


def test_month_end_is_what_the_mart_says(page: Page) -> None:
    projected = figures(page)["Month end, projected"]
    assert projected.value == Decimal("72.5")
    assert (projected.says, projected.verdict) == ("70.00 to 75.25, within budget", "good")


@pytest.mark.parametrize(("least", "verdict", "above"), [("200.00", "watch", ""), ("200.01", "bad", ", above budget")])
def test_a_month_with_missing_days_has_no_upper_end_and_is_on_no_budget(
    tmp_path: Path, least: str, verdict: str, above: str
) -> None:
    (ends,) = ROWS["month_end_projection"]
    lacking = {**ends, "projected_amount": "210", "projected_low": least, "projected_high": None, "days_missing": 2}
    with publication(tmp_path, AS_OF, {**ROWS, "month_end_projection": [lacking]}) as (opened, drawer):
        projected = figures(front(opened, drawer))["Month end, projected"]
    assert (projected.value, projected.verdict) == (Decimal(210), verdict)
    assert projected.says == f"at least {least}{above}; cost of 2 days is missing and comes on top"


def test_margin_is_of_known_products_and_names_the_one_left_out(page: Page) -> None:
    """(60 + 240) / (100 + 300); product three has a cost of 7 and no revenue reported yet."""
    margin = figures(page)["Gross margin"]
    assert margin.value == 0.75
    assert margin.verdict == "bad"
    assert margin.says == "below target: Product One; left out: Product Three"
    assert table(page, "margins").total("gross_profit") == 300
    notes = [one.text for section in page.sections for one in section.blocks if isinstance(one, Note)]
    (left_out,) = [text for text in notes if text.startswith("Left out")]
    assert left_out.startswith("Left out: Product Three, because ")
    assert "revenue_not_reported" not in left_out
    assert left_out.endswith("; its AI cost is 7.00.")


@pytest.mark.parametrize("make", [one for one in PAGES if one.__name__ in ("front", "margin")])
def test_a_product_with_a_loss_and_no_revenue_is_not_on_its_target(make: Any, tmp_path: Path) -> None:
    """One product is on its target; the other cost 60, sold nothing, and so has no margin to compare."""
    well = _margin(
        "one", "100", "10", "80", gross_margin_ratio=0.8, target_gross_margin_ratio=0.7, is_below_target=False
    )
    lost = _margin("two", "0", "50", "-60", target_gross_margin_ratio=0.7, gross_margin_null_reason="no_revenue")
    rows = {name: ROWS[name] for name in ("dim_dates", "dim_products")}
    with publication(tmp_path, AS_OF, {**rows, "gross_margin_by_product_month": [well, lost]}) as (opened, drawer):
        margin = figures(make(opened, drawer))["Gross margin"]
    assert (margin.value, margin.verdict) == (0.2, "watch")
    assert margin.says == "not known to be on target: Product Two"


def test_a_margin_of_few_days_that_all_cost_would_miss_is_not_good(tmp_path: Path) -> None:
    """0.95 of 15 days against 0.6, and nobody knows what the days after will bring: no good margin, and what to do is told."""
    early = _margin("one", "3000", "150", "2850", gross_margin_ratio=0.95, target_gross_margin_ratio=0.6)
    rows = {name: ROWS[name] for name in ("dim_dates", "dim_products")}
    with publication(tmp_path, AS_OF, {**rows, "gross_margin_by_product_month": [early]}) as (opened, drawer):
        page = front(opened, drawer)
    assert figures(page)["Gross margin"].verdict == "watch"
    assert figures(page)["Gross margin"].says == "not known to be on target: Product One"
    told = [block.text for section in page.sections for block in section.blocks if isinstance(block, Note)]
    assert any(text.startswith("Product One: on target by the days whose revenue is known, not by") for text in told)


@pytest.mark.parametrize("make", [one for one in PAGES if one.__name__ in ("front", "margin")])
@pytest.mark.parametrize(
    ("unowned", "verdict", "says"),
    [("2", "good", ""), ("2.01", "watch", "; without 2.01 of 20.01 spent, which has no owner")],
)
def test_a_margin_is_not_good_where_cost_without_an_owner_is_above_the_policys_tenth(
    make: Any, unowned: str, verdict: str, says: str, tmp_path: Path
) -> None:
    well = _margin(
        "one", "100", "10", "80", gross_margin_ratio=0.8, target_gross_margin_ratio=0.7, is_below_target=False
    )
    costs = [
        _cost(AS_OF, "18", "a", "lab", "core") | {"allocation_method": "direct"},
        _cost(AS_OF, unowned, None, None, None) | {"allocation_method": "unallocated"},
        _cost(date(2026, 9, 1), "99", None, None, None) | {"allocation_method": "unallocated"},
    ]
    rows = {name: ROWS[name] for name in ("dim_dates", "dim_products")}
    rows |= {"gross_margin_by_product_month": [well], "fct_allocated_costs": costs}
    with publication(tmp_path, AS_OF, rows) as (opened, drawer):
        margin = figures(make(opened, drawer))["Gross margin"]
        told = [row for row in table(front(opened, drawer), "risks").rows if row["what"] == "Cost without an owner"]
    assert (margin.verdict, margin.says) == (verdict, f"target 70.0 %{says}")
    assert [row["amount"] for row in told] == ([Decimal("2.01")] if says else [])


@pytest.mark.parametrize("make", [one for one in PAGES if one.__name__ in ("front", "margin")])
@pytest.mark.parametrize("is_billed", [False, True])
def test_a_margin_is_not_good_where_usage_has_neither_a_price_nor_a_bill(
    make: Any, is_billed: bool, tmp_path: Path
) -> None:
    well = _margin(
        "one", "100", "10", "80", gross_margin_ratio=0.8, target_gross_margin_ratio=0.7, is_below_target=False
    )
    used = {
        "is_counted": True,
        "usage_date": AS_OF,
        "pricing_status": "unpriced",
        "provider": "mistral",
        "unit": "tokens",
    }
    line = {"provider": "mistral", "bridge_line": "unpriced_usage", "amount": 4 if is_billed else 0}
    rows = {name: ROWS[name] for name in ("dim_dates", "dim_products")}
    rows |= {
        "gross_margin_by_product_month": [well],
        "fct_usage": [used | {"model_id": "m", "token_class": "output", "quantity": 5}],
        "reconciliation_by_provider_month": [line | {"fiscal_period": "P10"}],
    }
    with publication(tmp_path, AS_OF, rows) as (opened, drawer):
        margin = figures(make(opened, drawer))["Gross margin"]
    says = "" if is_billed else "; without usage of mistral that has neither price nor bill"
    assert (margin.verdict, margin.says) == ("good" if is_billed else "watch", f"target 70.0 %{says}")


def test_days_that_a_source_lacks_are_at_risk_and_keep_the_month_from_tying_out(tmp_path: Path) -> None:
    """Two days of the bill are missing in the period, one in the month before, one long ago; a last day is not whole yet."""
    gaps = [
        {
            "source": "focus_files",
            "provider": "aws",
            "status": status,
            "first_date": first,
            "last_date": last,
            "days": days,
        }
        for status, first, last, days in (
            ("missing", date(2026, 10, 13), date(2026, 10, 14), 2),
            ("missing", date(2026, 9, 3), date(2026, 9, 3), 1),
            ("missing", date(2026, 8, 31), date(2026, 8, 31), 1),
            ("incomplete", AS_OF, AS_OF, 1),
        )
    ]
    rows = {name: ROWS[name] for name in ("dim_dates", "reconciliation_by_provider_month")}
    budget = {"fiscal_period": "P10", "department_id": "lab", "budget_class": "core", "spent_amount": 4, "status": "ok"}
    rows["budget_status_by_department_month"] = [budget | {"budget_amount": 9, "allowance_amount": 8}]
    verdicts = []
    for some in ([], gaps):
        with publication(tmp_path / str(len(some)), AS_OF, {**rows, "source_day_gaps": some}) as (opened, drawer):
            made = front(opened, drawer)
        spent = figures(made)["Spend, month to date"]
        verdicts.append((spent.verdict, spent.says))
    assert verdicts == [
        ("good", "25 of 28 days; 9.00 budgeted"),
        ("watch", "25 of 28 days; 2 days of a source missing; 9.00 budgeted"),
    ]
    tied = figures(made)["Not tied out"]
    assert tied.verdict == "watch"
    assert tied.says == "of 65.00 billed; 65.00 not posted yet; 2 days of a source missing"
    missing = [row["why"] for row in table(made, "risks").rows if row["what"] == "Days missing"]
    assert missing == [
        "1 day without data, 2026-09-03: their cost is in no figure",
        "2 days without data, 2026-10-13 to 2026-10-14: their cost is in no figure",
    ]


def test_a_runaway_loop_is_at_risk_in_its_month_and_while_it_goes_on(tmp_path: Path) -> None:
    """The last of them was over before the fiscal month began."""
    moments = (
        ("key_a", "steady_hammer", "2026-08-12 23:30:00+00", None, "3"),
        ("key_b", "slow_drip", "2026-10-11 22:00:00+00", "2026-10-12 05:00:00+00", "9.50"),
        ("key_c", "velocity", "2026-09-26 12:00:00+00", "2026-09-26 13:00:00+00", "99"),
    )
    incidents = [
        {
            "entity": f"key:{key}",
            "kind": kind,
            "started_at": began,
            "ended_at": ended,
            "incident_cost": Decimal(cost),
            "cost_per_hour": Decimal("12.25"),
        }
        for key, kind, began, ended, cost in moments
    ]
    rows = {"dim_dates": ROWS["dim_dates"], "incidents": incidents}
    with publication(tmp_path, AS_OF, rows) as (opened, drawer):
        told = table(front(opened, drawer), "risks").rows
    assert [(row["verdict"], row["what"], row["who"], row["amount"], row["why"]) for row in told] == [
        (
            "bad",
            "Runaway loop",
            "key key_a",
            Decimal(3),
            "the same request again and again, since 2026-08-12 23:30 UTC: 12.25 more an hour while it goes on",
        ),
        (
            "watch",
            "Slow drip",
            "key key_b",
            Decimal("9.50"),
            "a small extra cost around the clock, since 2026-10-11 22:00 UTC, over; the amount is beyond the usual",
        ),
    ]


def test_movers_are_ranked_apart_from_the_number_of_days_and_say_why(page: Page) -> None:
    """Alpha fell from 100 to 40, of which 11 for fewer days; Beta is new; 5.004 belong to nobody."""
    rows = table(page, "movers").rows
    assert [(row["initiative"], row["change"], row["like_for_like"]) for row in rows] == [
        ("Alpha", Decimal("-59.999999999999"), Decimal("-48.999999999999")),
        ("Beta", Decimal(20), Decimal(20)),
        ("no initiative", Decimal("5.004"), Decimal("5.004")),
    ]
    assert rows[0]["why"] == "price per token -40.00; units of work -9.00"
    assert rows[1]["why"] == "new this month"


def test_a_change_that_nothing_splits_into_days_is_not_called_one_of_the_same_days(tmp_path: Path) -> None:
    """30 in a whole month before, 28 in the part of this one: whether a day became dearer is not known."""
    costs = [_cost(date(2026, 9, 26), "30", None, None, None), _cost(date(2026, 10, 1), "28", None, None, None)]
    rows = {"dim_dates": ROWS["dim_dates"], "fct_allocated_costs": costs}
    with publication(tmp_path, AS_OF, rows) as (opened, drawer):
        (mover,) = table(front(opened, drawer), "movers").rows
    assert (mover["change"], mover["like_for_like"]) == (Decimal(-2), None)
    assert mover["why"] == "no units of work to explain it by"


def test_what_is_not_tied_out_is_judged_by_the_runs_own_alarm(page: Page) -> None:
    """0.2 and 0.1 of 65.004 are less than half a per cent, which is 0.325."""
    tied = figures(page)["Not tied out"]
    assert tied.value == Decimal("0.3")
    assert (tied.says, tied.verdict) == ("of 65.00 billed; 65.00 not posted yet", "good")


def test_usage_without_a_bill_is_not_called_billed(tmp_path: Path) -> None:
    line = {"fiscal_period": "P10", "provider": "mistral", "bridge_line": "billed_cost", "cost_basis": "metered"}
    rows = {"dim_dates": ROWS["dim_dates"], "reconciliation_by_provider_month": [{**line, "amount": 62}]}
    with publication(tmp_path, AS_OF, rows) as (opened, drawer):
        told = figures(front(opened, drawer))
    assert told["Not tied out"].says.startswith("of 62.00 billed, all of it metered, for want of a bill; ")
    assert told["Year to date"].says == "no cost yet; no budget is stated"


def test_risks_have_amounts_reasons_and_remedies(page: Page) -> None:
    """Core is 10 over its allowance; product one lacks 0.7 of 100 less 60."""
    rows = {row["what"]: row for row in table(page, "risks").rows}
    assert rows["Over its core budget"]["amount"] == Decimal("10.000000000001")
    assert rows["Below target margin"]["amount"] == 10
    assert rows["Below target margin"]["who"] == "Product One"
    assert all(row["why"] and row["remedy"] for row in rows.values())


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({}, "No budget, margin or usage is known that could be at risk."),
        (
            {"fct_usage": [{"is_counted": True, "usage_date": AS_OF, "pricing_status": "priced", "provider": "p"}]},
            "Nothing is at risk: nothing that was used lacks a price.",
        ),
        (
            {"gross_margin_by_product_month": [{"product_id": "a", "fiscal_period": "P10", "is_below_target": False}]},
            "Nothing is at risk: no margin is below its target.",
        ),
    ],
)
def test_what_is_not_known_is_not_said_to_be_without_risk(tmp_path: Path, rows: Any, says: str) -> None:
    calendar = [{"calendar_date": day, "fiscal_period": _period(day), "fiscal_year": 2027} for day in DAYS]
    with publication(tmp_path, AS_OF, {"dim_dates": calendar, **rows}) as (opened, _):
        assert risks(opened, read_period(opened)).empty == says


def test_an_unknown_run_rate_is_no_good_sign(page: Page) -> None:
    rate = figures(page)["Run-rate a month"]
    assert (rate.value, rate.verdict) == (None, "unknown")


@pytest.mark.parametrize("make", PAGES)
@pytest.mark.parametrize("tables", [[], None])
def test_without_rows_or_without_any_table_a_page_says_what_is_not_there(
    make: Any, tables: list[str] | None, tmp_path: Path
) -> None:
    with publication(tmp_path, AS_OF, {}, tables=tables) as (opened, drawer):
        made = make(opened, drawer)
    assert made.title
    for one in made.tables:
        assert not one.rows or one.id == "tables" or made.id == "tables"
        assert one.empty.endswith(".")
