"""Forecasts: exact where the future repeats, better than seasonal naive where it is noisy, never looking ahead."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.run_rate.forecast import CostSeries, filled, forecast_rows, read_series, simple_half_width
from orchestration.run_rate.series import BrokenInput
from orchestration.statistics import forecast_panel
from orchestration.statistics.forecast_candidates import (
    MIN_HISTORY,
    Floats,
    exponential_smoothing,
    mean_level,
    seasonal_naive,
    standard_paths,
    theta,
)
from orchestration.statistics.forecast_selection import half_widths, show, sums_ahead

AS_OF = date(2026, 10, 31)
CANDIDATES = {
    "seasonal_naive": seasonal_naive,
    "mean_level": mean_level,
    "exponential_smoothing": exponential_smoothing,
    "theta": theta,
    "combination": lambda values: standard_paths(values)["combination"],
}


def noisy(days: int = 150, seed: int = 3) -> Floats:
    rng = np.random.default_rng(seed)
    return 10 + 4 * ((np.arange(days) % 7) < 5) + rng.normal(0, 1.0, days)


def rows_of(values: Floats, **more: object) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Daily and horizon rows of one initiative."""
    daily, horizons = forecast_rows([CostSeries("initiative", "one", values, **more)], AS_OF)  # type: ignore[arg-type]
    return of_initiatives(daily), of_initiatives(horizons)


def of_initiatives(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row for row in rows if row["entity_type"] == "initiative"]


def month_of(values: Floats, **more: object) -> dict[str, object]:
    return next(row for row in rows_of(values, **more)[1] if row["horizon_days"] == 30)


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


def test_the_combination_is_the_mean_of_four() -> None:
    values = noisy()[None]
    parts = [make(values) for make in (seasonal_naive, mean_level, exponential_smoothing, theta)]
    np.testing.assert_allclose(standard_paths(values)["combination"], np.mean(parts, axis=0))


def test_intervals_know_nothing_of_outcomes_to_come() -> None:
    values = noisy()[None]
    changed = values.copy()
    changed[0, 100:] *= 7
    sums = [sums_ahead(standard_paths(one))["combination"] for one in (values, changed)]
    widths = [half_widths(one, made, 30) for one, made in zip((values, changed), sums, strict=True)]
    np.testing.assert_array_equal(widths[0][:, :100], widths[1][:, :100])
    assert widths[0][0, 149] < widths[1][0, 149]
    assert np.isnan(widths[0][0, 39]) and widths[0][0, 40] > 0


def test_what_is_shown_knows_nothing_of_outcomes_to_come() -> None:
    """The record on day 100 is the same whether it is made then or cut from a longer one."""
    values = noisy()[None]
    longer = sums_ahead(standard_paths(values))
    cut = {name: {span: part[:, :101] for span, part in spans.items()} for name, spans in longer.items()}
    then = values[:, :101]
    made = sums_ahead(standard_paths(then))
    first, second = show(then, cut, 30), show(then, made, 30)
    assert first.method == second.method
    np.testing.assert_array_equal(first.half_width, second.half_width)
    np.testing.assert_array_equal(first.error_ratio, second.error_ratio)


def test_noise_around_a_level_is_forecast_better_than_naively() -> None:
    month = month_of(noisy())
    assert month["method"] == "combination"
    assert month["error_ratio"] < 0.9  # type: ignore[operator]
    truth = 30 * 10 + 4 * int(((np.arange(150, 180) % 7) < 5).sum())
    assert month["forecast_low"] < truth < month["forecast_high"]  # type: ignore[operator]
    assert 0.5 < month["coverage_ratio"] <= 1  # type: ignore[operator]
    # an interval exists from day 40 on (counted from zero), an outcome until 30 days before the last
    assert month["windows"] == 150 - 30 - 40


def test_the_record_is_that_of_the_method_shown() -> None:
    """Seasonal naive stands beside its own record, a ratio of one, and the record is not that of what lost."""
    steps = np.repeat([100.0, 150.0, 225.0, 340.0], 56)
    month = month_of(steps + np.tile([1.0, 2, 3, 4, 5, 6, 7], 32))
    assert month["method"] == "seasonal_naive"
    assert month["error_ratio"] == 1
    assert 0 < month["coverage_ratio"] <= 1  # type: ignore[operator]


def test_where_nothing_wins_seasonal_naive_is_used_and_the_level_may_drift() -> None:
    """155 in 30 days without an error ever. 83 outcomes (days 27 to 109) weigh 83 / (83 + 60), the prior the rest: 7 % of
    30 days at 36 / 7 a day, 4.5315.
    """
    daily, horizons = rows_of(np.tile([5.0, 6, 7, 8, 9, 1, 0], 20))
    assert {row["method"] for row in (*daily, *horizons)} == {"seasonal_naive"}
    month = next(row for row in horizons if row["horizon_days"] == 30)
    half = 0.07 * 60 / 143 * 30 * 36 / 7
    bounds = [float(month[name]) for name in ("forecast", "forecast_low", "forecast_high")]  # type: ignore[arg-type]
    assert bounds == pytest.approx([155, 155 - half, 155 + half])


