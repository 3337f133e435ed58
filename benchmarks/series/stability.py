"""How often the stability test and simpler rules are right on pseudo-experiments.

An experiment graduates on its first stable day between the 30th and the 60th. *False*: the mean of the next 28 days differs by
more than 20 % from that of the last 28. *Calm*: it differs by at most 10 % on the 30th, the 45th and the 60th day; power is how
many of the calm graduate. *Flapping*: not stable on the very next day.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from benchmarks.series.segments import AHEAD_DAYS, Segment
from orchestration.statistics.stable_series import ready_days, stable_days

Flags = NDArray[np.bool_]
FIRST_DAY, LAST_DAY = 30, 60
CALM_DAYS = (30, 45, 60)
CALM_CHANGE, FALSE_CHANGE = 0.10, 0.20
SEGMENT_DAYS = LAST_DAY + AHEAD_DAYS
RAW_VARIATION = 0.25
NO_TREND_P = 0.05


@dataclass(frozen=True)
class Outcome:
    """What a rule did with one segment. ``first`` is the day of graduation, counted from one, None where there is none; the
    flags of the next day are False then.
    """

    segment: Segment
    first: int | None
    is_stable_next_day: bool
    is_ready_next_day: bool

    @property
    def series(self) -> str:
        return self.segment.series

    @property
    def is_false(self) -> bool:
        return self.first is not None and is_changed(self.segment, self.first)

    @property
    def is_calm(self) -> bool:
        return all(abs(self.segment.change(day)) <= CALM_CHANGE for day in CALM_DAYS)


def is_changed(segment: Segment, days: int) -> bool:
    """Whether the 28 days after the first ``days`` cost more than 20 % more or less than the 28 before."""
    return abs(segment.change(days)) > FALSE_CHANGE


def product(segment: Segment) -> Flags:
    """The product's test, every day."""
    return stable_days(segment.values[: LAST_DAY + 1], segment.first_weekday)


def raw_variation(segment: Segment) -> Flags:
    """Standard deviation over mean of all days so far below 0.25, weekdays as they are."""
    return _daily(segment, lambda values: _variation(values) < RAW_VARIATION)


def raw_variation_without_trend(segment: Segment) -> Flags:
    """The same, and the Mann-Kendall test finds no trend at 5 %."""
    return _daily(segment, lambda values: _variation(values) < RAW_VARIATION and _trend_p(values) > NO_TREND_P)


RULES: dict[str, Callable[[Segment], Flags]] = {
    "the product": product,
    "variation below 0.25": raw_variation,
    "variation below 0.25, no Mann-Kendall trend": raw_variation_without_trend,
}


def judge(rule: Callable[[Segment], Flags], segments: list[Segment]) -> list[Outcome]:
    """One outcome per segment."""
    return [_outcome(segment, rule(segment)) for segment in segments]


def _outcome(segment: Segment, stable: Flags) -> Outcome:
    looked = np.flatnonzero(stable[FIRST_DAY - 1 : LAST_DAY])
    if not len(looked):
        return Outcome(segment, None, False, False)
    first = FIRST_DAY + int(looked[0])
    return Outcome(segment, first, bool(stable[first]), bool(ready_days(stable)[first]))


def _daily(segment: Segment, is_calm: Callable[[NDArray[np.float64]], bool]) -> Flags:
    stable = np.zeros(LAST_DAY + 1, dtype=bool)
    for day in range(FIRST_DAY, LAST_DAY + 2):
        stable[day - 1] = is_calm(segment.values[:day])
    return stable


def _variation(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / values.mean()) if values.any() else float("inf")


def _trend_p(values: NDArray[np.float64]) -> float:
    return float(kendalltau(np.arange(len(values)), values).pvalue)
