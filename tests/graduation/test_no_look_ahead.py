"""Cut the future off, and no past verdict changes: the rows of a day are the same whether or not later days exist."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

FIRST, LAST = date(2026, 7, 1), date(2026, 9, 20)
DAY_COLUMN = {
    "int_cost_object_daily_costs": 2,
    "int_initiative_model_daily_costs": 1,
    "int_initiative_tier_daily_costs": 1,
    "int_guarded_entity_days": 1,
    "int_product_daily_economics": 1,
    "int_initiative_daily_units": 1,
    "int_ledger_entries_classified": 3,
    "int_revenue_recognised_by_day": 0,
    "int_product_revenue_known_by_day": 1,
}


def days(until: date) -> list[date]:
    return [FIRST + timedelta(days=n) for n in range((until - FIRST).days + 1)]


def fill(warehouse: Any, until: date) -> None:
    """A company of five experiments in which something happens late: a price, a burst, a posting, a dear request."""
    tables = warehouse.tables
    for name in ("steady", "bursting", "sold"):
        costs = [10 + math.sin(n) + (90 if name == "bursting" and n > 60 else 0) for n in range(len(days(until)))]
        warehouse.add_costs(name, FIRST, [round(cost, 6) for cost in costs], incomplete={date(2026, 8, 9)})
        warehouse.add_initiative(name, FIRST, allocation_amount=Decimal(900), **SETTINGS[name])
    for n, row in enumerate(list(tables["int_cost_object_daily_costs"])):
        if row[1] == "steady":  # its tokens have a price from the fiftieth day on
            priced = row[5] if (row[2] - FIRST).days >= 50 else Decimal(0)
            tables["int_cost_object_daily_costs"][n] = (*row[:5], priced, *row[6:])
    warehouse.add_initiative("silent", date(2026, 7, 10), valid_to=date(2026, 9, 1))
    warehouse.add_initiative("silent", date(2026, 7, 10), stage="retired", valid_from=date(2026, 9, 1))
    for day in days(until):
        model = "new" if day >= date(2026, 9, 1) else "old"
        tables["int_initiative_model_daily_costs"].append(("bursting", day, model, Decimal(10)))
        tables["int_initiative_tier_daily_costs"].append(
            ("sold", day, "openai", model, "economy", 3, 3, model == "new", Decimal(10), Decimal(8), Decimal(9))
        )
        tables["int_guarded_entity_days"].append(("bursting", day, Decimal(10), 3 if day.day == 5 else 0, 0))
        tables["int_product_daily_economics"].append(("shop", day, Decimal(50), Decimal(5), Decimal(0)))
        tables["int_initiative_daily_units"].append(("steady", day, Decimal(20 + day.day)))
        if day.weekday() == 4:
            tables["int_revenue_recognised_by_day"].append((day,))
        friday = day - timedelta(days=(day.weekday() - 4) % 7)
        if friday >= FIRST:
            tables["int_product_revenue_known_by_day"].append(("shop", day, friday))
        warehouse.add_reading("key:b", day, "20" if day < date(2026, 8, 20) else None)
        warehouse.land(
            "litellm",
            "guardrail_settings",
            read_at=datetime.combine(day, time(12), UTC),
            as_of_date=day,
            entity="key:s",
            rpm_limit=1,
            is_found=True,
            is_blocked=False,
        )
        warehouse.land(
            "litellm",
            "spend_logs",
            request_id=f"r{day}",
            started_at=datetime.combine(day, time(9), UTC),
            api_key="s",
            gateway_spend=0.02 if day >= date(2026, 9, 10) else 0.001,
        )
    for month in (7, 8):
        posted_on = date(2026, month + 1, 4)
        if posted_on <= until:
            tables["int_ledger_entries_classified"].append(
                ("shop", None, f"2026-0{month}", posted_on, "other_cost_of_goods_sold", None, Decimal(300 * month), 0)
            )
    warehouse.land(
        "ledgers", "labor_rates", labor_rate_id="h", valid_from=FIRST, hourly_rate=Decimal(1), currency="USD"
    )
    if until >= date(2026, 8, 25):
        warehouse.land(
            "ledgers",
            "labor_rates",
            labor_rate_id="h",
            valid_from=date(2026, 8, 25),
            hourly_rate=Decimal(9),
            currency="USD",
        )


SETTINGS: dict[str, dict[str, Any]] = {
    "steady": {
        "unit_of_work": "u",
        "labor_hours_per_unit": Decimal(1),
        "labor_rate_id": "h",
        "guardrail_entity": "key:s",
        "guardrail_daily_cap": Decimal(20),
    },
    "bursting": {"guardrail_entity": "key:b", "guardrail_daily_cap": Decimal(40)},
    "sold": {"kind": "customer_facing", "product_id": "shop", "target_gross_margin_ratio": Decimal("0.4")},
}


@pytest.fixture(scope="module")
def whole(new_warehouse: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    warehouse = new_warehouse(tmp_path_factory.mktemp("whole"))
    fill(warehouse, LAST)
    return warehouse.evaluate(LAST)


@pytest.mark.parametrize(
    "until",
    [date(2026, 7, 20), date(2026, 8, 10), date(2026, 8, 19), date(2026, 8, 31), date(2026, 9, 3), date(2026, 9, 9)],
)
def test_truncating_the_future_changes_no_past_verdict(
    until: date, whole: Any, new_warehouse: Callable[[Path], Any], tmp_path: Path
) -> None:
    warehouse = new_warehouse(tmp_path)
    fill(warehouse, until)
    cut = warehouse.evaluate(until)
    for stream in ("run_rates", "gates", "readiness"):
        then = [row for row in whole.rows(stream) if row["as_of_date"] <= until]
        assert _plain(cut.rows(stream)) == _plain(then)
        assert then


def test_the_history_holds_every_kind_of_verdict_that_could_leak(whole: Any) -> None:
    gates = whole.rows("gates")
    assert {row["status"] for row in gates if row["gate_number"] == 1} == {"pass", "fail", "insufficient"}
    assert {row["status"] for row in gates if row["gate_number"] == 2} >= {"pass", "deferred"}
    reasons = " ".join(row["reason"] for row in gates)
    for word in ("volatile", "cap_bound", "configuration_changed", "over_allocation", "short_history", "missing_days"):
        assert word in reasons
    assert {row["initiative_id"] for row in gates} == {"steady", "bursting", "sold", "silent"}
    assert max(row["as_of_date"] for row in gates if row["initiative_id"] == "silent") == date(2026, 8, 31)


def _plain(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return sorted([str(value) for name, value in row.items() if name not in ("partition", "load_id")] for row in rows)
