"""The rule of the looks: its plan of errors, and which of the windows decides. Estimates are made up."""

from dataclasses import replace

import numpy as np
import pytest

from orchestration.statistics.growth import WindowEstimates
from orchestration.statistics.looks import (
    CYCLE,
    KINDS,
    LONG,
    RECENT,
    ROLLING,
    Before,
    StabilityLimits,
    judge_rows,
    look_error,
    rolling_look_error,
    rolling_window_days,
    short_share,
)

LIMITS = StabilityLimits(window_days=30, window_max_days=60, max_variation=0.25, growth_margin=0.20, max_tail_days=5)


def window(growth=0.0, error=0.0, variation=0.1, freedom=1000, is_sparse=False):
    return WindowEstimates(*(np.array([one]) for one in (variation, growth, error, freedom, is_sparse)))


NONE = WindowEstimates.unknown(1)


def judge(days=60, looks=0, was_stable=False, limits=LIMITS, **windows):
    seen = {LONG: NONE, ROLLING: NONE, RECENT: window(), CYCLE: NONE, **windows}
    before = Before(np.array([looks]), np.array([was_stable]))
    return judge_rows(
        lambda kind, rows: seen[kind].take(np.zeros(len(rows), dtype=np.int64)), np.array([days]), before, limits
    )


def reasons(found):
    names = ("is_volatile", "is_growing", "is_shrinking", "is_uncertain", "is_short")
    return {name for name in names if getattr(found, name)[0]}


def test_the_plan_spends_its_error_over_the_looks_of_a_life():
    looks = np.array([1, 2, 31, 62, 310])
    assert look_error(looks) == pytest.approx([0.05, 0.01, 0.01, 0.00125, 0.00001])
    assert rolling_look_error(looks) == pytest.approx([0.02, 0.02, 0.02, 0.0025, 0.00002])
    # what all days of the second to the tenth year together may still spend is less than one of the first looks
    assert look_error(np.arange(366, 3653)).sum() < 0.01


def test_a_short_window_spends_less():
    assert short_share(np.array([15, 30, 60])) == pytest.approx([0.125, 1.0, 1.0])
    # two-sided normal quantiles: 1.96 for 5 % in 30 days, 2.73 for 5 % / 8 in 15
    flat = window(error=0.08)
    assert judge(days=30, **{LONG: flat}).is_calm[0]
    assert reasons(judge(days=15, limits=replace(LIMITS, window_days=15), **{LONG: flat})) == {"is_uncertain"}


@pytest.mark.parametrize(
    ("long", "status"),
    [
        (window(variation=0.25), set()),
        (window(variation=0.2501), {"is_volatile"}),
        (window(growth=0.1999), set()),
        (window(growth=0.20), {"is_growing"}),
        (window(growth=-0.20), {"is_shrinking"}),
        (window(growth=0.1, error=0.1), {"is_uncertain"}),
        (window(growth=0.5, error=0.1), {"is_growing"}),
        (window(growth=-0.5, error=0.1), {"is_shrinking"}),
        (window(is_sparse=True), {"is_volatile"}),
    ],
)
def test_both_sides_of_every_limit(long, status):
    found = judge(days=30, **{LONG: long})
    assert reasons(found) == status
    assert found.is_calm[0] == (not status)


def test_what_is_not_known_is_never_calm():
    odd = window(growth=np.nan, error=np.nan, freedom=0)
    assert not judge(days=30, **{LONG: odd}).is_calm[0]
    assert not judge(days=60, **{LONG: odd, ROLLING: odd}).is_calm[0]


def test_the_rolling_window_leaves_a_ramp_behind():
    ramp = window(growth=0.6, error=0.05, variation=0.4)
    calm = judge(**{LONG: ramp, ROLLING: window(error=0.05)})
    assert calm.is_calm[0] and KINDS[calm.decided[0]] == ROLLING
    assert reasons(judge(**{LONG: ramp, ROLLING: window(growth=0.1, error=0.05)})) == {"is_uncertain"}
    assert reasons(judge(days=45, **{LONG: ramp, ROLLING: window(error=0.05)})) == {"is_volatile", "is_growing"}


def test_a_recent_window_that_clearly_grows_overrules_a_calm_long_one():
    found = judge(**{LONG: window(error=0.01), RECENT: window(growth=0.15, error=0.05)})
    assert reasons(found) == {"is_uncertain"} and KINDS[found.decided[0]] == RECENT
    assert reasons(judge(**{LONG: window(error=0.01), RECENT: window(growth=0.4, error=0.05)})) == {"is_growing"}
    assert judge(**{LONG: window(error=0.01), RECENT: window(growth=0.09, error=0.01)}).is_calm[0]
    assert judge(**{LONG: window(error=0.01), RECENT: window(growth=0.15, error=0.1)}).is_calm[0]


def test_what_was_stable_stays_so_at_less_confidence_and_a_later_look_needs_more():
    # a normal quantile of 2.58 for 1 %, of 1.28 for 20 %, of 4.4 for the 310th look
    once = window(growth=0.1, error=0.05)
    assert reasons(judge(looks=5, **{LONG: once, ROLLING: once})) == {"is_uncertain"}
    assert judge(looks=5, was_stable=True, **{LONG: once}).is_calm[0]
    flat = window(error=0.06)
    assert judge(looks=5, **{LONG: flat}).is_calm[0]
    assert reasons(judge(looks=309, **{LONG: flat, ROLLING: flat})) == {"is_uncertain"}


def test_a_job_is_judged_on_its_cycle_alone():
    sparse = window(is_sparse=True)
    found = judge(**{LONG: sparse, ROLLING: sparse, RECENT: sparse, CYCLE: window(error=0.01)})
    assert found.is_calm[0] and KINDS[found.decided[0]] == CYCLE and found.is_look[0]
    short = window(np.nan, np.nan, np.nan, freedom=0)
    waiting = judge(**{LONG: sparse, ROLLING: sparse, CYCLE: short})
    assert reasons(waiting) == {"is_short"} and not waiting.is_look[0]
    assert reasons(judge(**{LONG: sparse, ROLLING: sparse, CYCLE: NONE})) == {"is_volatile"}


@pytest.mark.parametrize(("window_days", "days"), [(30, 45), (14, 21), (31, 47)])
def test_the_rolling_window_is_one_and_a_half_windows(window_days, days):
    assert rolling_window_days(window_days) == days
    assert replace(LIMITS, window_days=window_days, window_max_days=200).rolling_days == days
