"""The estimator on series whose truth is known, against independent formulas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from orchestration.statistics.growth import autocorrelation, estimate_windows, theil_sen_slope

MONDAY = np.array([0])
TEN_PERCENT = np.array([0.10])


def weekdays_only(level, days):
    return np.where(np.arange(days) % 7 < 5, level, 0.0)


def test_theil_sen_equals_scipy():
    rng = np.random.default_rng(1)
    values, position = rng.normal(10, 2, (5, 31)), np.arange(31.0)
    position[20:] += 2
    expected = [stats.theilslopes(row, position)[0] for row in values]
    assert theil_sen_slope(values, position) == pytest.approx(expected)


def test_a_weekend_drop_is_neither_variation_nor_growth():
    costs = np.where(np.arange(30) % 7 >= 5, 0.4, 1.0)[None, :]
    found = estimate_windows(costs, MONDAY)
    assert found.variation[0] == pytest.approx(0, abs=1e-12)
    assert (found.growth[0], found.half_width(TEN_PERCENT)[0]) == pytest.approx((0, 0), abs=1e-12)


def test_variation_behind_a_weekend_drop_is_the_true_one():
    rng = np.random.default_rng(2)
    noise = 1 + 0.13 * rng.standard_normal((400, 30))
    dropped = noise * np.where(np.arange(30) % 7 >= 5, 0.4, 1.0)
    found = estimate_windows(dropped, np.zeros(400, dtype=np.int64))
    assert np.median(found.variation) == pytest.approx(0.13, abs=0.01)
    raw = dropped.std(axis=1, ddof=1) / dropped.mean(axis=1)
    assert np.median(raw) > 0.3


def test_growth_is_the_slope_of_thirty_days_over_the_median():
    days = np.arange(35)
    costs = (100 + 2.0 * days)[None, :]
    found = estimate_windows(costs, MONDAY)
    assert found.growth[0] == pytest.approx(2.0 * 30 / 134, rel=0.1)
    assert found.half_width(TEN_PERCENT)[0] > 0


def test_a_wider_confidence_is_a_wider_interval():
    costs = np.random.default_rng(3).normal(10, 1, (1, 40)).repeat(2, axis=0)
    found = estimate_windows(costs, np.zeros(2, dtype=np.int64))
    narrow, wide = found.half_width(np.array([0.10, 0.02]))
    # Student with 32 degrees of freedom (40 days less 7 weekdays and the slope): 1.6939 and 2.4487
    assert wide / narrow == pytest.approx(2.4487 / 1.6939, rel=1e-4)


def test_weekdays_without_use_are_left_out():
    noise = 1 + 0.05 * np.random.default_rng(4).standard_normal(42)
    found = estimate_windows((weekdays_only(10.0, 42) * noise)[None, :], MONDAY)
    assert not found.is_sparse[0]
    assert found.variation[0] < 0.10


def test_a_negative_day_is_no_usage_and_is_refused():
    costs = np.full((1, 30), 100.0)
    costs[0, 10] = -2000.0
    with pytest.raises(ValueError, match="negative"):
        estimate_windows(costs, MONDAY)


@pytest.mark.parametrize("used", [0, 14])
def test_too_few_days_of_use_are_sparse(used):
    costs = np.zeros(30)
    costs[:used] = 5.0
    found = estimate_windows(costs[None, :], MONDAY)
    assert found.is_sparse[0]
    assert np.isnan(found.growth[0])


def test_fifteen_days_of_use_are_not_sparse_unless_the_median_is_zero():
    enough = np.zeros(21)
    enough[:15] = 5.0
    assert not estimate_windows(enough[None, :], MONDAY).is_sparse[0]
    rare = np.zeros(60)
    rare[::4] = 5.0
    assert estimate_windows(rare[None, :], MONDAY).is_sparse[0]


@pytest.mark.parametrize("phi", [0.0, 0.4, 0.7])
def test_autocorrelation_is_corrected_for_bias(phi):
    rng = np.random.default_rng(5)
    noise = np.zeros((2000, 85))
    shocks = rng.standard_normal(noise.shape)
    for day in range(1, 85):
        noise[:, day] = phi * noise[:, day - 1] + shocks[:, day]
    series, days = noise[:, 40:], np.arange(45.0)
    for weekday in range(7):
        series[:, weekday::7] -= series[:, weekday::7].mean(axis=1, keepdims=True)
    slope = (series * (days - days.mean())).sum(axis=1) / ((days - days.mean()) ** 2).sum()
    residual = series - slope[:, None] * days
    residual -= residual.mean(axis=1, keepdims=True)
    tolerance = 0.09 if phi == 0 else 0.06
    assert autocorrelation(residual).mean() == pytest.approx(phi, abs=tolerance)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(1, 100), min_size=30, max_size=45),
    st.floats(0.001, 1000),
    st.integers(0, 6),
)
def test_scale_changes_nothing(costs, scale, first_weekday):
    values = np.array([costs])
    one = estimate_windows(values, np.array([first_weekday]))
    other = estimate_windows(values * scale, np.array([first_weekday]))
    assert other.variation == pytest.approx(one.variation, rel=1e-6, abs=1e-9)
    assert other.growth == pytest.approx(one.growth, rel=1e-6, abs=1e-9)
    assert other.error == pytest.approx(one.error, rel=1e-5, abs=1e-6)


def test_rows_do_not_influence_each_other():
    rng = np.random.default_rng(6)
    values = rng.lognormal(0, 0.4, (6, 33))
    values[2, np.arange(33) % 7 == 3] = 0
    first = np.array([0, 3, 5, 1, 0, 6])
    together = estimate_windows(values, first)
    for n in range(6):
        alone = estimate_windows(values[n : n + 1], first[n : n + 1])
        assert alone.growth[0] == pytest.approx(together.growth[n], nan_ok=True)
        assert alone.variation[0] == pytest.approx(together.variation[n], nan_ok=True)
