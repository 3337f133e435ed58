"""Elasticity of AI cost to headcount: recovered where planted, refused where it cannot be known."""

from datetime import date, timedelta

import duckdb
import numpy as np
import pytest
from scipy import stats

from orchestration.run_rate.decoupling import Month, decoupling_rows, elasticity, monthly_costs

PEOPLE = [100.0, 104.0, 103.0, 110.0, 121.0, 120.0, 131.0, 140.0]


def by_month(values: list[float]) -> dict[Month, float]:
    return {(2025 + (7 + at) // 12, (7 + at) % 12 + 1): value for at, value in enumerate(values)}


def test_a_planted_elasticity_is_found_exactly() -> None:
    found = elasticity(by_month([1000 * (one / 100) ** 1.5 for one in PEOPLE]), by_month(PEOPLE))
    assert (found.status, found.periods) == ("estimated", 8)
    assert found.value == pytest.approx(1.5)
    assert found.low == pytest.approx(1.5)
    assert found.high == pytest.approx(1.5)


def test_slope_and_interval_are_those_of_the_regression() -> None:
    noise = np.random.default_rng(7).normal(0, 0.05, len(PEOPLE))
    costs = [one * float(np.exp(more)) for one, more in zip(PEOPLE, noise, strict=True)]
    truth = stats.linregress(np.diff(np.log(PEOPLE)), np.diff(np.log(costs)))
    found = elasticity(by_month(costs), by_month(PEOPLE))
    half = stats.t.ppf(0.975, len(PEOPLE) - 3) * truth.stderr
    assert found.value == pytest.approx(truth.slope)
    assert (found.low, found.high) == (pytest.approx(truth.slope - half), pytest.approx(truth.slope + half))


def test_five_periods_are_refused_and_six_are_not() -> None:
    assert elasticity(by_month(PEOPLE[:5]), by_month(PEOPLE)).status == "refused_below_six_periods"
    assert elasticity(by_month(PEOPLE[:5]), by_month(PEOPLE)).value is None
    assert elasticity(by_month(PEOPLE[:6]), by_month(PEOPLE)).status == "estimated"


def test_months_without_headcount_or_cost_are_no_periods() -> None:
    without = by_month(PEOPLE)
    del without[2025, 9], without[2025, 11]
    assert elasticity(by_month(PEOPLE), without).status == "refused_below_six_periods"
    assert elasticity(by_month([0.0, 0.0, 0.0, *PEOPLE[3:]]), by_month(PEOPLE)).periods == 5


def test_a_constant_headcount_leaves_it_undefined() -> None:
    found = elasticity(by_month(PEOPLE), by_month([50.0] * 8))
    assert (found.status, found.value, found.low, found.high) == ("no_headcount_change", None, None, None)


def test_a_headcount_that_always_grows_by_the_same_ratio_leaves_it_undefined_and_is_no_constant_one() -> None:
    found = elasticity(by_month(PEOPLE), by_month([50.0 * 1.1**n for n in range(8)]))
    assert (found.status, found.value, found.low, found.high) == ("constant_headcount_growth", None, None, None)


def test_only_whole_months_count_and_missing_days_are_not_zero() -> None:
    days = [(date(2026, 7, 2) + timedelta(days=at), 10, True) for at in range(90)]
    days[31] = (days[31][0], 0, False)
    assert days[31][0] == date(2026, 8, 2)
    assert monthly_costs(days, date(2026, 9, 29)) == {(2026, 8): pytest.approx(310.0)}
    assert monthly_costs([(day, cost, day.month != 8) for day, cost, _ in days], date(2026, 9, 29)) == {}


def test_quarters_compare_whole_quarters_only() -> None:
    connection = duckdb.connect()
    connection.execute(
        "create schema intermediate; "
        "create table intermediate.int_evaluation_calendar as select 2 as fiscal_year_start_month; "
        "create table intermediate.int_headcount_summed_by_month as select day as month_end, 10 + month(day) as headcount "
        "from (select last_day(unnest(range(date '2026-02-01', date '2026-09-01', interval 1 month)))::date as day); "
        "create table intermediate.int_cost_object_daily_costs as select 'company' as entity_type, day::date as cost_date, "
        "case when day < date '2026-05-01' then 1 else 2 end::decimal(38,12) as allocated_cost, true as is_complete, "
        "false as is_missing from (select unnest(range(date '2026-02-01', date '2026-09-10', interval 1 day)) as day)"
    )
    rows = decoupling_rows(connection, date(2026, 9, 9))
    assert [row["quarter_start_date"] for row in rows] == [date(2026, 2, 1), date(2026, 5, 1), date(2026, 8, 1)]
    assert [row["periods"] for row in rows] == [3, 6, 7]
    assert [row["status"] for row in rows] == ["refused_below_six_periods", "estimated", "estimated"]
    assert [row["ai_cost_change_ratio"] for row in rows] == [None, pytest.approx(2 * 92 / 89 - 1), None]
    assert [row["headcount_change_ratio"] for row in rows] == [None, pytest.approx(17 / 14 - 1), None]
