"""Stability and readiness of whole daily series, for measuring the rule on simulated and on real ones.

The rule is that of ``looks``, day after day, as the product applies it to an entity of which every day is known and
nothing else stands against: values are daily usage, all complete, and the history of each begins with its first value
above zero. Windows are estimated only where the rule asks for them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.cycles import CycleEstimate, estimate_cycle
from orchestration.statistics.growth import Floats, WindowEstimates, estimate_windows
from orchestration.statistics.holding import keeps_ready
from orchestration.statistics.looks import (
    CYCLE,
    LONG,
    RECENT,
    ROLLING,
    Before,
    Flags,
    Positions,
    StabilityLimits,
    judge_rows,
)

DEFAULT_LIMITS = StabilityLimits(
    window_days=30, window_max_days=60, max_variation=0.25, growth_margin=0.20, max_tail_days=5
)


def ready_days(stable: Flags) -> Flags:
    """For each day whether an experiment is ready of which only gate 4 moves: from its first stable day on until it was
    not stable on 3 of the last 5 days, and again from the next stable day on.
    """
    ready = np.zeros(len(stable), dtype=bool)
    since: list[bool] = []
    for day, is_stable in enumerate(stable):
        since = [*since, bool(is_stable)] if since or is_stable else []
        if since and not keeps_ready(since):
            since = []
        ready[day] = bool(since)
    return ready


def stable_days(values: Floats, first_weekday: int, limits: StabilityLimits = DEFAULT_LIMITS) -> Flags:
    """For each day of one series whether it is found stable, False before any verdict. ``first_weekday``: 0 is Monday.
    What is below zero is a credit, and no usage.
    """
    stable: Flags = stable_paths(np.maximum(values, 0.0)[None, :], first_weekday, limits)[0]
    return stable


def stable_paths(
    values: Floats, first_weekday: int = 0, limits: StabilityLimits = DEFAULT_LIMITS, first_only: bool = False
) -> Flags:
    """The same for many series of one length (rows x days). ``first_only``: a row is judged no more once it was stable."""
    rows, days = values.shape
    stable = np.zeros((rows, days), dtype=bool)
    start = np.where((values > 0).any(axis=1), (values > 0).argmax(axis=1), days)
    looks = np.zeros(rows, dtype=np.int64)
    for day in range(limits.window_days - 1, days):
        judged = np.flatnonzero(day - start + 1 >= limits.window_days)
        if first_only and day:
            judged = judged[~stable[judged].any(axis=1)]
        if not len(judged):
            continue
        before = stable[judged, day - 1] if day else np.zeros(len(judged), dtype=bool)
        length = np.minimum(day - start[judged] + 1, limits.window_max_days)
        windows = _Windows(values[judged], start[judged], first_weekday, day, limits)
        found = judge_rows(windows, length, Before(looks[judged], before), limits)
        stable[judged, day] = found.is_calm
        looks[judged] += ~before & found.is_look
    return stable


def cycle_windows(found: Sequence[CycleEstimate | None]) -> WindowEstimates:
    """Estimates on whole cycles as the rule takes them: sparse where there is no cycle."""
    result = WindowEstimates.unknown(len(found))
    for row, one in enumerate(found):
        if one is not None:
            result.variation[row], result.growth[row], result.error[row] = one.variation, one.growth, one.error
            result.freedom[row], result.is_sparse[row] = one.freedom, False
    return result


class _Windows:
    """Estimates of the windows that end on one day, made when they are asked for."""

    def __init__(self, values: Floats, start: Positions, first_weekday: int, day: int, limits: StabilityLimits) -> None:
        self.values, self.start, self.first_weekday, self.day, self.limits = values, start, first_weekday, day, limits

    def __call__(self, kind: str, rows: Positions) -> WindowEstimates:
        if kind == CYCLE:
            return cycle_windows([estimate_cycle(self.values[row, self.start[row] : self.day + 1]) for row in rows])
        lengths = self._lengths(kind, rows)
        result = WindowEstimates.unknown(len(rows))
        for length in np.unique(lengths):
            chosen = np.flatnonzero(lengths == length)
            first = self.day - int(length) + 1
            block = self.values[rows[chosen], first : self.day + 1]
            weekdays = np.full(len(chosen), (self.first_weekday + first) % 7)
            # growth of a window that is too variable decides nothing, unless it is what happened of late
            limit = None if kind == RECENT else self.limits.max_variation
            result.put(chosen, estimate_windows(block, weekdays, limit))
        return result

    def _lengths(self, kind: str, rows: Positions) -> NDArray[np.int64]:
        if kind == LONG:
            return np.minimum(self.day - self.start[rows] + 1, self.limits.window_max_days)
        return np.full(len(rows), self.limits.rolling_days if kind == ROLLING else self.limits.window_days)
