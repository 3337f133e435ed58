"""Forecasts: exact where the future repeats, better than seasonal naive where it is noisy, never looking ahead."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest

from orchestration.run_rate.forecast import CostSeries, filled, forecast_rows, read_series, simple_half_width
from orchestration.run_rate.series import BrokenInput
from orchestration.statistics import forecast_panel
from orchestration.statistics.forecast_candidates import (
    MIN_HISTORY,
    Floats,
    exponential_smoothing,
    seasonal_naive,
    theta,
)
from orchestration.statistics.forecast_selection import roll

AS_OF = date(2026, 10, 31)
CANDIDATES = {"seasonal_naive": seasonal_naive, "exponential_smoothing": exponential_smoothing, "theta": theta}


def noisy(days: int = 150, seed: int = 3) -> Floats:
    rng = np.random.default_rng(seed)
    return 10 + 4 * ((np.arange(days) % 7) < 5) + rng.normal(0, 1.0, days)


def rows_of(values: Floats, **more: object) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    return forecast_rows([CostSeries("initiative", "one", values, **more)], AS_OF)  # type: ignore[arg-type]


def test_seasonal_naive_repeats_the_last_week() -> None:
    paths = seasonal_naive(np.arange(10.0)[None])
    assert paths[0, 9, :9].tolist() == [3, 4, 5, 6, 7, 8, 9, 3, 4]
    assert np.isnan(paths[0, 5]).all()


@pytest.mark.parametrize("candidate", CANDIDATES.values())
def test_a_week_that_repeats_is_forecast_exactly(candidate: object) -> None:
    week = np.array([5.0, 6, 7, 8, 9, 1, 0])
    paths = candidate(np.tile(week, 10)[None])  # type: ignore[operator]
    assert paths[0, -1] == pytest.approx(np.tile(week, 13)[:90], abs=1e-9)


def test_exponential_smoothing_follows_a_line_and_theta_half_of_it() -> None:
    line = np.arange(1.0, 141.0)[None]
    smoothed, halved = exponential_smoothing(line)[0, -1], theta(line)[0, -1]
    assert 40 < smoothed[62] - smoothed[6] < 57
    assert halved[62] - halved[6] == pytest.approx(56 / 2, rel=0.02)


@pytest.mark.parametrize("candidate", CANDIDATES.values())
def test_paths_know_nothing_of_the_days_after_their_origin(candidate: object) -> None:
    values = noisy()[None]
    changed = values.copy()
    changed[0, 100:] *= 7
    before, after = candidate(values), candidate(changed)  # type: ignore[operator]
    np.testing.assert_array_equal(before[:, :100], after[:, :100])
    assert not np.array_equal(before[:, 100], after[:, 100])


def test_selection_and_width_know_nothing_of_outcomes_to_come() -> None:
    values = noisy()[None]
    changed = values.copy()
    changed[0, 100:] *= 7
    found = [roll(one, {name: make(one) for name, make in CANDIDATES.items()}, 30) for one in (values, changed)]
    np.testing.assert_array_equal(found[0].choice[:, :100], found[1].choice[:, :100])
    np.testing.assert_array_equal(found[0].half_width[:, :100], found[1].half_width[:, :100])
    assert found[0].half_width[0, 149] < found[1].half_width[0, 149]


def test_noise_around_a_level_is_forecast_better_than_naively() -> None:
    _, horizons = rows_of(noisy())
    month = next(row for row in horizons if row["horizon_days"] == 30)
    assert month["method"] != "seasonal_naive"
    assert month["error_ratio"] < 0.9
    truth = 30 * 10 + 4 * int(((np.arange(150, 180) % 7) < 5).sum())
    assert month["forecast_low"] < truth < month["forecast_high"]
    assert 0.5 < month["coverage_ratio"] <= 1
    assert month["windows"] == 150 - 30 - 47


def test_where_nothing_wins_seasonal_naive_is_used() -> None:
    daily, horizons = rows_of(np.tile([5.0, 6, 7, 8, 9, 1, 0], 20))
    assert {row["method"] for row in (*daily, *horizons)} == {"seasonal_naive"}
    month = next(row for row in horizons if row["horizon_days"] == 30)
    assert (month["forecast"], month["forecast_low"], month["forecast_high"]) == (Decimal(155),) * 3


def test_ninety_days_follow_the_as_of_day_and_sum_to_the_horizon() -> None:
    daily, horizons = rows_of(noisy())
    assert [row["forecast_date"] for row in daily] == [AS_OF + timedelta(days=n) for n in range(1, 91)]
    assert all(0 <= row["forecast_low"] <= row["forecast"] <= row["forecast_high"] for row in daily)
    month = next(row for row in horizons if row["horizon_days"] == 30)
    assert sum(row["forecast"] for row in daily[:30]) == pytest.approx(month["forecast"], abs=Decimal("1e-6"))


@pytest.mark.parametrize("days", [7, 10, 27, 28, 35, 47, 48])
def test_short_histories_have_a_bounded_forecast_and_no_measured_skill(days: int) -> None:
    daily, horizons = rows_of(noisy(days))
    assert len(daily) == 90
    for row in horizons:
        assert row["forecast_low"] < row["forecast"] < row["forecast_high"]
        assert (row["error_ratio"], row["coverage_ratio"], row["windows"]) == (None, None, 0)
        assert days >= MIN_HISTORY or row["method"] == "seasonal_naive"


def test_under_a_week_there_is_no_forecast() -> None:
    assert rows_of(noisy(6)) == ([], [])


def test_independent_days_bound_a_short_history() -> None:
    """Two values, standard deviation one: t(1) at 90 % is 3.078, the sum of eight days has variance 8 + 64 / 2."""
    assert simple_half_width(np.array([0.0, np.sqrt(2)]), 8) == pytest.approx(3.0777 * np.sqrt(40), rel=1e-4)


def test_a_jump_from_next_to_nothing_does_not_blow_the_interval_up() -> None:
    values = np.concatenate([np.full(80, 0.01), noisy(45)])
    month = next(row for row in rows_of(values)[1] if row["horizon_days"] == 30)
    assert month["forecast_high"] < 4 * month["forecast"]


def test_units_at_verified_cost_win_where_cost_follows_them() -> None:
    """Cost was distorted once by a rebate; units were not, so they tell what comes."""
    units = noisy()
    cost = units * 2.0
    cost[60:90] = 0.4 * cost[60:90]
    _, horizons = rows_of(cost, driver=(units, 2.0, 27))
    month = next(row for row in horizons if row["horizon_days"] == 30)
    assert month["method"] == "driver_based"
    assert float(month["forecast"]) == pytest.approx(2 * (30 * 10 + 4 * 22), rel=0.05)  # type: ignore[arg-type]


def test_an_incomplete_day_counts_as_the_same_weekday_before() -> None:
    values = np.arange(10.0)
    known = np.array([True] * 8 + [False] * 2)
    assert filled(values, known).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 1, 2]


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute(
        "create schema intermediate; create schema marts; "
        "create table intermediate.int_cost_object_daily_costs as "
        "select 'initiative' as entity_type, unnest(['one', 'idle']) as entity_id, day::date as cost_date, "
        "case when entity_id = 'one' and day >= date '2026-10-03' then 2 else 0 end::decimal(38,12) as allocated_cost, "
        "true as is_complete, false as is_missing "
        "from range(date '2026-10-01', date '2026-11-01', interval 1 day) as days (day); "
        "create table intermediate.int_core_initiatives_verified as "
        "select 'one' as initiative_id, 'first_28_days' as verified_by, 0.5::decimal(38,12) as verified_unit_cost, "
        "date '0001-01-01' as effective_from, date '9999-12-31' as effective_to; "
        "create table intermediate.int_initiative_daily_units as "
        "select 'one' as initiative_id, date '2026-10-04' as metric_date, 4::decimal(38,9) as units; "
        "create table marts.fct_allocated_costs as "
        "select 'one' as initiative_id, date '2026-10-03' as cost_date, 'core' as budget_class"
    )
    yield connection
    connection.close()


def test_series_start_with_their_first_cost_and_carry_their_driver(warehouse: duckdb.DuckDBPyConnection) -> None:
    (series,) = read_series(warehouse, AS_OF)
    assert (series.entity_id, series.values.tolist()) == ("one", [2.0] * 29)
    assert series.driver is not None
    units, unit_cost, known_from = series.driver
    assert (units[:3].tolist(), unit_cost, known_from) == ([0.0, 4.0, 0.0], 0.5, 27)


@pytest.mark.parametrize(
    "defect",
    [
        "delete from intermediate.int_cost_object_daily_costs where cost_date = '2026-10-10'",
        "delete from intermediate.int_cost_object_daily_costs where cost_date = '2026-10-31'",
        "update intermediate.int_cost_object_daily_costs set allocated_cost = null where cost_date = '2026-10-10'",
        "update intermediate.int_cost_object_daily_costs set is_missing = null where cost_date = '2026-10-10'",
    ],
)
def test_a_gap_or_a_null_is_refused(warehouse: duckdb.DuckDBPyConnection, defect: str) -> None:
    warehouse.execute(defect)
    with pytest.raises(BrokenInput, match="int_cost_object_daily_costs, initiative"):
        read_series(warehouse, AS_OF)


def test_a_sample_of_the_panel_meets_the_target() -> None:
    rows = forecast_panel.measure(*forecast_panel.simulate(seed=11, series=96))
    month = next(row for row in rows if (row.history, row.horizon, row.shape) == ("120 days and more", 30, "all"))
    assert month.error_ratio < 0.95
    assert 0.70 < month.coverage < 0.90


def test_the_published_panel_meets_the_target() -> None:
    text = Path(forecast_panel.REPORT).read_text()
    found = re.search(r"\| 120 days and more \| 30 \| all \| ([0-9.]+) \| ([0-9.]+)% \|", text)
    assert found is not None
    assert float(found[1]) < 1
    assert 75 <= float(found[2]) <= 85
