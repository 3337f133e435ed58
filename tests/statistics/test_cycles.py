"""Weekly and monthly jobs are told from daily use and judged on whole cycles; the expected figures are by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from orchestration.statistics.cycles import cycle_days, estimate_cycle
from orchestration.statistics.stable_series import stable_days

JULY = date(2026, 7, 1)


def weekly(weeks, amount=70.0, weekday=0):
    values = np.zeros(7 * weeks)
    values[weekday::7] = amount
    return values


def monthly(days, amount=300.0, day_of_month=1, base=0.0):
    values = np.full(days, base)
    for n in range(days):
        if (JULY + timedelta(days=n)).day == day_of_month:
            values[n] += amount
    return values


def test_cycles_are_told_apart():
    rng = np.random.default_rng(1)
    assert cycle_days(weekly(8)) == 7
    assert cycle_days(weekly(8) + weekly(8, 20.0, 3)) == 7
    assert cycle_days(monthly(150)) == 30
    assert cycle_days(monthly(150, base=5.0)) == 30
    assert cycle_days(monthly(150, day_of_month=31 - 3)) == 30
    for daily in (np.full(60, 5.0), rng.lognormal(0, 0.4, 90), np.tile([1, 1, 1, 1, 1, 0, 0], 9).astype(float)):
        assert cycle_days(daily) == 1
    assert cycle_days(np.zeros(60)) == 1


def test_bursts_at_no_fixed_distance_have_no_cycle():
    values = np.full(120, 1.0)
    values[[10, 25, 61, 70, 110]] = 20.0
    assert cycle_days(values) == 1


def test_two_bursts_a_month_apart_are_chance_and_three_a_month():
    values = np.full(75, 1.0)
    values[[10, 40]] = 20.0
    assert cycle_days(values[:60]) == 1
    values[70] = 20.0
    assert cycle_days(values) == 30


def test_a_job_whose_next_run_is_overdue_has_no_cycle_any_more():
    values = monthly(150)
    assert cycle_days(values[:153]) == 30
    assert cycle_days(np.concatenate([monthly(124), np.zeros(40)])) == 1
    assert cycle_days(np.concatenate([weekly(8), np.zeros(9)])) == 1


def test_whole_weeks_of_one_amount_have_no_variation_and_no_growth():
    found = estimate_cycle(weekly(8))
    assert (found.cycle_days, found.cycles, found.freedom) == (7, 8, 6)
    assert (found.variation, found.growth, found.error) == pytest.approx((0, 0, 0))


def test_growth_of_a_weekly_job_is_per_thirty_days():
    values = np.zeros(42)
    values[::7] = [100, 110, 120, 130, 140, 150]
    found = estimate_cycle(values)
    # 10 a week are 42.857 in 30 days, over a median of 125
    assert found.growth == pytest.approx(10 * 30 / 7 / 125)
    assert found.error == pytest.approx(0)


def test_a_monthly_cycle_reaches_from_run_to_run():
    # runs on the first of July to December, the last one open: five whole months
    found = estimate_cycle(monthly(170))
    assert (found.cycle_days, found.cycles, found.variation) == (30, 5, 0)
    short = estimate_cycle(monthly(95))
    assert (short.cycles, short.freedom) == (3, 0)


def test_a_regular_weekly_job_is_stable_and_one_that_grows_is_not():
    assert stable_days(weekly(9), 0)[29:].all()
    growing = weekly(9) * 1.4 ** (np.arange(63) / 30)
    assert not stable_days(growing, 0).any()


def test_a_regular_monthly_job_is_stable_from_its_fourth_whole_month_on():
    stable = stable_days(monthly(200), 2)
    fifth_run = (date(2026, 11, 1) - JULY).days
    assert not stable[:fifth_run].any() and stable[fifth_run:].all()


def test_a_spike_at_each_months_end_beside_steady_use_is_a_monthly_cycle():
    rng = np.random.default_rng(2)
    values = monthly(200, 400.0, 28, base=10.0) * (1 + 0.03 * rng.standard_normal(200))
    assert stable_days(values, 2)[150:].all()
