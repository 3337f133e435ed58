"""What a series usually is at each hour of each day, from the days before that day: median and spread.

Of the last 28 days: the same hour of the week where four values are known, else the same hour of the day where four are,
else all hours. Zeros count: they are hours without use. No day knows itself or a later one. Failure modes: none; a day
with nothing before it has ``days_known`` 0 and zeros.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

DAYS_BACK = 28
WEEK = 7
WEEKS_NEEDED = DAYS_NEEDED = 4
BUSY_SHARE = 0.9
NORMAL_CONSISTENT = 1.4826
ATTENDED_SHARE = 0.5
"""A series is in regular use if it is used on more than this share of the days known."""
BASES = ("none", "all_hours", "hour_of_day", "hour_of_week")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HourlyBaselines:
    """By day (the last one is the day after the series) and hour of the day: ``usual`` (median), ``spread`` (1.4826 median
    absolute deviations) and ``is_unattended`` (never used at this hour by a series in regular use). By day: ``basis`` (index
    into :data:`BASES`) and ``days_known``, at most 28.
    """

    usual: Floats
    spread: Floats
    days_known: NDArray[np.int64]
    is_unattended: NDArray[np.bool_]
    basis: NDArray[np.int64]
    values: Floats
    known_busy: dict[int, float] = field(default_factory=dict)

    def busy(self, day: int) -> float:
        """Of the hours with use before the day, the one that nine of ten do not exceed; 0 without any."""
        if day not in self.known_busy:
            self.known_busy[day] = self._busy(day)
        return self.known_busy[day]

    def _busy(self, day: int) -> float:
        before = self.values[max(0, day - DAYS_BACK) : day]
        ordered = np.sort(before[before > 0])
        return float(ordered[int(np.ceil(BUSY_SHARE * len(ordered))) - 1]) if len(ordered) else 0.0

    def at(self, day: int, hour: int) -> dict[str, Any]:
        """The fields of one hour's baseline; amounts as decimals of nine places."""
        amounts = (("usual", self.usual[day, hour]), ("spread", self.spread[day, hour]), ("busy", self.busy(day)))
        return {
            **{name: Decimal(f"{value:.9f}") for name, value in amounts},
            "days_known": int(self.days_known[day]),
            "is_unattended": bool(self.is_unattended[day, hour]),
            "basis": BASES[self.basis[day]],
        }


def hourly_baselines(values: Floats) -> HourlyBaselines:
    """``values``: one series by day and hour (days x 24) from its first day of use on."""
    days = len(values)
    padded = np.vstack([np.full((DAYS_BACK, 24), np.nan), values])
    before = np.lib.stride_tricks.sliding_window_view(padded, (DAYS_BACK, 24))[:, 0]
    known = np.minimum(np.arange(days + 1), DAYS_BACK)
    usual, spread = _median_and_spread(before, known)
    same_weekday = before[:, 0::WEEK]
    for_week = known >= WEEKS_NEEDED * WEEK
    usual[for_week], spread[for_week] = _median_and_spread(same_weekday[for_week], np.full(for_week.sum(), 4))
    basis = np.where(for_week, 3, np.where(known >= DAYS_NEEDED, 2, np.where(known > 0, 1, 0)))
    for day in range(1, min(DAYS_NEEDED, days + 1)):
        every = values[:day].ravel()
        usual[day] = np.median(every)
        spread[day] = NORMAL_CONSISTENT * np.median(np.abs(every - np.median(every)))
    usual[0] = spread[0] = 0.0
    used = np.nan_to_num(before) > 0
    in_use = used.any(axis=2).sum(axis=1) > ATTENDED_SHARE * known
    unattended = ~used.any(axis=1) & (in_use & (known >= WEEK))[:, None]
    return HourlyBaselines(usual, spread, known, unattended, basis, values)


def _median_and_spread(before: Floats, known: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """By day and hour, of the ``known`` values of each day; the others are NaN."""
    usual = _median(before, known)
    return usual, NORMAL_CONSISTENT * _median(np.abs(before - usual[:, None]), known)


def _median(before: Floats, known: NDArray[np.int64]) -> Floats:
    ordered = np.sort(before, axis=1)
    rows, last = np.arange(len(before)), np.maximum(known - 1, 0)
    return np.asarray((ordered[rows, last // 2] + ordered[rows, (last + 1) // 2]) / 2)