@pytest.mark.parametrize("last_job", [0, 1, 15, 29])
def test_a_monthly_job_comes_again_on_its_day_and_is_never_certain(last_job: int) -> None:
    """300 every 30 days: any 30 days hold one, 90 days three, and the next one is due 30 days after the last."""
    values = np.zeros(240)
    values[239 - last_job :: -30] = 300.0
    daily, horizons = rows_of(np.trim_zeros(values, "f"))
    assert [(row["forecast"], row["method"]) for row in horizons] == [(300, "monthly_naive"), (900, "monthly_naive")]
    assert all(row["forecast_low"] < row["forecast"] < row["forecast_high"] for row in horizons)
    assert [n for n, row in enumerate(daily[:30], start=1) if row["forecast"]] == [30 - last_job]


def test_a_cost_that_has_ended_may_come_back() -> None:
    values = np.concatenate([noisy(120), np.zeros(40)])
    daily, horizons = rows_of(values)
    assert all(row["forecast_high"] > row["forecast"] for row in (*daily, *horizons))


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


def test_the_days_ahead_of_what_is_beside_the_initiatives_are_its_own() -> None:
    """A department's days ahead are those of its own cost alone, so that adding them to its initiatives counts nothing twice."""
    series = [
        CostSeries("initiative", "one", noisy(60), ("department", "research")),
        CostSeries("department", "research", np.full(60, 2.0)),
    ]
    daily, horizons = forecast_rows(series, AS_OF)
    beside = [row["forecast"] for row in daily if row["entity_type"] == "department"]
    assert len(beside) == 90
    assert sum(beside[:30]) == Decimal(60)
    (own,) = [row["own_forecast"] for row in horizons if (row["entity_id"], row["horizon_days"]) == ("research", 30)]
    assert own == Decimal(60)


def test_independent_days_bound_a_short_history() -> None:
    """Two values, standard deviation one: t(1) at 90 % is 3.078, the sum of eight days has variance 8 + 64 / 2."""
    assert simple_half_width(np.array([0.0, np.sqrt(2)]), 8) == pytest.approx(3.0777 * np.sqrt(40), rel=1e-4)


def test_a_short_history_without_noise_drifts_all_the_same() -> None:
    """7 % of 30 days at 10 a day."""
    assert simple_half_width(np.full(20, 10.0), 30) == pytest.approx(21)


def test_a_jump_from_next_to_nothing_does_not_blow_the_interval_up() -> None:
    values = np.concatenate([np.full(80, 0.01), noisy(45)])
    month = month_of(values)
    assert month["forecast_high"] < 4 * month["forecast"]  # type: ignore[operator]


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
        "date '0001-01-01' as effective_from, date '9999-12-31' as effective_to, 'tickets' as unit_of_work; "
        "create table intermediate.int_initiative_daily_units as "
        "select 'one' as initiative_id, date '2026-10-04' as metric_date, 4::decimal(38,9) as units, 'tickets' as unit_of_work; "
        "create table marts.fct_allocated_costs as "
        "select 'one' as initiative_id, 'research' as department_id, date '2026-10-03' as cost_date, "
        "'core' as budget_class, 2::decimal(38,12) as allocated_cost "
        "union all select null, 'research', date '2026-10-04', 'core', 5 "
        "union all select null, null, date '2026-10-05', 'core', 7"
    )
    yield connection
    connection.close()


def test_series_start_with_their_first_cost_and_carry_their_driver(warehouse: duckdb.DuckDBPyConnection) -> None:
    (series,) = read_series(warehouse, AS_OF)
    assert (series.entity_id, series.values.tolist()) == ("one", [2.0] * 29)
    assert series.part_of == ("department", "research")
    assert series.driver is not None
    units, unit_cost, known_from = series.driver
    assert (units[:3].tolist(), unit_cost, known_from) == ([0.0, 4.0, 0.0], 0.5, 27)


def test_units_that_are_not_reported_yet_are_those_of_the_week_before(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        "insert into intermediate.int_initiative_daily_units "
        "select 'one', date '2026-10-04' + n::integer, n, 'tickets' from range(1, 21) as numbers (n)"
    )
    (series,) = read_series(warehouse, AS_OF)
    assert series.driver is not None
    # reported to the 24th, the 22nd day of the series; the week after repeats 14 to 20
    assert series.driver[0].tolist() == [0.0, 4.0, *range(1, 21), *range(14, 21)]


def test_units_of_another_kind_than_the_unit_cost_drive_no_forecast(warehouse: duckdb.DuckDBPyConnection) -> None:
    change = "insert into intermediate.int_initiative_daily_units values ('one', '{}', 9, 'pages')"
    warehouse.execute(change.format("2026-10-03"))
    (series,) = read_series(warehouse, AS_OF)
    assert series.driver is not None and series.driver[0].max() == 4
    warehouse.execute(change.format("2026-10-20"))
    (series,) = read_series(warehouse, AS_OF)
    assert series.driver is None


