"""The product's verdicts, day by day, are those of the rule that is measured; restarts and repeated windows count right."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.run_rate.history import evaluate_history
from orchestration.run_rate.series import DailySeries
from orchestration.run_rate.stability_history import stability_of
from orchestration.statistics.run_rate import scaled
from orchestration.statistics.stability import DailyEvents, WindowChooser
from orchestration.statistics.stable_series import DEFAULT_LIMITS, stable_paths

MONDAY = date(2026, 6, 1)


def series_of(values, is_complete=None):
    days = len(values)
    complete = np.ones(days, dtype=bool) if is_complete is None else is_complete
    cost = [scaled(Decimal(str(round(float(one), 9)))) for one in values]
    zeros = np.zeros(days)
    return DailySeries(
        "initiative",
        "x",
        MONDAY,
        cost,
        np.asarray(values, dtype=float),
        zeros,
        complete,
        np.zeros(days, dtype=np.int64),
        [0] * days,
    )


def verdicts(values, starts=None, is_complete=None):
    """Status of every day of each row of ``values``, by the product's own way through windows and looks."""
    series = [series_of(row, is_complete) for row in values]
    windows = []
    for one in series:
        never = np.zeros(len(one.cost), dtype=bool)
        first = (int(np.argmax(one.stable_basis > 0)),) if (one.stable_basis > 0).any() else ()
        events = DailyEvents(one.is_complete, never, never, never, never, starts or first)
        chooser = WindowChooser(events, DEFAULT_LIMITS)
        windows.append([chooser.choose(at) for at in range(len(one.cost))])
    return [[found.verdict for found in part] for part in stability_of(series, windows, DEFAULT_LIMITS)]


def is_stable(rows):
    return np.array([[verdict.status == "stable" for verdict in row] for row in rows])


SHAPES = {
    "flat": lambda day: np.ones(len(day)),
    "growing": lambda day: 1.3 ** (day / 30),
    "ramp": lambda day: np.minimum(1, 0.2 + 0.8 * day / 15),
    "late": lambda day: (day >= 7).astype(float),
    "weekly": lambda day: (day % 7 == 2).astype(float),
    "monthly": lambda day: (day % 30 == 4).astype(float),
}


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.03, 0.1, 0.2, 0.3]))
def test_the_product_judges_as_the_measured_rule_does(seed, variation):
    day = np.arange(150.0)
    noise = np.maximum(0, 1 + variation * np.random.default_rng(seed).standard_normal((len(SHAPES), len(day))))
    values = noise * np.stack([shape(day) for shape in SHAPES.values()])
    assert (is_stable(verdicts(values)) == stable_paths(values)).all()


def test_each_restart_of_the_history_is_a_further_look_and_not_a_first_one():
    """As noisy as the first look just allows: a new history of the same days is not enough for a later one."""
    block = None
    for seed in range(200):
        candidate = np.maximum(0, 1 + 0.1 * np.random.default_rng(seed).standard_normal(30))
        if is_stable(verdicts([candidate]))[0, 29] and not is_stable(verdicts([np.tile(candidate, 1)]))[0, 28]:
            restless = np.concatenate([1.6 ** (np.arange(60) / 30), candidate * 5])
            again = is_stable(verdicts([restless], starts=(0, 60)))[0]
            if not again[89]:
                block = candidate
                break
    assert block is not None, "the thirty days that pass as a first look never fail as a later one"


def test_a_window_that_is_looked_at_again_is_no_further_look():
    day = np.arange(60)
    values = [np.maximum(0, 1 + 0.12 * np.random.default_rng(5).standard_normal(60))]
    complete = day < 50
    rows = verdicts(values, is_complete=complete)[0]
    assert {row.status for row in rows[49:55]} == {rows[49].status}
    assert all("stale" in row.reasons for row in rows[55:])


def test_nothing_known_is_no_evidence():
    rows = verdicts([np.zeros(40)], starts=(0,))[0]
    assert rows[39].reasons == ("no_evidence",)
    with pytest.raises(AttributeError):
        _ = rows[39].evidence


def test_the_run_rate_of_a_monthly_job_is_that_of_its_whole_months():
    """300 on the first of each month: over July to September 900 in 92 days, on every day of October."""
    first = date(2026, 6, 1)
    days = [first + timedelta(days=n) for n in range(153)]
    one = series_of([300.0 if day.day == 1 else 0.0 for day in days])
    never = np.zeros(len(days), dtype=bool)
    events = DailyEvents(one.is_complete, never, never, never, never, (0,))
    states = evaluate_history([one], [events], DEFAULT_LIMITS)[0]
    expected = Decimal(900) / 92 * Decimal("365.25") / 12
    october = [state.run_rate.monthly for state, day in zip(states, days, strict=True) if day.month == 10]
    assert len(october) == 31
    assert october == [pytest.approx(expected, abs=Decimal("1e-8"))] * 31
    assert states[-1].run_rate.positions == tuple(range(30, 122))
