"""The stability verdict of every entity for every as-of day of its series, computed together.

Windows of neighbouring days share most of their days and are estimated in batches of equal length; the rule of ``looks``
then goes through the days one after the other, because what it asks of a day hangs on the looks and verdicts before.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestration.run_rate.series import DailySeries
from orchestration.statistics.cycles import CycleEstimate, estimate_cycle
from orchestration.statistics.growth import Floats, WindowEstimates, estimate_windows
from orchestration.statistics.looks import (
    CYCLE,
    KINDS,
    LONG,
    RECENT,
    ROLLING,
    Before,
    Flags,
    Judgements,
    Positions,
    StabilityLimits,
    judge_rows,
)
from orchestration.statistics.stability import Estimate, Finding, ObservationWindow, Verdict, judge
from orchestration.statistics.stable_series import cycle_windows

Span = tuple[int, int, int]

UNPRICED = Finding(None, frozenset({"no_evidence"}))
"""Tokens of a window in which some have no price: how many there were at constant price is not known."""


@dataclass(frozen=True)
class StabilityDay:
    """The verdict of one day, the window that it rests on and what was seen of cost in it; ``estimate`` is None where
    no window is judged or nothing can be estimated.
    """

    window: ObservationWindow
    verdict: Verdict
    estimate: Estimate | None


def stability_of(
    series: Sequence[DailySeries], windows: Sequence[Sequence[ObservationWindow]], limits: StabilityLimits
) -> list[list[StabilityDay]]:
    """One list of days per series; ``windows`` holds the chosen window of each of its days."""
    cost = _Seen([one.stable_basis for one in series], series, windows, limits)
    tokens = _Seen([one.constant_price for one in series], series, windows, limits)
    found: list[list[StabilityDay]] = [[] for _ in series]
    was_stable = np.zeros(len(series), dtype=bool)
    judged_until = np.full(len(series), -1)
    for at in range(max(map(len, windows), default=0)):
        running = [n for n, part in enumerate(windows) if at < len(part)]
        judged = np.array([n for n in running if windows[n][at].is_judged], dtype=np.int64)
        until = np.array([windows[n][at].last for n in judged], dtype=np.int64)
        is_new = until != judged_until[judged]
        judged_until[judged] = until
        costs = cost.findings(judged, at, is_new, was_stable)
        token_findings = tokens.findings(judged, at, is_new, was_stable)
        for n in running:
            seen = costs.get(n)
            token_finding = UNPRICED if tokens.is_unknown(n, at) else _finding(token_findings.get(n))
            verdict = judge(windows[n][at], seen.finding if seen else None, token_finding)
            window = windows[n][at] if seen is None else _narrowed(windows[n][at], seen)
            found[n].append(StabilityDay(window, verdict, seen.finding.estimate if seen else None))
        was_stable[running] = [found[n][at].verdict.status == "stable" for n in running]
    return found


@dataclass(frozen=True)
class _Look:
    """What was seen of one series on one day, in a window of ``days``; ``is_calm`` where nothing stands against it."""

    finding: Finding
    days: int
    is_calm: bool


def _finding(look: _Look | None) -> Finding | None:
    return None if look is None else look.finding


def _narrowed(window: ObservationWindow, seen: _Look) -> ObservationWindow:
    """The observation window of a day that is calm in a shorter window, or in the whole cycles of a job."""
    if not seen.is_calm or window.last is None or seen.days == window.days:
        return window
    return replace(window, first=window.last - seen.days + 1)


class _Seen:
    """The estimates of one kind of daily values, for every window that a day may be judged by."""

    def __init__(
        self,
        values: list[Floats],
        series: Sequence[DailySeries],
        windows: Sequence[Sequence[ObservationWindow]],
        limits: StabilityLimits,
    ) -> None:
        self.values, self.series, self.windows, self.limits = values, series, windows, limits
        self.unknown = [np.concatenate([[0], np.cumsum(~np.isfinite(part))]) for part in values]
        self.first_use = [int(np.argmax(part > 0)) if (part > 0).any() else len(part) for part in values]
        self.estimates, self.places = self._estimated()
        self.cycles: dict[tuple[int, int], CycleEstimate | None] = {}
        self.looks, self.looks_before = (np.zeros(len(series), dtype=np.int64) for _ in range(2))

    def findings(self, judged: Positions, at: int, is_new: Flags, was_stable: Flags) -> dict[int, _Look]:
        """By series, what the looks of position ``at`` say; without those of which nothing is known. A window that is not
        new was looked at before and is no further look.
        """
        chosen = np.array([i for i, n in enumerate(judged) if self._is_known(n, at)], dtype=np.int64)
        if not len(chosen):
            return {}
        rows = judged[chosen]
        fresh = rows[is_new[chosen]]
        self.looks_before[fresh] = self.looks[fresh]
        lengths = np.array([self.windows[n][at].days for n in rows])

        def ask(kind: str, wanted: Positions) -> WindowEstimates:
            if kind == CYCLE:
                return cycle_windows([self._cycle(int(rows[n]), at) for n in wanted])
            return self.estimates.take(np.array([self.places[self._span(int(rows[n]), at, kind)] for n in wanted]))

        before = Before(self.looks_before[rows], was_stable[rows])
        found = judge_rows(ask, lengths, before, self.limits)
        self.looks[rows] = self.looks_before[rows] + (~was_stable[rows] & found.is_look)
        return {int(n): self._look(found, i, int(n), at) for i, n in enumerate(rows)}

    def is_unknown(self, n: int, at: int) -> bool:
        """A window is judged, and the value of one of its days is not known."""
        if not self.windows[n][at].is_judged:
            return False
        first, last = self._span(n, at, LONG)[1:]
        return bool(self.unknown[n][last + 1] != self.unknown[n][first])

    def _is_known(self, n: int, at: int) -> bool:
        """All days of the window are known, and something was used by its end."""
        return not self.is_unknown(n, at) and self.first_use[n] <= self._span(n, at, LONG)[2]

    def _span(self, n: int, at: int, kind: str) -> Span:
        window = self.windows[n][at]
        assert window.first is not None and window.last is not None
        if kind == LONG:
            return n, window.first, window.last
        days = self.limits.rolling_days if kind == ROLLING else self.limits.window_days
        return n, window.last - days + 1, window.last

    def _cycle(self, n: int, at: int) -> CycleEstimate | None:
        """On the clean days that end with the window; one estimate for each day on which they end."""
        window = self.windows[n][at]
        assert window.last is not None and window.clean_first is not None
        first = max(window.clean_first, self.first_use[n])
        key = (n, window.last)
        if key not in self.cycles:
            part = self.values[n][first : window.last + 1]
            self.cycles[key] = estimate_cycle(part) if np.isfinite(part).all() else None
        return self.cycles[key]

    def _estimated(self) -> tuple[WindowEstimates, dict[Span, int]]:
        wanted = set()
        for n, part in enumerate(self.windows):
            for at, window in enumerate(part):
                if window.is_judged and self._is_known(n, at):
                    wanted.add(self._span(n, at, LONG))
                    if window.days > self.limits.rolling_days:
                        wanted.add(self._span(n, at, ROLLING))
                    if window.days > self.limits.window_days:
                        wanted.add(self._span(n, at, RECENT))
        by_length: dict[int, list[Span]] = defaultdict(list)
        for span in sorted(wanted):
            by_length[span[2] - span[1] + 1].append(span)
        estimates = WindowEstimates.unknown(len(wanted))
        places: dict[Span, int] = {}
        for spans in by_length.values():
            block = np.stack([self.values[n][first : last + 1] for n, first, last in spans])
            weekdays = np.array([self.series[n].day(first).weekday() for n, first, _ in spans])
            here = np.arange(len(places), len(places) + len(spans))
            estimates.put(here, estimate_windows(block, weekdays))
            places.update(zip(spans, map(int, here), strict=True))
        return estimates, places

    def _look(self, found: Judgements, row: int, n: int, at: int) -> _Look:
        kind = KINDS[found.decided[row]]
        cycle = self._cycle(n, at) if kind == CYCLE else None
        window = self.windows[n][at]
        days = window.days
        if kind in (ROLLING, RECENT):
            days = self.limits.rolling_days if kind == ROLLING else self.limits.window_days
        elif cycle is not None and window.last is not None and window.clean_first is not None:
            days = window.last - max(window.clean_first, self.first_use[n]) + 1
        flags = {
            "volatile": found.is_volatile[row],
            "growing": found.is_growing[row],
            "shrinking": found.is_shrinking[row],
            "growth_uncertain": found.is_uncertain[row],
            "short_history": found.is_short[row],
        }
        numbers = found.estimates
        growth, half = float(numbers.growth[row]), float(found.half[row])
        estimate = None
        if np.isfinite(half) and np.isfinite(growth):
            estimate = Estimate(
                float(numbers.variation[row]),
                growth,
                growth - half,
                growth + half,
                days,
                1 if cycle is None else cycle.cycle_days,
            )
        reasons = frozenset(reason for reason, holds in flags.items() if holds)
        return _Look(Finding(estimate, reasons), days, bool(found.is_calm[row]))
