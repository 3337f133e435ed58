"""Replayed budgets from a warehouse: the actual cost is reproduced exactly, standing and winners are those of the day."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orchestration.replay.budgets import FrameworkMonth, replay_budgets
from tests.replay.conftest import replay_policy

FIRST = date(2026, 7, 1)
LAST = date(2026, 9, 15)
D = Decimal


@pytest.fixture
def company(warehouse: Any) -> Any:
    """Core at 10 a day with 5 units, an experiment at 6 against a cap of 4 that pays for itself; revenue 100 a day."""
    warehouse.add_initiative("core", FIRST, stage="core", unit_of_work="u")
    warehouse.add_initiative(
        "test",
        FIRST,
        allocation_amount=D(1000),
        allocation_daily_cap=D(9),
        guardrail_daily_cap=D(4),
        allocation_starts_on=FIRST,
        allocation_expires_on=date(2026, 8, 31),
        legacy_software_per_month=D(5000),
    )
    for n in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=n)
        for name, cost in (("core", "10.000000000001"), ("test", "6")):
            warehouse.extra["marts.fct_allocated_costs"].append((name, day, D(cost)))
            warehouse.add_costs(name, day, [cost])
        warehouse.tables["int_initiative_daily_units"].append(("core", day, D(5)))
        warehouse.tables["int_product_daily_economics"].append(("p", day, D(100), D(5), D(0)))
        warehouse.tables["int_revenue_recognised_by_day"].append((day,))
    return warehouse


def by_month(rows: list[FrameworkMonth], framework: str) -> dict[str, FrameworkMonth]:
    return {row.fiscal_period: row for row in rows if row.framework == framework}


def test_no_policy_reproduces_the_actual_cost_exactly(company: Any) -> None:
    rows = replay_budgets(company.open(), replay_policy(), FIRST, LAST)
    spent = by_month(rows, "no_policy")
    assert {month: row.spend for month, row in spent.items()} == {
        "2026-07": D("496.000000000031"),
        "2026-08": D("496.000000000031"),
        "2026-09": D("240.000000000015"),
    }
    assert all(row.spend == row.demand for row in spent.values())


def test_experiment_is_held_to_the_lower_cap_and_to_its_dates(company: Any) -> None:
    rows = by_month(replay_budgets(company.open(), replay_policy(), FIRST, LAST), "core_and_experimentation")
    assert rows["2026-07"].spend == D("310.000000000031") + 31 * 4
    assert rows["2026-07"].starved_days == 31
    # expired on 31 August: nothing is granted in September, and it passes the return gate at the end
    assert rows["2026-09"].spend == D("150.000000000015")
    assert rows["2026-09"].stopped_winners == 1


def test_a_graduated_experiment_is_core_from_the_day_after(company: Any) -> None:
    company.land(
        "budget",
        "movements",
        movement_id="m",
        effective_on=date(2026, 8, 31),
        kind="graduate",
        initiative_id="test",
        account="allocation:test",
        amount=D(0),
    )
    rows = by_month(replay_budgets(company.open(), replay_policy(), FIRST, LAST), "core_and_experimentation")
    assert rows["2026-09"].spend == rows["2026-09"].demand
    assert (rows["2026-08"].starved_days, rows["2026-09"].starved_days) == (31, 0)


def test_core_that_was_an_experiment_is_held_to_what_was_verified(company: Any) -> None:
    """Ready on 15 August at 6 a day, graduated, then 8 a day: 2 a day too much, whatever its first 28 days cost."""
    company.extra["marts.fct_allocated_costs"] = [
        (
            name,
            day,
            D(8) if name == "test" and day >= date(2026, 9, 1) else D(1) if name == "test" and day.month == 7 else cost,
        )
        for name, day, cost in company.extra["marts.fct_allocated_costs"]
    ]
    rows = by_month(
        replay_budgets(company.open(), replay_policy(required_gates=(1, 4)), FIRST, LAST), "core_and_experimentation"
    )
    assert rows["2026-09"].starved_days == 0
    assert rows["2026-09"].overspend == pytest.approx(D(2 * 15), abs=D("0.000001"))


def test_only_the_days_asked_for_are_scored_and_earlier_ones_still_decide(company: Any) -> None:
    connection = company.open()
    whole = by_month(replay_budgets(connection, replay_policy(), FIRST, LAST), "variable_output")
    rows = replay_budgets(connection, replay_policy(), date(2026, 8, 1), date(2026, 8, 31))
    part = by_month(rows, "variable_output")
    assert list(part) == ["2026-08"]
    for column in ("spend", "starved_days", "overspend", "forecast_error_ratio"):
        assert getattr(part["2026-08"], column) == getattr(whole["2026-08"], column)
    assert part["2026-08"].scored_on == date(2026, 8, 31)


def test_revenue_reported_after_its_month_does_not_count_for_it(company: Any) -> None:
    reported = [(date(2026, 7, 20),), (date(2026, 9, 2),)]
    company.tables["int_revenue_recognised_by_day"] = reported
    days = company.tables["int_product_daily_economics"]
    company.tables["int_product_daily_economics"] = [
        (*row[:2], D(100) if row[1].day <= 20 else D(900), *row[3:]) for row in days
    ]
    rows = by_month(replay_budgets(company.open(), replay_policy(), FIRST, LAST), "variable_output")
    # ratio 16 / 100 of the first twenty days, times their 100 a day: August has 31 x 16
    assert rows["2026-08"].spend == pytest.approx(D(496), abs=D("0.000001"))
