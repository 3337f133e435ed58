"""Run-rate and stability of every entity for every as-of day of its series, computed together.

Windows and run-rate spans are chosen per day, then estimated in batches of equal length: neighbouring days share most
of them.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from orchestration.run_rate.series import DailySeries
from orchestration.statistics.growth import Floats, estimate_windows
from orchestration.statistics.run_rate import (
    RUN_RATE_DAYS,
    SCALE_DIGITS,
    cycle_days,
    interval_half_width,
    mean_daily_cost,
    per_month,
    per_year,
    without_peak,
)
from orchestration.statistics.stability import (
    DailyEvents,
    Estimate,
    ObservationWindow,
    StabilityLimits,
    Verdict,
    WindowChooser,
    judge,
    look_confidence,
)

Span = tuple[int, int, int]


@dataclass(frozen=True)
class RunRate:
    """Run-rate per month with its 80 % interval, and per year; ``positions`` are the days it rests on."""

    monthly: Decimal | None
    low: Decimal | None
    high: Decimal | None
    annual: Decimal | None
    positions: tuple[int, ...]


@dataclass(frozen=True)
class DayState:
    """What is known of one entity on one as-of day. ``cost_estimate`` is None where no window is judged."""

    as_of: date
    position: int
    run_rate: RunRate
    window: ObservationWindow
    verdict: Verdict
    cost_estimate: Estimate | None


def evaluate_history(
    series: list[DailySeries], events: list[DailyEvents], limits: StabilityLimits, settle_days: int
) -> list[list[DayState]]:
    """One list of day states per series, in the order of its days; ``events`` runs parallel to ``series``."""
    choosers = [_chooser(one, event, limits, settle_days) for one, event in zip(series, events, strict=True)]
    windows = [
        [chooser.choose(at) for at in range(len(one.cost))] for chooser, one in zip(choosers, series, strict=True)
    ]
    judged = sorted({key for n, part in enumerate(windows) for w in part if (key := _judged_span(n, w))})
    cost_estimates = _estimates([one.stable_basis for one in series], series, judged, limits)
    token_estimates = _estimates([one.constant_price for one in series], series, judged, limits)
    cycles = [cycle_days(one.cost) for one in series]
    spans = [
        [_span(chooser, one, cycle, at) for at in range(len(one.cost))]
        for chooser, one, cycle in zip(choosers, series, cycles, strict=True)
    ]
    rates = [_run_rates(one, part) for one, part in zip(series, _with_widths(series, spans, cycles), strict=True)]
    history = []
    for n, one in enumerate(series):
        states = []
        for at, window in enumerate(windows[n]):
            key = _judged_span(n, window)
            found = [estimates[key] for estimates in (cost_estimates, token_estimates) if key in estimates]
            verdict = judge(window, found, limits)
            estimate = cost_estimates.get(key) if key else None
            states.append(DayState(one.day(at), at, rates[n][at], window, verdict, estimate))
        history.append(states)
    return history


def _judged_span(n: int, window: ObservationWindow) -> Span | None:
    """Where the window lies in series ``n``, None where its estimates are not asked for."""
    if not window.is_judged or window.first is None or window.last is None:
        return None
    return n, window.first, window.last


def _chooser(series: DailySeries, events: DailyEvents, limits: StabilityLimits, settle_days: int) -> WindowChooser:
    """On every past day as many days were unsettled as are on the last one, at most the sources' settle lag."""
    complete = np.flatnonzero(series.is_complete)
    trailing = len(series.cost) - 1 - int(complete[-1]) if len(complete) else 0
    return WindowChooser(events, limits, min(trailing, settle_days))


def _estimates(
    values: list[Floats], series: list[DailySeries], judged: list[Span], limits: StabilityLimits
) -> dict[Span, Estimate]:
    """Estimates of all judged windows; windows that are unknown, or at whose end the series was zero so far, have
    none.
    """
    so_far = [np.cumsum(np.nan_to_num(part)) for part in values]
    by_length: dict[int, list[Span]] = defaultdict(list)
    for span in judged:
        part = values[span[0]][span[1] : span[2] + 1]
        if np.isfinite(part).all() and so_far[span[0]][span[2]] > 0:
            by_length[span[2] - span[1] + 1].append(span)
    found = {}
    for length, spans in by_length.items():
        block = np.stack([values[n][first : last + 1] for n, first, last in spans])
        weekdays = np.array([series[n].day(first).weekday() for n, first, _ in spans])
        confidence = np.full(len(spans), look_confidence(length, limits.window_days))
        result = estimate_windows(block, weekdays, confidence)
        columns = zip(result.variation, result.growth, result.low, result.high, result.is_sparse, strict=True)
        for span, (variation, growth, low, high, is_sparse) in zip(spans, columns, strict=True):
            found[span] = Estimate(float(variation), float(growth), float(low), float(high), bool(is_sparse))
    return found


def _span(chooser: WindowChooser, series: DailySeries, cycle: list[int], at: int) -> tuple[int, ...]:
    """Positions of the complete days the run-rate of day ``at`` rests on, from the first cost."""
    last, first_cost = chooser.last_known(at), series.first_cost
    if last < 0 or first_cost is None:
        return ()
    first = max(last - (cycle[last] or RUN_RATE_DAYS) + 1, first_cost)
    return tuple(first + int(offset) for offset in np.flatnonzero(series.is_complete[first : last + 1]))


def _with_widths(
    series: list[DailySeries], spans: list[list[tuple[int, ...]]], cycles: list[list[int]]
) -> list[list[tuple[tuple[int, ...], float]]]:
    """Each span with half the width of its predictive interval, NaN where there is none."""
    by_length: dict[int, list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for n, positions in sorted({(n, span) for n, part in enumerate(spans) for span in part if len(span) >= 7}):
        by_length[len(positions)].append((n, positions))
    widths: dict[tuple[int, tuple[int, ...]], float] = {}
    amounts = [np.array(one.cost, dtype=np.float64) / 10**SCALE_DIGITS for one in series]
    for keys in by_length.values():
        rows = [(amounts[n][list(positions)], cycles[n][positions[-1]]) for n, positions in keys]
        values = np.stack([without_peak(row) if cycle else row for row, cycle in rows])
        weekdays = np.stack([(series[n].first_day.weekday() + np.array(positions)) % 7 for n, positions in keys])
        widths.update(zip(keys, map(float, interval_half_width(values, weekdays)), strict=True))
    return [[(span, widths.get((n, span), float("nan"))) for span in part] for n, part in enumerate(spans)]


def _run_rates(series: DailySeries, spans: list[tuple[tuple[int, ...], float]]) -> list[RunRate]:
    first_weekday = series.first_day.weekday()
    known: dict[tuple[int, ...], RunRate] = {}
    for positions, width in spans:
        if positions not in known:
            amounts = [series.cost[position] for position in positions]
            mean = mean_daily_cost(amounts, [(first_weekday + position) % 7 for position in positions])
            known[positions] = _run_rate(mean, width, positions)
    return [known[positions] for positions, _ in spans]


def _run_rate(mean: Decimal | None, width: float, positions: tuple[int, ...]) -> RunRate:
    if mean is None:
        return RunRate(None, None, None, None, positions)
    if np.isnan(width):
        return RunRate(per_month(mean), None, None, per_year(mean), positions)
    half = Decimal(repr(width))
    low, high = per_month(max(Decimal(0), mean - half) if mean >= 0 else mean - half), per_month(mean + half)
    return RunRate(per_month(mean), low, high, per_year(mean), positions)
