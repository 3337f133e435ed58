"""Weekly and monthly jobs are told from daily use and judged on whole cycles; the expected figures are by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from orchestration.statistics.cycles import cycle_days, estimate_cycle, trailing_month, without_runs
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


FIRSTS = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]


def paid_monthly(amount, base=0.0):
    """An amount on the first of each month of a year that is no leap year, beside a daily base."""
    values = np.full(365, base)
    values[FIRSTS] += amount
    return values


def trailing_months(values):
    return [trailing_month(values[: day + 1]) for day in range(len(values))]


def test_a_monthly_job_holds_its_rate_over_whole_cycles():
    values = paid_monthly(300.0)
    months = trailing_months(values)
    assert not any(months[:31])
    # the cycle is the last gap between two jobs, and longer while the next one is awaited
    assert (months[31], months[58], months[59], months[86], months[87], months[89]) == (31, 31, 28, 28, 29, 31)
    assert months[90] == 31
    for day in range(31, 365):
        assert values[day - months[day] + 1 : day + 1].sum() == 300, day


def test_a_monthly_charge_on_top_of_daily_usage_counts_once_in_every_window():
    values = paid_monthly(3000.0, base=10.0)
    for day, length in enumerate(trailing_months(values)[31:], start=31):
        assert values[day - length + 1 : day + 1].sum() == 3000 + 10 * length, day


def test_a_job_that_does_not_come_again_ends_its_cycle():
    values = np.concatenate([paid_monthly(300.0)[:60], np.zeros(60)])
    months = trailing_months(values)
    # the last job is on day 59: 34 days with it are up on day 92
    assert months[92] == 34
    assert not any(months[93:])


@pytest.mark.parametrize(
    "values",
    [
        np.full(120, 10.0),
        weekly(20),
        np.arange(1.0, 120.0),
        np.where(np.arange(90) == 29, 400.0, 10.0),
        np.full(120, -10.0),
    ],
    ids=["daily", "weekly", "growing", "one burst", "credits"],
)
def test_other_series_have_no_monthly_cycle(values):
    assert not any(trailing_months(values))


def test_the_runs_of_a_cycle_are_no_noise():
    assert without_runs(np.array([310.0] + [10.0] * 29)) == pytest.approx(np.full(30, 20.0))
    # two days of one run, 300 and 150 above the others' 10: 450 over 30 days
    assert without_runs(np.array([310.0, 160.0] + [10.0] * 28)) == pytest.approx(np.full(30, 25.0))
