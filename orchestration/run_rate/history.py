"""Run-rate and stability of every entity for every as-of day of its series, computed together.

Run-rate spans are chosen per day, then estimated in batches of equal length: neighbouring days share most of them.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from orchestration.run_rate.series import DailySeries
from orchestration.run_rate.stability_history import stability_of
from orchestration.statistics.credits import recurring_costs
from orchestration.statistics.cycles import whole_months
from orchestration.statistics.looks import StabilityLimits
from orchestration.statistics.run_rate import (
    RUN_RATE_DAYS,
    SCALE_DIGITS,
    interval_half_width,
    mean_daily_cost,
    per_month,
    per_year,
    without_peaks,
)
from orchestration.statistics.stability import (
    DailyEvents,
    Estimate,
    ObservationWindow,
    Verdict,
    WindowChooser,
)

MONTHS_SEEN = 150
"""Days behind a day among which the months of a monthly job are looked for."""


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


def _span(chooser: WindowChooser, series: DailySeries, at: int) -> tuple[int, ...]:
    """Positions of the complete days the run-rate of day ``at`` rests on, from the first cost; of a monthly job its latest
    whole months.
    """
    last, first_cost = chooser.last_known(at), series.first_cost
    if last < 0 or first_cost is None:
        return ()
    begin = max(0, last + 1 - MONTHS_SEEN)
    months = whole_months(series.use[begin : last + 1])
    if months is not None and series.is_complete[begin + months[0] : begin + months[1]].all():
        return tuple(range(begin + months[0], begin + months[1]))
    first = max(last - RUN_RATE_DAYS + 1, first_cost)
    return tuple(first + int(offset) for offset in np.flatnonzero(series.is_complete[first : last + 1]))


def _amounts(series: DailySeries, positions: tuple[int, ...]) -> list[int]:
    """What the days of a run-rate cost, without credits that are no part of a usual month."""
    return recurring_costs([series.cost[at] for at in positions], [series.credited[at] for at in positions])


def _with_widths(
    series: list[DailySeries], spans: list[list[tuple[int, ...]]]
) -> list[list[tuple[tuple[int, ...], float]]]:
    """Each span with half the width of its predictive interval, NaN where there is none."""
    by_length: dict[int, list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for n, positions in sorted({(n, span) for n, part in enumerate(spans) for span in part if len(span) >= 7}):
        by_length[len(positions)].append((n, positions))
    widths: dict[tuple[int, tuple[int, ...]], float] = {}
    for keys in by_length.values():
        values = (
            np.array([_amounts(series[n], positions) for n, positions in keys], dtype=np.float64) / 10**SCALE_DIGITS
        )
        if values.shape[1] > RUN_RATE_DAYS:
            values = np.stack([without_peaks(months) for months in values])
        weekdays = np.stack([(series[n].first_day.weekday() + np.array(positions)) % 7 for n, positions in keys])
        widths.update(zip(keys, map(float, interval_half_width(values, weekdays)), strict=True))
    return [[(span, widths.get((n, span), float("nan"))) for span in part] for n, part in enumerate(spans)]


def _run_rates(series: DailySeries, spans: list[tuple[tuple[int, ...], float]]) -> list[RunRate]:
    first_weekday = series.first_day.weekday()
    known: dict[tuple[int, ...], RunRate] = {}
    for positions, width in spans:
        if positions not in known:
            mean = mean_daily_cost(
                _amounts(series, positions), [(first_weekday + position) % 7 for position in positions]
            )
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
