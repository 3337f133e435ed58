"""Run-rate and stability of every entity for every as-of day of its series, computed together.

Run-rate spans are chosen per day, then estimated in batches of equal length: neighbouring days share most of them.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

import numpy as np

from orchestration.run_rate.series import DailySeries
from orchestration.run_rate.stability_history import stability_of
from orchestration.statistics.credits import recurring_costs
from orchestration.statistics.cycles import DAYS_SEEN, SHORTEST_MONTH, WEEK, trailing_month, without_runs
from orchestration.statistics.growth import Floats
from orchestration.statistics.looks import StabilityLimits
from orchestration.statistics.run_rate import (
    RUN_RATE_DAYS,
    SCALE_DIGITS,
    interval_half_width,
    mean_daily_cost,
    per_month,
    per_year,
)
from orchestration.statistics.stability import (
    DailyEvents,
    Estimate,
    ObservationWindow,
    Verdict,
    WindowChooser,
)


@dataclass(frozen=True)
class Span:
    """Positions of the days a run-rate rests on; ``is_month``: they are one whole cycle of a monthly job."""

    positions: tuple[int, ...]
    is_month: bool


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
    series: list[DailySeries], events: list[DailyEvents], limits: StabilityLimits
) -> list[list[DayState]]:
    """One list of day states per series, in the order of its days; ``events`` runs parallel to ``series``."""
    choosers = [WindowChooser(event, limits, one.settle_days) for one, event in zip(series, events, strict=True)]
    windows = [
        [chooser.choose(at) for at in range(len(one.cost))] for chooser, one in zip(choosers, series, strict=True)
    ]
    stability = stability_of(series, windows, limits)
    spans = [
        [_span(chooser, one, at) for at in range(len(one.cost))] for chooser, one in zip(choosers, series, strict=True)
    ]
    rates = [_run_rates(one, part) for one, part in zip(series, _with_widths(series, spans), strict=True)]
    return [
        [
            DayState(one.day(at), at, rates[n][at], found.window, found.verdict, found.estimate)
            for at, found in enumerate(stability[n])
        ]
        for n, one in enumerate(series)
    ]


def _span(chooser: WindowChooser, series: DailySeries, at: int) -> Span:
    """The complete days the run-rate of day ``at`` rests on, from the first cost; of a monthly job its last whole cycle."""
    last, first_cost = chooser.last_known(at), series.first_cost
    if last < 0 or first_cost is None:
        return Span((), is_month=False)
    month = trailing_month(series.use[max(0, last + 1 - DAYS_SEEN) : last + 1])
    first = max(last - (month or RUN_RATE_DAYS) + 1, first_cost)
    complete = np.flatnonzero(series.is_complete[first : last + 1])
    return Span(tuple(first + int(offset) for offset in complete), is_month=month > 0)


def _amounts(series: DailySeries, positions: tuple[int, ...]) -> list[int]:
    """What the days of a run-rate cost, without credits that are no part of a usual month."""
    return recurring_costs([series.cost[at] for at in positions], [series.credited[at] for at in positions])


def _mean(amounts: list[int], weekdays: list[int], is_month: bool) -> Decimal | None:
    """Mean daily cost; in a monthly cycle each day counts alike."""
    if not is_month or len(amounts) < SHORTEST_MONTH:
        return mean_daily_cost(amounts, weekdays)
    with localcontext() as context:
        context.prec = 50
        return Decimal(sum(amounts)).scaleb(-SCALE_DIGITS) / len(amounts)


def _with_widths(series: list[DailySeries], spans: list[list[Span]]) -> list[list[tuple[Span, float]]]:
    """Each span with half the width of its predictive interval, NaN where there is none."""
    by_length: dict[int, list[tuple[int, Span]]] = defaultdict(list)
    for n, part in enumerate(spans):
        for span in dict.fromkeys(part):
            if len(span.positions) >= WEEK:
                by_length[len(span.positions)].append((n, span))
    widths: dict[tuple[int, Span], float] = {}
    for keys in by_length.values():
        values = np.stack([_observed(series[n], span) for n, span in keys])
        weekdays = np.stack([(series[n].first_day.weekday() + np.array(span.positions)) % WEEK for n, span in keys])
        widths.update(zip(keys, map(float, interval_half_width(values, weekdays)), strict=True))
    return [[(span, widths.get((n, span), float("nan"))) for span in part] for n, part in enumerate(spans)]


def _observed(series: DailySeries, span: Span) -> Floats:
    values = np.array(_amounts(series, span.positions), dtype=np.float64) / 10**SCALE_DIGITS
    return without_runs(values) if span.is_month else values


def _run_rates(series: DailySeries, spans: list[tuple[Span, float]]) -> list[RunRate]:
    first_weekday = series.first_day.weekday()
    known: dict[Span, RunRate] = {}
    for span, width in spans:
        if span not in known:
            weekdays = [(first_weekday + position) % WEEK for position in span.positions]
            mean = _mean(_amounts(series, span.positions), weekdays, span.is_month)
            known[span] = _run_rate(mean, width, span.positions)
    return [known[span] for span, _ in spans]


def _run_rate(mean: Decimal | None, width: float, positions: tuple[int, ...]) -> RunRate:
    if mean is None:
        return RunRate(None, None, None, None, positions)
    if np.isnan(width):
        return RunRate(per_month(mean), None, None, per_year(mean), positions)
    half = Decimal(repr(width))
    low, high = per_month(max(Decimal(0), mean - half) if mean >= 0 else mean - half), per_month(mean + half)
    return RunRate(per_month(mean), low, high, per_year(mean), positions)
