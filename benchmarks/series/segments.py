"""Pseudo-experiments cut from the panel: every 30 days one begins, and knows nothing of the days before.

A segment is judged by what really came after it, so it ends with the series.
"""

from dataclasses import dataclass

from benchmarks.series.panel import Series
from orchestration.statistics.growth import Floats

EVERY_DAYS = 30
AHEAD_DAYS = 28


@dataclass(frozen=True)
class Segment:
    """The days of a series from a start on; ``first_weekday`` 0 is Monday."""

    series: str
    domain: str
    first_weekday: int
    values: Floats

    def change(self, days: int) -> float:
        """Relative change of the mean of the 28 days after the first ``days``, against the 28 days before; infinite where
        these were zero and the next are not.
        """
        before = float(self.values[max(days - AHEAD_DAYS, 0) : days].mean())
        after = self.ahead(days)
        if before == 0:
            return 0.0 if after == 0 else float("inf")
        return after / before - 1

    def ahead(self, days: int) -> float:
        """Mean of the 28 days after the first ``days``."""
        return float(self.values[days : days + AHEAD_DAYS].mean())


def cut(panel: list[Series], days: int) -> list[Segment]:
    """The segments of at least ``days`` days, in the order of the panel."""
    return [
        Segment(one.name, one.domain, (one.first_day.weekday() + start) % 7, one.values[start:])
        for one in panel
        for start in range(0, len(one.values) - days + 1, EVERY_DAYS)
    ]
