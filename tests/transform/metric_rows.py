"""Rows of a small publication: two months, two departments, and whatever makes a metric that is summed wrongly show it."""

from datetime import date
from decimal import Decimal
from typing import Any

FOREVER = {"valid_from": date(1, 1, 1), "valid_to": date(9999, 12, 31), "is_current": True}


def cost(day: str, amount: str, department: str | None, **given: Any) -> dict[str, Any]:
    owned = {"allocation_method": "direct"} if department else {"allocation_method": "unallocated"}
    row = {
        "cost_date": day,
        "provider": "openai",
        "model_id": "sol",
        "product_id": "p1",
        "cost_class": "cost_of_goods_sold",
    }
    return row | {"department_id": department, "allocated_cost": Decimal(amount)} | owned | given


def used(token_class: str, quantity: int, **given: Any) -> dict[str, Any]:
    unit = "requests" if token_class == "request" else "tokens"
    requests = quantity if token_class == "request" else 0
    row = {"usage_date": "2026-09-03", "provider": "openai", "model_id": "sol", "is_counted": True, "unit": unit}
    return row | {"token_class": token_class, "quantity": quantity, "requests": requests} | given


def margin(period: str, product: str, revenue: str | None, profit: str | None, ratio: float | None) -> dict[str, Any]:
    """Of the days compared; there is more revenue on days whose cost is not reported."""
    row = {"fiscal_period": period, "other_cogs": Decimal(10), "gross_margin_ratio": ratio}
    return row | {"product_id": product, "revenue": 700, "compared_revenue": revenue, "gross_profit": profit}


def rate(day: str, monthly: str | None, **entity: str) -> dict[str, Any]:
    return {"as_of_date": day, "run_rate_monthly": monthly, **entity}


ROWS: dict[str, list[dict[str, Any]]] = {
    "dim_dates": [
        {
            "calendar_date": date(2026, month, day),
            "fiscal_period": f"2026-{month:02}",
            "fiscal_year": 2026 + month // 10,
        }
        for month in (9, 10)
        for day in range(1, 31)
    ],
    "dim_departments": [
        {"department_id": "eng", "business_unit": "Old", **FOREVER, "valid_to": date(2026, 10, 1), "is_current": False},
        {"department_id": "eng", "business_unit": "New", **FOREVER, "valid_from": date(2026, 10, 1)},
        {"department_id": "ops", "business_unit": "Old", **FOREVER},
    ],
    "dim_models": [{"model_id": "sol", "provider": "openai", "tier": "flagship"}],
    "fct_allocated_costs": [
        cost("2026-09-01", "10.000000000001", "eng"),
        cost("2026-09-30", "20", "ops", provider="anthropic", product_id="p2"),
        cost("2026-09-30", "30", None, cost_class=None),
        cost("2026-10-01", "40", "eng", cost_class="research_and_development"),
        cost("2026-10-02", "5", "eng"),
    ],
    "fct_usage": [
        used("input_uncached", 600),
        used("cache_read", 300),
        used("audio_cache_read", 100),
        used("output", 5000),
        used("request", 7),
        used("cache_read", 9_999, is_counted=False),
        used("input_uncached", 50, provider="mistral", model_id="small"),
    ],
    # 90 of 100 and 20 of 200: together 110 of 300, no mean of the two; no day of p3 is compared, p4's revenue is negative
    "gross_margin_by_product_month": [
        margin("2026-09", "p1", "100", "90", 0.9),
        margin("2026-09", "p2", "200", "20", 0.1),
        margin("2026-09", "p3", None, None, None),
        margin("2026-10", "p4", "-10", "-5", None),
    ],
    "gross_margin_by_customer_month": [
        {"fiscal_period": "2026-09", "customer_id": "c", "revenue": 700, "compared_revenue": 50, "gross_profit": 10}
        | {"gross_margin_ratio": 0.2}
    ],
    "run_rate_by_company_day": [
        rate("2026-09-29", "500", company_id="c"),
        rate("2026-09-30", "600", company_id="c"),
        rate("2026-10-01", "610", company_id="c"),
        rate("2026-10-02", None, company_id="c"),
    ],
    "run_rate_by_department_day": [
        rate("2026-09-30", "400", department_id="eng"),
        rate("2026-09-30", "150", department_id="ops"),
        rate("2026-10-02", "450", department_id="eng"),
        rate("2026-10-02", None, department_id="ops"),
    ],
    "run_rate_by_initiative_day": [rate("2026-10-02", "33", initiative_id="i1")],
    "budget_status_by_department_month": [
        {"fiscal_period": "2026-09", "department_id": department, "budget_class": kind}
        | {"budget_amount": budget, "allowance_amount": allowance, "spent_amount": spent}
        for department, kind, budget, allowance, spent in (
            ("eng", "core", 90, 100, 50),
            ("eng", "experimentation", 100, 100, 100),
            ("ops", "core", 0, 0, 7),
        )
    ],
    "budget_status_by_initiative": [
        {
            "as_of_date": day,
            "initiative_id": "i1",
            "allocated_amount": 200,
            "spent_amount": spent,
            "burn_ratio": spent / 200,
        }
        for day, spent in (("2026-09-29", 10), ("2026-09-30", 20), ("2026-10-02", 50))
    ],
    "unit_economics_by_initiative_month": [
        {
            "fiscal_period": "2026-09",
            "initiative_id": "i1",
            "units": 4,
            "compared_cost": 10,
            "cost_per_unit": Decimal("2.5"),
        },
        {
            "fiscal_period": "2026-10",
            "initiative_id": "i1",
            "units": 6,
            "compared_cost": 20,
            "cost_per_unit": Decimal("3.333333333333"),
        },
        {
            "fiscal_period": "2026-10",
            "initiative_id": "i2",
            "units": 1000,
            "compared_cost": 10,
            "cost_per_unit": Decimal("0.01"),
        },
        {"fiscal_period": "2026-10", "initiative_id": "i3", "units": None, "compared_cost": 77, "cost_per_unit": None},
    ],
}
