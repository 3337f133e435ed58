"""The exact mean, its weekday balance, and the interval's formula."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.statistics.run_rate import (
    interval_half_width,
    mean_daily_cost,
    per_month,
    per_year,
    prediction_variance,
    scaled,
    without_peaks,
)


def test_four_whole_weeks_are_the_plain_mean():
    amounts = [scaled(Decimal(n)) for n in range(28)]
    assert mean_daily_cost(amounts, [n % 7 for n in range(28)]) == Decimal("13.5")


def test_fewer_days_are_balanced_over_weekdays():
    # eight days from Monday: Monday seen twice (10, 24: mean 17), the other days 10 each; (17 + 6 x 10) / 7 = 11
    amounts = [scaled(Decimal(10))] * 7 + [scaled(Decimal(24))]
    assert mean_daily_cost(amounts, [0, 1, 2, 3, 4, 5, 6, 0]) == 11


def test_six_weekdays_have_no_run_rate_and_seven_do():
    amounts = [scaled(Decimal(1))] * 12
    assert mean_daily_cost(amounts, [0, 1, 2, 3, 4, 5] * 2) is None
    assert mean_daily_cost(amounts[:7], list(range(7))) == 1


def test_month_and_year():
    assert per_month(Decimal(12)) == Decimal("365.25")
    assert per_year(Decimal(2)) == Decimal("730.5")


def test_more_decimals_than_kept_are_an_error():
    with pytest.raises(ValueError, match="12 decimals"):
        scaled(Decimal("0.0000000000001"))


@given(st.lists(st.integers(-(10**16), 10**16), min_size=7, max_size=28))
def test_mean_is_exact_against_fractions(amounts):
    weekdays = [n % 7 for n in range(len(amounts))]
    by_weekday = [[Fraction(a) for a, w in zip(amounts, weekdays, strict=True) if w == k] for k in range(7)]
    exact = sum(sum(part) / len(part) for part in by_weekday) / 7 / 10**12
    found = mean_daily_cost(amounts, weekdays)
    assert found is not None
    assert abs(Fraction(found) - exact) < Fraction(1, 10**30)


def test_without_autocorrelation_the_variance_is_that_of_two_independent_means():
    assert prediction_variance(np.array([0.0]), 28, 28)[0] == pytest.approx(2 / 28)


@pytest.mark.parametrize("phi", [0.2, 0.6, 0.9])
def test_prediction_variance_equals_the_quadratic_form(phi):
    observed, ahead = 21, 28
    weights = np.r_[np.full(observed, -1 / observed), np.full(ahead, 1 / ahead)]
    position = np.arange(observed + ahead)
    covariance = phi ** np.abs(position[:, None] - position[None, :])
    assert prediction_variance(np.array([phi]), observed, ahead)[0] == pytest.approx(weights @ covariance @ weights)


def test_a_steady_week_drifts_by_six_percent_and_seven_days_have_no_width_at_all():
    # (5 x 10 + 2 x 4) / 7 = 8.2857 a day; no noise around the weekdays, so the drift alone: 0.06 x 8.2857 = 0.4971
    weekdays = np.arange(28)[None, :] % 7
    steady = np.where(weekdays >= 5, 4.0, 10.0)
    assert interval_half_width(steady, weekdays)[0] == pytest.approx(0.06 * 58 / 7)
    assert np.isnan(interval_half_width(steady[:, :7], weekdays[:, :7])[0])


def test_noise_and_drift_add_as_independent_errors():
    # one weekday is 10 + 4, 10, 10 - 4, 10: 32 squared in 21 degrees of freedom, no autocorrelation (days apart), so the
    # error of two means of 28 days is sqrt(32 / 21 x 2 / 28) = 0.330; t(21) at 90 % is 1.3232
    values = np.full((1, 28), 10.0)
    values[0, [0, 14]] += np.array([4.0, -4.0])
    weekdays = np.arange(28)[None, :] % 7
    expected = ((1.7 * 1.3232 * (32 / 21 * 2 / 28) ** 0.5) ** 2 + (0.06 * 10) ** 2) ** 0.5
    assert interval_half_width(values, weekdays)[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("days", [14, 28])
def test_a_level_that_drifts_is_covered_about_four_times_in_five_and_a_steady_one_more_often(days):
    rng = np.random.default_rng(9)
    steady = 10 + rng.standard_normal((3000, days + 28))
    weekdays = np.tile(np.arange(days) % 7, (3000, 1))
    covered = []
    for drift in (0.0, 0.03):
        costs = steady * np.exp(rng.normal(0, drift, steady.shape).cumsum(axis=1) * 0.5)
        width = interval_half_width(costs[:, :days], weekdays)
        covered.append((np.abs(costs[:, days:].mean(axis=1) - costs[:, :days].mean(axis=1)) <= width).mean())
    assert covered[0] > 0.95
    assert 0.72 < covered[1] < 0.95


def test_longer_than_28_days_each_day_counts_alike():
    amounts = [scaled(Decimal(300))] + [0] * 29
    assert mean_daily_cost(amounts, [n % 7 for n in range(30)]) == 10


def test_the_runs_of_a_monthly_job_are_no_noise():
    # two months of 30 days, 300 more on the first two days of each beside 10 a day: 600 / 30 + 10 = 30 a day
    values = np.array(([310.0, 310.0] + [10.0] * 28) * 2)
    assert without_peaks(values) == pytest.approx(np.full(60, 30.0))
