"""Whole series: what the rule sees in shapes that real experiments have. Seeds are fixed; the shapes are the point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.statistics.looks import StabilityLimits
from orchestration.statistics.stable_series import ready_days, stable_days, stable_paths

DAY = np.arange(120)


def noisy(days, variation=0.05, seed=1):
    return 1 + variation * np.random.default_rng(seed).standard_normal(days)


def test_steady_use_is_stable_from_the_thirtieth_day_on():
    stable = stable_days(100 * noisy(60), 3)
    assert not stable[:29].any() and stable[29:].all()


@pytest.mark.parametrize(
    ("shape", "end"),
    [
        (np.minimum(1, 0.2 + 0.8 * DAY / 10), 10),
        (np.minimum(1, 0.2 + 0.8 * DAY / 30), 30),
        (np.where(DAY < 20, 0.5, 1.0), 20),
    ],
    ids=["ramp of 10 days", "ramp of 30 days", "step on day 20"],
)
def test_an_onboarding_ramp_is_left_behind_within_45_days(shape, end):
    stable = stable_days(shape[: end + 45] * noisy(end + 45), 0)
    assert not stable[:end].any() and stable.any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_growth_after_thirty_flat_days_is_seen_within_two_weeks(seed):
    stable = stable_days(1.4 ** (np.maximum(0, DAY[:60] - 29) / 30) * noisy(60, 0.03, seed), 0)
    assert stable[29] and not stable[44:].any()


def test_one_day_of_credit_neither_hides_nor_feigns_a_change():
    values = np.full(60, 100.0)
    values[40] = -2000.0
    noise = noisy(60, 0.02)
    assert (stable_days(values * noise, 0) == stable_days(np.maximum(values, 0) * noise, 0)).all()


def test_a_series_without_use_is_never_stable():
    assert not stable_days(np.zeros(60), 0).any()
    assert not stable_days(np.full(60, -5.0), 0).any()


def test_history_begins_with_the_first_use():
    late = np.concatenate([np.zeros(10), 100 * noisy(40)])
    assert np.flatnonzero(stable_days(late, 0))[0] == 39


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.15, 0.3]), st.sampled_from([0.0, 0.3]), st.integers(0, 6))
def test_rows_do_not_influence_each_other(seed, variation, growth, weekday):
    noise = np.random.default_rng(seed).standard_normal((4, 70))
    values = np.maximum(0, 1 + variation * noise) * (1 + growth) ** (np.arange(70) / 30)
    together = stable_paths(values, weekday)
    assert (together == np.stack([stable_days(row, weekday) for row in values])).all()
    first = stable_paths(values, weekday, first_only=True)
    assert (first.any(axis=1) == together.any(axis=1)).all()
    assert (first.argmax(axis=1) == together.argmax(axis=1)).all()


def test_other_lengths_of_window_are_looked_at_from_their_own_first_day():
    limits = StabilityLimits(16, 24, 0.25, 0.20, 5)
    stable = stable_days(100 * noisy(40, 0.005), 0, limits)
    assert np.flatnonzero(stable)[0] == 15


def test_readiness_bears_two_unstable_days_of_five():
    stable = np.array([0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1], dtype=bool)
    assert ready_days(stable).tolist() == [False] + [True] * 9 + [False, False, True]
