"""The stability verdict of one day: which days may be looked at, every reason against them, and what a verdict rests on.

Pure rules on plain values; what is seen in the days is the matter of ``looks``. The window ends on the last day that is
known to be complete at or before as-of, and is judged once it holds 30 consecutive complete days. A day with a definite
fault (a cap reached, a cap found missing, a new model) stays a reason while it lies in the last 30 days; after that the
window starts behind it. A verdict is ``Stable`` with its estimate or ``NotStable`` with its reasons, and nothing else:
without an estimate there is no stability.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.looks import Flags, StabilityLimits

INSUFFICIENT_REASONS = ("short_history", "missing_days", "stale", "no_evidence", "growth_uncertain")
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
class ObservationWindow:
    """Days ``first`` to ``last`` inclusive, as positions in the series, and the reasons that lie in them.

    ``is_judged`` says that there are enough consecutive complete days for the estimates to be asked for.
    ``clean_first``: where the complete days without a fault begin that end with it; a job's cycles may reach back to it.
    """

    first: int | None
    last: int | None
    reasons: tuple[str, ...]
    is_judged: bool
    clean_first: int | None = field(default=None, compare=False)

    @property
    def days(self) -> int:
        return 0 if self.first is None or self.last is None else self.last - self.first + 1


@dataclass(frozen=True)
class Estimate:
    """Variation and growth of one window, per 30 days; ``days`` it holds, ``cycle_days`` 1, or 7 and 30 where whole weeks or
    months of a job were judged. What is not finite is no estimate: it cannot be made.
    """

    variation: float
    growth: float
    low: float
    high: float
    days: int
    cycle_days: int = 1

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.variation, self.growth, self.low, self.high))):
            raise ValueError("an estimate needs a finite variation, growth and interval")


@dataclass(frozen=True)
class Finding:
    """What the looks at one series say on one day: an estimate where there is one, and the reasons that follow."""

    estimate: Estimate | None
    reasons: frozenset[str]


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
class Stable:
    """The verdict stable, and the estimate of cost that it rests on."""

    evidence: Estimate

    def __post_init__(self) -> None:
        if not isinstance(self.evidence, Estimate):
            raise TypeError("nothing is stable without an estimate")

    @property
    def status(self) -> str:
        return "stable"

    @property
    def reasons(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class NotStable:
    """Every reason against stability, in the order of the lists above; one definite reason makes it ``fail``."""

    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a verdict against stability names a reason")

    @property
    def status(self) -> str:
        return "fail" if any(reason in FAIL_REASONS for reason in self.reasons) else "insufficient"


Verdict = Stable | NotStable


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

    ``settle_days``: how many days before each as-of day were not yet settled on that day. A later run knows them, and
    judges the day by what was known then all the same.
    """

    def __init__(self, events: DailyEvents, limits: StabilityLimits, settle_days: int | NDArray[np.int64] = 0) -> None:
        self.events, self.limits = events, limits
        self.settle_days = np.broadcast_to(settle_days, len(events.is_complete))
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
        settled = as_of - int(self.settle_days[as_of])
        return int(self.last_complete[settled]) if settled >= 0 else -1

    def _window(self, as_of: int, last: int, begun: list[int]) -> ObservationWindow:
        needed = self.limits.window_days
        history = last - begun[-1] + 1
        complete = min(int(self.complete_run[last]), history)
        clean = min(int(self.clean_run[last]), self._since_new_model(last))
        reach = min(complete, max(needed, clean))
        length = min(reach, self.limits.window_max_days)
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
        clean_first = max(last - reach + 1, begun[-1])
        return ObservationWindow(first, last, _ordered(reasons), length >= needed, clean_first)

    def _since_new_model(self, last: int) -> int:
        before = self.new_models[self.new_models <= last]
        return last - int(before[-1]) + 1 if len(before) else last + 1

    def _changed(self, begun: list[int], last: int) -> list[str]:
        is_recent = len(begun) > 1 and last - begun[-1] + 1 < self.limits.window_days
        return ["configuration_changed"] if is_recent else []


def judge(window: ObservationWindow, cost: Finding | None, tokens: Finding | None) -> Verdict:
    """Verdict from the window's own reasons and what was seen of cost, and of tokens at constant price where there are any.

    Cost of which nothing is known, in a window that is long enough, is ``no_evidence``.
    """
    reasons = set(window.reasons)
    if window.is_judged:
        for finding in (cost, tokens):
            reasons |= finding.reasons if finding is not None else set()
    evidence = cost.estimate if cost is not None and window.is_judged else None
    if reasons:
        return NotStable(_ordered(reasons | ({"no_evidence"} if window.is_judged and cost is None else set())))
    return NotStable(("no_evidence",)) if evidence is None else Stable(evidence)


def _ordered(reasons: Iterable[str]) -> tuple[str, ...]:
    known = set(reasons)
    return tuple(reason for reason in (*INSUFFICIENT_REASONS, *FAIL_REASONS) if reason in known)
