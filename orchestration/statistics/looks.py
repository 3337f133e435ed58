"""Which windows a day's stability is judged by, at which error, and what follows: the one rule, for many series at once.

Every day up to three windows that end on the same day are looked at. The *long* one reaches back to the start of the
history, at most ``window_max_days``; the *rolling* one holds the last one and a half ``window_days``, so that an
onboarding ramp or a step is left behind; the *recent* one holds the last ``window_days``. Growth is inside the margin if
the whole interval of the long or of the rolling window is; a recent window that clearly grows overrules both. A series whose
days are too few or too variable is asked for its *cycle*: a weekly or monthly job is judged on whole cycles (``cycles``).

Looking again and again finds luck, so that the error is spent by a plan. While an entity is not stable each new day is
one more look, counted over its whole life, restarts of the history included: the first look may miss with 5 %, the next
ones with 1 % (rolling window: 2 %), and after the 31st the error falls with the third power of their number, so that
all that may still come sums to little. What was stable the day before is no new chance to be found stable by luck: it
stays so at 20 %.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.growth import Floats, WindowEstimates

Flags = NDArray[np.bool_]
Positions = NDArray[np.int64]

LONG, ROLLING, RECENT, CYCLE = "long", "rolling", "recent", "cycle"
KINDS = (LONG, ROLLING, RECENT, CYCLE)

FIRST_LOOK_ERROR = 0.05
LATER_LOOK_ERROR = 0.01
ROLLING_LOOK_ERROR = 0.02
KEPT_ERROR = 0.20
PLANNED_LOOKS = 31
PLANNED_DAYS = 30
SHORT_DECAY = 3
LOOK_DECAY = 3
RECENT_ERROR = 0.08
RECENT_MARGIN_SHARE = 0.5


@dataclass(frozen=True)
class StabilityLimits:
    """The policy keys of the stability test (``stability_*``)."""

    window_days: int
    window_max_days: int
    max_variation: float
    growth_margin: float
    max_tail_days: int

    @property
    def rolling_days(self) -> int:
        """Length of the rolling window."""
        return min(self.window_max_days, rolling_window_days(self.window_days))


def rolling_window_days(window_days: int) -> int:
    """One and a half windows, rounded up: the shortest ``window_max_days`` that leaves later looks more to see."""
    return -(-3 * window_days // 2)


def look_error(looks: Positions) -> Floats:
    """Two-sided error that the n-th look of the long window may spend, per entry."""
    later = LATER_LOOK_ERROR * np.minimum(1.0, PLANNED_LOOKS / np.maximum(looks, 1)) ** LOOK_DECAY
    return np.where(looks <= 1, FIRST_LOOK_ERROR, later)


def rolling_look_error(looks: Positions) -> Floats:
    """Two-sided error that the n-th look of the rolling window may spend, per entry."""
    return np.asarray(ROLLING_LOOK_ERROR * np.minimum(1.0, PLANNED_LOOKS / np.maximum(looks, 1)) ** LOOK_DECAY)


def short_share(days: Positions) -> Floats:
    """What of its error a look may spend on a window of so many days: all from 30 on, less in a shorter one, where chance
    and autocorrelation are hard to tell from a level.
    """
    return np.asarray(np.minimum(1.0, days / PLANNED_DAYS) ** SHORT_DECAY)


class Asked(Protocol):
    """Gives the estimates of one kind of window for some of the rows that are judged.

    Of a cycle: sparse where there is none, not sparse and without an estimate where it has too few whole cycles yet.
    """

    def __call__(self, kind: str, rows: Positions, /) -> WindowEstimates: ...


@dataclass(frozen=True)
class Before:
    """What is known of each row from the days before: looks spent, and whether it was stable on the last one."""

    looks: Positions
    was_stable: Flags


@dataclass(frozen=True)
class Judgements:
    """One entry per row. ``decided`` is the position in ``KINDS`` of the window that decided, whose estimates and half
    interval stand beside; the flags are the reasons that follow. No flag and an estimate: calm.
    """

    decided: NDArray[np.int64]
    estimates: WindowEstimates
    half: Floats
    is_volatile: Flags
    is_growing: Flags
    is_shrinking: Flags
    is_uncertain: Flags
    is_short: Flags

    @property
    def is_calm(self) -> Flags:
        """Nothing stands against these rows."""
        against = self.is_volatile | self.is_growing | self.is_shrinking | self.is_uncertain | self.is_short
        return ~against & np.isfinite(self.half)

    @property
    def is_look(self) -> Flags:
        """There was something to see: these rows spent a look."""
        return ~self.estimates.is_sparse & ~self.is_short


def judge_rows(ask: Asked, window_days: Positions, before: Before, limits: StabilityLimits) -> Judgements:
    """Judge one day of many series. ``window_days``: length of each long window, at least ``limits.window_days``."""
    rows, looks = np.arange(len(window_days)), before.looks + 1
    judged = _Judging(limits, WindowEstimates.unknown(len(rows)), before)
    judged.settle(rows, LONG, ask(LONG, rows), look_error(looks) * short_share(window_days))
    odd = rows[judged.estimates.is_sparse | (judged.estimates.variation > limits.max_variation)]
    if len(odd):
        cycle = ask(CYCLE, odd)
        found = np.flatnonzero(~cycle.is_sparse)
        judged.settle(odd[found], CYCLE, cycle.take(found), look_error(looks[odd[found]]))
    by_day = judged.decided != KINDS.index(CYCLE)
    rest = rows[~judged.is_inside & by_day & (window_days > limits.rolling_days)]
    if len(rest):
        error_rate = rolling_look_error(looks[rest]) * short_share(np.array([limits.rolling_days]))
        judged.settle(rest, ROLLING, ask(ROLLING, rest), error_rate)
    watched = rows[judged.is_inside & by_day & (window_days > limits.window_days)]
    if len(watched):
        judged.overrule(watched, ask(RECENT, watched))
    return judged.judgements()


class _Judging:
    """What one day's judgement rests on so far, one entry per row."""

    def __init__(self, limits: StabilityLimits, estimates: WindowEstimates, before: Before) -> None:
        rows = len(before.was_stable)
        self.limits, self.estimates, self.was_stable = limits, estimates, before.was_stable
        self.decided = np.zeros(rows, dtype=np.int64)
        self.half = np.full(rows, np.nan)
        self.is_inside, self.is_drifting = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)

    def settle(self, rows: Positions, kind: str, found: WindowEstimates, error_rate: Floats) -> None:
        """These rows now rest on ``found``; what was stable the day before is judged with less confidence."""
        half = found.half_width(np.where(self.was_stable[rows], KEPT_ERROR, error_rate))
        self.estimates.put(rows, found)
        self.decided[rows], self.half[rows] = KINDS.index(kind), half
        self.is_inside[rows] = _is_inside(found, half, self.limits)

    def overrule(self, rows: Positions, recent: WindowEstimates) -> None:
        """Rows that clearly grow or shrink of late rest on their recent window and are not calm."""
        half = recent.half_width(np.full(len(rows), RECENT_ERROR))
        size = np.abs(recent.growth)
        drift = np.flatnonzero((size > RECENT_MARGIN_SHARE * self.limits.growth_margin) & (size > half))
        self.estimates.put(rows[drift], recent.take(drift))
        self.decided[rows[drift]], self.half[rows[drift]] = KINDS.index(RECENT), half[drift]
        self.is_drifting[rows[drift]] = True

    def judgements(self) -> Judgements:
        found, margin = self.estimates, self.limits.growth_margin
        low, high = found.growth - self.half, found.growth + self.half
        short = ~found.is_sparse & (found.freedom == 0) & (self.decided == KINDS.index(CYCLE))
        volatile = found.is_sparse | (found.variation > self.limits.max_variation)
        growing, shrinking = low >= margin, high <= -margin
        inside = (low > -margin) & (high < margin) & ~self.is_drifting
        uncertain = np.isfinite(self.half) & ~growing & ~shrinking & ~inside
        return Judgements(self.decided, found, self.half, volatile, growing, shrinking, uncertain, short)


def _is_inside(estimates: WindowEstimates, half: Floats, limits: StabilityLimits) -> Flags:
    """The whole interval lies inside the margin and variation within its limit; never so without an estimate."""
    low, high = estimates.growth - half, estimates.growth + half
    inside: Flags = (
        (low > -limits.growth_margin)
        & (high < limits.growth_margin)
        & (estimates.variation <= limits.max_variation)
        & ~estimates.is_sparse
    )
    return inside
