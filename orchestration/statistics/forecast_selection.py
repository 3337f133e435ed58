"""Which forecast of a sum is shown, how wide its interval is, and how good such forecasts were.

At every day only outcomes known by then count: what is shown, its interval, its error and its coverage are what a reader
of that day would have met. The combination of the candidates is shown, seasonal naive where the combination's own past
errors are not smaller, and another where that erred less than both: what knows more (units of work, a monthly cycle), or
exponential smoothing where a trend is so plain that it erred a fifth less.
"""

from bisect import insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.forecast_candidates import MIN_HISTORY, WEEK, Floats

BASELINE, COMBINATION = "seasonal_naive", "combination"
DRIVER, MONTHLY, SMOOTHING = "driver_based", "monthly_naive", "exponential_smoothing"
# What may be shown instead if its errors were below this share of those of the others: what knows more, and what
# follows a trend where the trend is plain.
INSTEAD = {DRIVER: 1.0, MONTHLY: 1.0, SMOOTHING: 0.8}
CONFIDENCE = 0.80
HORIZONS = (30, 90)
SHORT, MONTH = WEEK, 30
MIN_OUTCOMES = 7
CHOICE_OUTCOMES = 14
# Relative half width while no outcome of the horizon is known: a drift, and the 80 % quantile of errors of 7-day sums times a
# factor. It keeps the weight of two horizons of outcomes. Chosen on the tuning half of benchmarks/series.
DRIFT, SHORT_FACTOR, PRIOR_HORIZONS = {30: 0.07, 90: 0.12}, {30: 0.75, 90: 0.90}, 2.0
# From which share of errors on one side on they are taken for a trend.
ONE_SIDED = 0.9
# Size of a series at a day: mean of the last 28 days, at least half that of the last 91 and a quarter that of all.
LEVELS = ((28, 1.0), (91, 0.5), (10**6, 0.25))

Sums = dict[str, dict[int, Floats]]
"""Forecast sums by method and span (7 days and the horizons), each series x origins."""


@dataclass(frozen=True)
class Shown:
    """What is shown on the last day, one entry per series. ``half_width`` is NaN where too little is known; both ratios
    are NaN and ``windows`` is 0 where no past day has an interval and an outcome of the method.
    """

    method: list[str]
    forecast: Floats
    half_width: Floats
    error_ratio: Floats
    coverage: Floats
    windows: NDArray[np.int64]


def sums_ahead(paths: dict[str, Floats], horizons: tuple[int, ...] = HORIZONS) -> Sums:
    """The sums over 7 days and over each horizon of every path (series x origins x days ahead)."""
    return {name: {span: path[:, :, :span].sum(axis=2) for span in (SHORT, *horizons)} for name, path in paths.items()}


def show(values: Floats, sums: Sums, horizon: int) -> Shown:
    """Choose per series on the last day of ``values``; ``sums`` holds the baseline, and the other methods where known."""
    after = outcomes(values, horizon)
    errors = {name: np.abs(spans[horizon] - after) for name, spans in sums.items()}
    widths = {name: half_widths(values, spans, horizon) for name, spans in sums.items()}
    weekly = {name: np.abs(spans[SHORT] - outcomes(values, SHORT)) for name, spans in sums.items()}
    rows = len(values)
    method = [_choose(row, sums, horizon, errors, widths, weekly) for row in range(rows)]
    forecast, half, ratio, coverage = (np.full(rows, np.nan) for _ in range(4))
    windows = np.zeros(rows, dtype=np.int64)
    for row, name in enumerate(method):
        forecast[row], half[row] = sums[name][horizon][row, -1], widths[name][row, -1]
        ratio[row], coverage[row], windows[row] = skill(errors[name][row], errors[BASELINE][row], widths[name][row])
    return Shown(method, forecast, half, ratio, coverage, windows)


def skill(error: Floats, baseline: Floats, width: Floats) -> tuple[float, float, int]:
    """Of one series: errors over those of the baseline and the share inside the interval, on days that have all of them,
    and their number. NaN without such days; the ratio too where the baseline is never wrong.
    """
    judged = np.isfinite(error) & np.isfinite(width) & np.isfinite(baseline)
    count = int(judged.sum())
    if count == 0:
        return np.nan, np.nan, 0
    total = float(baseline[judged].sum())
    ratio = float(error[judged].sum()) / total if total > 0 else np.nan
    return ratio, float((error[judged] <= width[judged]).mean()), count


def _choose(
    row: int,
    sums: Sums,
    horizon: int,
    errors: dict[str, Floats],
    widths: dict[str, Floats],
    weekly: dict[str, Floats],
) -> str:
    """The combination unless its past errors are not below the baseline's: errors of the horizon, before any is known
    those of 7-day sums. Another instead, if its errors were below those of both by its share.
    """
    known = {name for name in sums if np.isfinite(sums[name][horizon][row, -1])}
    if COMBINATION not in known:
        return BASELINE
    judged = np.isfinite(errors[COMBINATION][row]) & np.isfinite(widths[COMBINATION][row])
    found, needed = (errors, 1) if judged.any() else (weekly, CHOICE_OUTCOMES)
    if found is weekly:
        judged = np.isfinite(weekly[COMBINATION][row])
    best = COMBINATION
    if judged.sum() >= needed and found[COMBINATION][row, judged].sum() >= found[BASELINE][row, judged].sum():
        best = BASELINE
    for name, share in INSTEAD.items():
        if name in known:
            both = judged & np.isfinite(found[name][row]) & np.isfinite(found[best][row])
            least = min(found[other][row, both].sum() for other in {COMBINATION, BASELINE, best})
            if both.sum() >= CHOICE_OUTCOMES and found[name][row, both].sum() < share * least:
                best = name
    return best


