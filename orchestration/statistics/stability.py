"""The stability verdict: which window is judged, at which confidence, and every reason against it.

Pure rules on plain values; the estimates come from ``growth``. The window ends on the last complete day at or before
as-of. It is 30 days long once 30 consecutive complete days exist (growth interval 90 %), and every later day the
longest window up to 60 days is judged again (98 %: looking again and again finds luck). A day with a definite fault
(a cap reached, a cap found missing, a new model) stays a reason while it lies in the last 30 days; after that the
window starts behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]

FIRST_LOOK_CONFIDENCE = 0.90
LATER_LOOK_CONFIDENCE = 0.98

INSUFFICIENT_REASONS = ("short_history", "missing_days", "stale", "growth_uncertain")
FAIL_REASONS = (
    "volatile",
    "growing",
    "shrinking",
    "cap_bound",
    "over_allocation",
    "cap_not_in_force",
    "configuration_changed",
)


@dataclass(frozen=True)
class StabilityLimits:
    """The policy keys of the stability test (``stability_*``)."""

    window_days: int
    window_max_days: int
    max_variation: float
    growth_margin: float
    max_tail_days: int


@dataclass(frozen=True)
class ObservationWindow:
    """Days ``first`` to ``last`` inclusive, as positions in the series, and the reasons that lie in them.

    ``is_judged`` says that there are enough consecutive complete days for the estimates to be asked for.
    """

    first: int | None
    last: int | None
    reasons: tuple[str, ...]
    is_judged: bool

    @property
    def days(self) -> int:
        return 0 if self.first is None or self.last is None else self.last - self.first + 1


@dataclass(frozen=True)
class Estimate:
    """Variation and growth of one window; NaN ratios with ``is_sparse``. Growth per 30 days."""

    variation: float
    growth: float
    low: float
    high: float
    is_sparse: bool


@dataclass(frozen=True)
class DailyEvents:
    """What is known of each day of one series, all arrays of one length.

    ``starts`` are the positions at which the history may begin: start or first cost, then each change of declared
    configuration.
    """

    is_complete: Flags
    is_cap_bound: Flags
    is_cap_not_in_force: Flags
    is_new_model: Flags
    is_over_allocation: Flags
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """``status`` is stable, fail or insufficient; ``reasons`` in the order of the lists above."""

    status: str
    reasons: tuple[str, ...]


def look_confidence(window_days: int, first_look_days: int) -> float:
    """90 % for the first look, at exactly the shortest window; 98 % for every longer one."""
    return FIRST_LOOK_CONFIDENCE if window_days == first_look_days else LATER_LOOK_CONFIDENCE


def last_complete_positions(is_complete: Flags) -> NDArray[np.int64]:
    """For each day the position of the last complete day at or before it, -1 where there is none."""
    positions = np.where(is_complete, np.arange(len(is_complete)), -1)
    return np.maximum.accumulate(positions) if len(positions) else positions


def consecutive_days(flags: Flags) -> NDArray[np.int64]:
    """For each day how many days in a row, ending with it, are flagged."""
    positions = np.arange(len(flags))
    last_break = np.maximum.accumulate(np.where(flags, -1, positions))
    return positions - last_break


class WindowChooser:
    """Chooses the observation window of one series for any as-of day, from counts prepared once.

    ``settle_days``: how many days before an as-of day were not yet settled on that day, so that a past day is judged by
    what was known then.
    """

    def __init__(self, events: DailyEvents, limits: StabilityLimits, settle_days: int = 0) -> None:
        self.events, self.limits, self.settle_days = events, limits, settle_days
        self.last_complete = last_complete_positions(events.is_complete)
        self.complete_run = consecutive_days(events.is_complete)
        fault = events.is_cap_bound | events.is_cap_not_in_force
        self.clean_run = consecutive_days(~fault)
        self.new_models = np.flatnonzero(events.is_new_model)

    def choose(self, as_of: int) -> ObservationWindow:
        """The window for the as-of day at position ``as_of``."""
        last = self.last_known(as_of)
        begun = [start for start in self.events.starts if start <= as_of]
        if not begun:
            return ObservationWindow(None, None, ("short_history",), is_judged=False)
        if last < begun[-1]:
            is_late = as_of - begun[-1] >= self.limits.max_tail_days
            reasons = ("short_history", *(("missing_days", "stale") if is_late else ()), *self._changed(begun, as_of))
            return ObservationWindow(None, None, _ordered(reasons), is_judged=False)
        return self._window(as_of, last, begun)

    def last_known(self, as_of: int) -> int:
        """Position of the last day known to be complete on the as-of day, -1 where there is none."""
        return int(self.last_complete[as_of - self.settle_days]) if as_of >= self.settle_days else -1

    def _window(self, as_of: int, last: int, begun: list[int]) -> ObservationWindow:
        needed = self.limits.window_days
        history = last - begun[-1] + 1
        complete = min(int(self.complete_run[last]), history)
        clean = min(int(self.clean_run[last]), self._since_new_model(last))
        length = min(complete, self.limits.window_max_days, max(needed, clean))
        recent = slice(max(begun[-1], last - needed + 1), last + 1)
        reasons = []
        if history < needed:
            reasons.append("short_history")
        if complete < min(needed, history):
            reasons.append("missing_days")
        if as_of - last > self.limits.max_tail_days:
            reasons.append("stale")
        if self.events.is_cap_bound[recent].any():
            reasons.append("cap_bound")
        if self.events.is_cap_not_in_force[recent].any():
            reasons.append("cap_not_in_force")
        if self.events.is_over_allocation[last]:
            reasons.append("over_allocation")
        if self.events.is_new_model[recent].any():
            reasons.append("configuration_changed")
        reasons += self._changed(begun, last)
        first = max(last - length + 1, begun[-1])
        return ObservationWindow(first, last, _ordered(reasons), is_judged=length >= needed)

    def _since_new_model(self, last: int) -> int:
        before = self.new_models[self.new_models <= last]
        return last - int(before[-1]) + 1 if len(before) else last + 1

    def _changed(self, begun: list[int], last: int) -> list[str]:
        is_recent = len(begun) > 1 and last - begun[-1] + 1 < self.limits.window_days
        return ["configuration_changed"] if is_recent else []


def judge(window: ObservationWindow, estimates: Sequence[Estimate], limits: StabilityLimits) -> Verdict:
    """Verdict from the window's own reasons and its estimates (cost, and tokens at constant price)."""
    reasons = set(window.reasons)
    if window.is_judged:
        for estimate in estimates:
            reasons |= estimate_reasons(estimate, limits)
    ordered = _ordered(reasons)
    if any(reason in FAIL_REASONS for reason in ordered):
        return Verdict("fail", ordered)
    return Verdict("insufficient" if ordered else "stable", ordered)


def estimate_reasons(estimate: Estimate, limits: StabilityLimits) -> set[str]:
    """Reasons that follow from one series: too sparse or too variable, growth outside or not inside the margin."""
    if estimate.is_sparse:
        return {"volatile"}
    reasons = set()
    if estimate.variation > limits.max_variation:
        reasons.add("volatile")
    if estimate.low >= limits.growth_margin:
        reasons.add("growing")
    elif estimate.high <= -limits.growth_margin:
        reasons.add("shrinking")
    elif not (estimate.low > -limits.growth_margin and estimate.high < limits.growth_margin):
        reasons.add("growth_uncertain")
    return reasons


def _ordered(reasons: Sequence[str] | set[str]) -> tuple[str, ...]:
    return tuple(reason for reason in (*INSUFFICIENT_REASONS, *FAIL_REASONS) if reason in reasons)
