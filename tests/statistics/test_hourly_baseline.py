"""Median, spread and busy hours by a slow reading of the definition, and no look ahead."""

import numpy as np
import pytest

from orchestration.statistics.hourly_baseline import hourly_baselines


def slow(values: np.ndarray, day: int, hour: int) -> tuple[float, float]:
    if day == 0:
        return 0.0, 0.0
    if day >= 28:
        known = [values[day - 7 * week, hour] for week in (1, 2, 3, 4)]
    elif day >= 4:
        known = list(values[:day, hour])
    else:
        known = list(values[:day].ravel())
    middle = float(np.median(known))
    return middle, 1.4826 * float(np.median([abs(value - middle) for value in known]))


@pytest.fixture
def values() -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.gamma(1, 2, (40, 24)) * (rng.random((40, 24)) < 0.6)


def test_hour_of_week_else_hour_of_day_else_all_hours(values):
    found = hourly_baselines(values)
    for day in range(41):
        for hour in range(24):
            assert (found.usual[day, hour], found.spread[day, hour]) == pytest.approx(slow(values, day, hour))
    assert [found.at(day, 3)["basis"] for day in (0, 3, 4, 27, 28)] == [
        *("none", "all_hours", "hour_of_day", "hour_of_day", "hour_of_week")
    ]


def test_one_of_ten_hours_with_use_is_dearer_than_a_busy_one():
    values = np.zeros((5, 24))
    values[0, :10] = range(1, 11)
    assert hourly_baselines(values).busy(1) == 9


def test_no_day_knows_itself_or_a_later_one(values):
    later = values.copy()
    later[20:] = 99
    before, after = hourly_baselines(values), hourly_baselines(later)
    assert np.array_equal(before.usual[:21], after.usual[:21])
    assert np.array_equal(before.spread[:21], after.spread[:21])
    assert [before.busy(day) for day in range(21)] == [after.busy(day) for day in range(21)]
    assert np.array_equal(before.is_unattended[:21], after.is_unattended[:21])


def test_unattended_is_an_hour_without_use_of_a_key_in_use_for_a_week():
    values = np.zeros((10, 24))
    values[:, 9] = 1
    found = hourly_baselines(values)
    assert not found.is_unattended[6].any()
    assert found.is_unattended[7, 3]
    assert not found.is_unattended[7, 9]
