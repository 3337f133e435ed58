"""The cost of waiting: overspend by hand, and that the test for stability is what keeps it small."""

import numpy as np
import pytest

from orchestration.statistics.cost_of_waiting import WAITING_DAYS, measure_waiting, overspend
from orchestration.statistics.simulated_costs import first_stable_days


def path(before, after):
    """A path of 30 days at one cost and 90 at another, behind two days that the run-rate no longer sees."""
    return np.array([[900.0] * 2 + [before] * 28 + [after] * 90])


@pytest.mark.parametrize(("after", "share"), [(10.0, 0.0), (12.5, 0.25), (4.0, 0.0)])
def test_overspend_is_what_ninety_days_cost_above_the_frozen_run_rate(after, share):
    assert overspend(path(10.0, after), 30) == pytest.approx([share])


def test_an_early_run_rate_knows_only_its_fourteen_days():
    costs = np.array([[10.0] * 14 + [20.0] * 90])
    assert overspend(costs, 14) == pytest.approx([1.0])


def test_paths_are_found_stable_on_their_first_day_and_never_before_the_thirtieth():
    rng = np.random.default_rng(4)
    steady = 1 + 0.01 * rng.standard_normal((5, 45))
    growing = steady * 1.6 ** (np.arange(45) / 30)
    assert first_stable_days(steady, 45).tolist() == [30] * 5
    assert first_stable_days(growing, 45).tolist() == [0] * 5
    assert first_stable_days(steady, 29).tolist() == [0] * 5


@pytest.mark.parametrize("noise", ["normal", "bursty"])
def test_waiting_for_stability_keeps_overspend_small(noise):
    early, month, later = measure_waiting(noise, paths=4)
    assert [early.day, month.day, later.day] == list(WAITING_DAYS)
    assert (early.stable, early.overspend_stable, early.steady_waiting) == (0.0, None, 1.0)
    # a quarter of the experiments grows by 60 % a month: over the three months after 14 days to about 2.4 times as much
    assert early.overspend_all > 0.4
    assert month.overspend_stable < 0.5 * month.overspend_all
    assert later.stable > month.stable > 0
    assert later.steady_waiting < month.steady_waiting < 1
