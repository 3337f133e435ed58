"""The product's stability verdict for every day of a series of which nothing else is known."""

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.growth import Floats, estimate_windows
from orchestration.statistics.simulated_costs import FIRST_LOOK, GROWTH_MARGIN, LAST_LOOK, MAX_VARIATION
from orchestration.statistics.stability import look_confidence

Flags = NDArray[np.bool_]
HELD_DAYS, MAX_UNSTABLE_DAYS = 5, 2


def stable_days(values: Floats, first_weekday: int) -> Flags:
    """Whether each day is found stable, by the looks of ``statistics.stability``; 0 is Monday."""
    stable = np.zeros(len(values), dtype=bool)
    for day in range(FIRST_LOOK, len(values) + 1):
        first = max(day - LAST_LOOK, 0)
        weekday = np.array([(first_weekday + first) % 7])
        confidence = np.array([look_confidence(day - first, FIRST_LOOK)])
        found = estimate_windows(values[None, first:day], weekday, confidence, MAX_VARIATION)
        is_inside = found.low[0] > -GROWTH_MARGIN and found.high[0] < GROWTH_MARGIN
        stable[day - 1] = is_inside and found.variation[0] <= MAX_VARIATION
    return stable


def ready_days(stable: Flags) -> Flags:
    """Ready from the first stable day until 3 of the last 5 days were not stable, and again from the next stable one."""
    ready = np.zeros(len(stable), dtype=bool)
    since: int | None = None
    for day, is_stable in enumerate(stable):
        if since is None and is_stable:
            since = day
        if since is not None:
            recent = stable[max(since, day - HELD_DAYS + 1) : day + 1]
            since = None if (~recent).sum() > MAX_UNSTABLE_DAYS else since
        ready[day] = since is not None
    return ready
