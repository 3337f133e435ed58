"""How often the 80 % interval of the run-rate holds the mean of the next 28 days, and how often that lies above it."""

from dataclasses import dataclass

import numpy as np

from benchmarks.series.segments import AHEAD_DAYS, Segment
from orchestration.statistics.run_rate import RUN_RATE_DAYS, SCALE_DIGITS, interval_half_width, mean_daily_cost


@dataclass(frozen=True)
class Covered:
    """One run-rate: whether the next 28 days lay in its interval, whether above it, and the half width over the rate (NaN
    where the rate is zero).
    """

    segment: Segment
    is_inside: bool
    is_above: bool
    relative_width: float

    @property
    def series(self) -> str:
        return self.segment.series


def observe(segment: Segment, days: int) -> Covered:
    """The run-rate after the first ``days`` of a segment against what came."""
    first = max(days - RUN_RATE_DAYS, 0)
    values = segment.values[first:days]
    weekdays = (segment.first_weekday + np.arange(first, days)) % 7
    mean = mean_daily_cost([round(value * 10**SCALE_DIGITS) for value in values.tolist()], weekdays.tolist())
    assert mean is not None, f"{segment.series}: fewer than seven weekdays in {days} days"
    rate, half = float(mean), float(interval_half_width(values[None], weekdays[None])[0])
    ahead = segment.ahead(days)
    inside = abs(ahead - rate) <= half
    return Covered(segment, inside, ahead > rate + half, half / rate if rate else float("nan"))


SEGMENT_DAYS = RUN_RATE_DAYS + AHEAD_DAYS