def test_departments_and_the_company_keep_what_belongs_to_no_part(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        "insert into intermediate.int_cost_object_daily_costs "
        "select entity_type, entity_id, cost_date, 9, true, false from intermediate.int_cost_object_daily_costs, "
        "(values ('department', 'research'), ('company', 'company')) as wholes (entity_type, entity_id) "
        "where int_cost_object_daily_costs.entity_id = 'one'".replace(
            "select entity_type, entity_id,", "select wholes.entity_type, wholes.entity_id,"
        )
    )
    rests = {one.entity: one.values for one in read_series(warehouse, AS_OF) if one.entity_type != "initiative"}
    assert rests["department", "research"].tolist() == [5.0] + [0.0] * 27
    assert rests["company", "company"].tolist() == [7.0] + [0.0] * 26


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


def added_up(rows: list[dict[str, object]]) -> None:
    """Every whole is its own forecast and those of its parts, to the last decimal, and every part has its whole."""
    for horizon in (30, 90):
        at = {(row["entity_type"], row["entity_id"]): row for row in rows if row["horizon_days"] == horizon}
        assert [entity for entity, row in at.items() if row["part_of_entity_id"] is None] == [("company", "company")]
        for entity, row in at.items():
            parts = [one for one in at.values() if (one["part_of_entity_type"], one["part_of_entity_id"]) == entity]
            assert row["forecast"] == row["own_forecast"] + sum(one["forecast"] for one in parts)  # type: ignore
            assert row["forecast_low"] <= row["forecast"] < row["forecast_high"]  # type: ignore[operator]


def test_initiatives_departments_and_the_company_add_up() -> None:
    level = np.full(100, 10.0)
    _, rows = forecast_rows(
        [
            CostSeries("initiative", "one", level, ("department", "research")),
            CostSeries("initiative", "two", 2 * level[:50], ("department", "research")),
            CostSeries("initiative", "new", 7 * level[:5], ("department", "research")),
            CostSeries("initiative", "alone", 3 * level),
            CostSeries("department", "research", 4 * level),
            CostSeries("department", "sales", level),
            CostSeries("company", "company", level[:5]),
        ],
        AS_OF,
    )
    added_up(rows)
    month = {row["entity_id"]: row for row in rows if row["horizon_days"] == 30}
    assert "new" not in month
    # the five days of the new one are 70 each beside 40; the mean of naive, 28-day mean and the two others lies between
    assert 30 * 40 < month["research"]["own_forecast"] < 30 * 110  # type: ignore[operator]
    assert [month[name]["forecast"] for name in ("one", "two", "alone", "sales")] == [300, 600, 900, 300]
    assert month["research"]["method"] == month["company"]["method"] == "bottom_up"
    assert month["sales"]["method"] == "seasonal_naive"
    # what the company spends beside its parts for five days now: a week of five days at ten, four times and two days more
    assert month["company"]["own_forecast"] == 4 * 50 + 0


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["research", "sales", None]), st.integers(1, 130), st.integers(0, 2**32 - 1)),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
def test_any_composition_adds_up(parts: list[tuple[str | None, int, int]], has_rest: bool) -> None:
    series = [
        CostSeries(
            "initiative",
            f"i{at}",
            np.random.default_rng(seed).lognormal(2, 1, days),
            ("department", department) if department else ("company", "company"),
        )
        for at, (department, days, seed) in enumerate(parts)
    ]
    if has_rest:
        series.append(CostSeries("department", "research", np.random.default_rng(1).lognormal(0, 1, 40)))
    added_up(forecast_rows(series, AS_OF)[1])


def test_a_whole_is_judged_by_how_far_its_sums_were_off() -> None:
    """Two parts of which one takes what the other gives: each errs, their sum never does."""
    rng = np.random.default_rng(2)
    first = 50 + 10 * rng.standard_normal(200).cumsum().clip(-4, 4)
    _, rows = forecast_rows([CostSeries("initiative", "a", first), CostSeries("initiative", "b", 100 - first)], AS_OF)
    month = {row["entity_id"]: row for row in rows if row["horizon_days"] == 30}
    half = {name: row["forecast_high"] - row["forecast"] for name, row in month.items()}  # type: ignore[operator]
    assert half["company"] < min(half["a"], half["b"])
    assert month["company"]["coverage_ratio"] == 1


def test_a_sample_of_the_panel_meets_the_target() -> None:
    rows = forecast_panel.measure(*forecast_panel.simulate(seed=11, series=96))
    month = next(row for row in rows if (row.history, row.horizon, row.shape) == ("120 days and more", 30, "all"))
    assert month.error_ratio < 0.95
    assert 0.70 < month.coverage < 0.90


def test_the_published_panel_meets_the_target() -> None:
    """Real series decide how wide the interval is (tests/benchmarks/test_series.py); steady simulated ones it covers more."""
    text = Path(forecast_panel.REPORT).read_text()
    found = re.search(r"\| 120 days and more \| 30 \| all \| ([0-9.]+) \| ([0-9.]+)% \|", text)
    assert found is not None
    assert float(found[1]) < 1
    assert 75 <= float(found[2]) <= 90