def half_widths(values: Floats, sums: dict[int, Floats], horizon: int) -> Floats:
    """Half the 80 % interval of the sum over the horizon at every day, from one method's forecast sums by span (7 days, 30
    and the horizon; each series x origins).

    NaN where fewer than seven outcomes of 7-day sums are known.
    """
    size = level(values)
    weekly, weeks = _quantiles(_relative(sums[SHORT], values, size, SHORT), SHORT)
    own, count = _quantiles(_relative(sums[horizon], values, size, horizon), horizon)
    prior = DRIFT[horizon] + SHORT_FACTOR[horizon] * weekly
    for span in sorted(span for span in sums if span < horizon):
        prior = np.maximum(prior, _trend(values, sums[span], size, span, horizon))
    weight = count / (count + PRIOR_HORIZONS * horizon)
    relative = np.where(count > 0, weight * np.where(count > 0, own, 0.0) + (1 - weight) * prior, prior)
    return np.where(weeks >= MIN_OUTCOMES, relative * size * horizon, np.nan)


def _trend(values: Floats, sums: Floats, size: Floats, span: int, horizon: int) -> Floats:
    """Relative error of the horizon that the errors of shorter sums speak of where nearly all lie on one side: an unseen
    trend, whose share of a sum grows with the length of the sum. Zero elsewhere.
    """
    missed = outcomes(values, span) - sums
    known = np.isfinite(missed)
    above = np.cumsum(known & (missed > 0), axis=1)
    every = np.maximum(np.cumsum(known, axis=1), 1)
    share = np.full(values.shape, 0.5)
    share[:, span:] = (above / every)[:, :-span]
    quantile, count = _quantiles(_relative(sums, values, size, span), span)
    is_trend = (np.maximum(share, 1 - share) >= ONE_SIDED) & (count >= CHOICE_OUTCOMES)
    return np.where(is_trend, quantile * horizon / span, 0.0)


def _relative(sums: Floats, values: Floats, size: Floats, span: int) -> Floats:
    """Errors in units of the series' size, so that a growing one is not underrated; at most the size itself.

    A start from next to nothing says nothing about errors at full size.
    """
    error = np.abs(sums - outcomes(values, span))
    relative: Floats = np.minimum(np.divide(error, size * span, out=np.full(values.shape, np.nan), where=size > 0), 1.0)
    return relative


def _quantiles(errors: Floats, lag: int) -> tuple[Floats, NDArray[np.int64]]:
    """At every day the 80 % quantile of the errors of earlier origins whose outcome, ``lag`` days later, is known, and
    their number.
    """
    found = np.full(errors.shape, np.nan)
    counts = np.zeros(errors.shape, dtype=np.int64)
    for row, mine in enumerate(errors.tolist()):
        known: list[float] = []
        for day in range(MIN_HISTORY - 1 + lag, len(mine)):
            if (error := mine[day - lag]) == error:
                insort(known, error)
            if known:
                place = CONFIDENCE * (len(known) - 1)
                low = int(place)
                high = min(low + 1, len(known) - 1)
                found[row, day] = known[low] + (place - low) * (known[high] - known[low])
            counts[row, day] = len(known)
    return found, counts


def outcomes(values: Floats, span: int) -> Floats:
    """Sum of the ``span`` days after each day, NaN where they are not over."""
    running = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    actual = np.full(values.shape, np.nan)
    if values.shape[1] > span:
        actual[:, :-span] = running[:, 1 + span :] - running[:, 1:-span]
    return actual


def level(values: Floats) -> Floats:
    """Size of each series at every day, above zero from its first value on."""
    running = np.concatenate([np.zeros((len(values), 1)), np.cumsum(np.abs(values), axis=1)], axis=1)
    seen = np.arange(1, values.shape[1] + 1)
    size = np.zeros(values.shape)
    for days, share in LEVELS:
        window = np.minimum(seen, days)
        size = np.maximum(size, share * (running[:, seen] - running[:, seen - window]) / window)
    return size


def daily_half_widths(values: Floats, path: Floats) -> Floats:
    """Half widths of the 80 % interval of single days ahead, for one series and one method's paths (origins x ahead).

    Errors of the same week ahead count together; a later week is never narrower than an earlier one.
    """
    days, ahead = path.shape
    found = np.full(ahead, np.nan)
    for first in range(0, ahead, WEEK):
        leads = range(first, min(first + WEEK, ahead))
        missed = [np.abs(values[lead + 1 :] - path[: days - lead - 1, lead]) for lead in leads if days > lead + 1]
        pooled = np.concatenate(missed) if missed else np.empty(0)
        pooled = pooled[np.isfinite(pooled)]
        if len(pooled) >= CHOICE_OUTCOMES:
            found[first : first + WEEK] = np.quantile(pooled, CONFIDENCE)
    if np.isnan(found[0]):
        return found
    return np.maximum.accumulate(np.nan_to_num(found, nan=0.0))
