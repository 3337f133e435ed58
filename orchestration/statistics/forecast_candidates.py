"""Forecast candidates and their combination: from every day of every series, the path of the days ahead.

Values are series x days; a path array is series x origins x days ahead, where the origin is the last day known, and NaN
where an origin knows too little. Everything is causal: a path from day t uses the days up to t only.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.cycles import last_month

Floats = NDArray[np.float64]

WEEK = 7
DAYS_AHEAD = 90
MIN_HISTORY = 28
SEASON_WEEKS = 8
MONTHS_SEEN = 150
SMOOTHING = (0.03, 0.06, 0.12, 0.25, 0.5)
TREND_SMOOTHING = (0.02, 0.1)
DAMPING = (0.9, 0.98, 0.995)
LEAD = np.arange(1, DAYS_AHEAD + 1)


def seasonal_naive(values: Floats) -> Floats:
    """Each weekday as in the last seven days."""
    paths = np.full((*values.shape, DAYS_AHEAD), np.nan)
    pattern = (LEAD - 1) % WEEK
    for origin in range(WEEK - 1, values.shape[1]):
        paths[:, origin] = values[:, origin - WEEK + 1 : origin + 1][:, pattern]
    return paths


def monthly_naive(values: Floats) -> Floats:
    """A monthly job as in its last whole month (``cycles``); NaN from days on which there is none."""
    paths = np.full((*values.shape, DAYS_AHEAD), np.nan)
    for row, series in enumerate(values):
        if last_month(series[-MONTHS_SEEN:]) is None:
            continue
        for origin in range(MIN_HISTORY, len(series)):
            days = last_month(series[max(0, origin + 1 - MONTHS_SEEN) : origin + 1])
            if days is not None:
                paths[row, origin] = series[origin - days + 1 : origin + 1][(LEAD - 1) % days]
    return paths


def mean_level(values: Floats) -> Floats:
    """The mean of the last 28 days, with the weekday effects."""
    running = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    seen = np.arange(1, values.shape[1] + 1)
    window = np.minimum(seen, MIN_HISTORY)
    mean = (running[:, seen] - running[:, seen - window]) / window
    return _finished(values, np.repeat(mean[..., None], DAYS_AHEAD, axis=2), weekday_effects(values))


def standard_paths(values: Floats) -> dict[str, Floats]:
    """Paths of what every series may be shown by. The combination is the plain mean of all four candidates: their errors
    differ, and the past seldom tells which will do best.
    """
    naive, smoothed = seasonal_naive(values), exponential_smoothing(values)
    return {
        "seasonal_naive": naive,
        "combination": (naive + mean_level(values) + smoothed + theta(values)) / 4,
        "exponential_smoothing": smoothed,
    }


def exponential_smoothing(values: Floats) -> Floats:
    """Level, with or without a damped trend, over the weekday effects; the weights with the least squared error so far."""
    seasonal = weekday_effects(values)
    adjusted = values - _today(seasonal)
    weights = [(alpha, 0.0, 1.0) for alpha in SMOOTHING]
    weights += product(SMOOTHING[1:], TREND_SMOOTHING, DAMPING)
    level, trend, best = _smoothed(adjusted, weights)
    damping = np.array([weight[2] for weight in weights])
    reach = np.cumsum(damping[:, None] ** LEAD, axis=1)
    return _finished(values, level[..., None] + trend[..., None] * reach[best], seasonal)


def theta(values: Floats) -> Floats:
    """Mean of the linear trend and a smoothed level (the standard Theta method), over the weekday effects."""
    seasonal = weekday_effects(values)
    adjusted = values - _today(seasonal)
    weights = [(alpha, 0.0, 1.0) for alpha in SMOOTHING]
    level, _, best = _smoothed(adjusted, weights)
    alpha = np.array(SMOOTHING)[best]
    seen = np.arange(1, values.shape[1] + 1)
    reach = LEAD - 1 + ((1 - (1 - alpha) ** seen) / alpha)[..., None]
    return _finished(values, level[..., None] + _slope(adjusted)[..., None] / 2 * reach, seasonal)


def weekday_effects(values: Floats) -> Floats:
    """Series x days x 7: by how much the days 1 to 7 ahead lie above the mean, from up to eight whole weeks before.

    In the first week, before any origin forecasts, each day lies as far above the week's mean as it does.
    """
    series, days = values.shape
    effects = np.zeros((series, days, WEEK))
    effects[:, : WEEK - 1, -1] = values[:, : WEEK - 1] - values[:, :WEEK].mean(axis=1, keepdims=True)
    for origin in range(WEEK - 1, days):
        weeks = min(SEASON_WEEKS, (origin + 1) // WEEK)
        block = values[:, origin + 1 - weeks * WEEK : origin + 1].reshape(series, weeks, WEEK)
        means = block.mean(axis=1)
        effects[:, origin] = means - means.mean(axis=1, keepdims=True)
    return effects


def _today(seasonal: Floats) -> Floats:
    """The effect of the origin's own weekday, which is the last of the seven ahead."""
    return seasonal[:, :, -1]


def _smoothed(adjusted: Floats, weights: list[tuple[float, float, float]]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Level and trend at every day under the weights (level, trend, damping) that did best up to it, and which they are."""
    alpha, beta, phi = (np.array(part)[None, :] for part in zip(*weights, strict=True))
    series, days = adjusted.shape
    level = np.repeat(adjusted[:, :WEEK].mean(axis=1)[:, None], len(weights), axis=1)
    trend, squares = np.zeros_like(level), np.zeros_like(level)
    rows = np.arange(series)
    levels, trends = np.empty((series, days)), np.empty((series, days))
    chosen = np.empty((series, days), dtype=np.intp)
    for day in range(days):
        expected = level + phi * trend
        error = adjusted[:, day, None] - expected
        level = expected + alpha * error
        trend = phi * trend + alpha * beta * error
        if day >= WEEK:
            squares += error**2
        best = squares.argmin(axis=1)
        chosen[:, day] = best
        levels[:, day], trends[:, day] = level[rows, best], trend[rows, best]
    return levels, trends, chosen


def _slope(adjusted: Floats) -> Floats:
    """Least-squares slope per day over all days up to each."""
    time = np.arange(adjusted.shape[1], dtype=np.float64)
    count = time + 1
    sums, products = np.cumsum(adjusted, axis=1), np.cumsum(adjusted * time, axis=1)
    spread = count * (count**2 - 1) / 12
    return (products - sums * time / 2) / np.where(spread > 0, spread, np.inf)


def _finished(values: Floats, paths: Floats, seasonal: Floats) -> Floats:
    """With the weekday effects, not below zero where no value ever was, and only from origins that know enough."""
    paths = paths + seasonal[..., (LEAD - 1) % WEEK]
    never_negative = (np.minimum.accumulate(values, axis=1) >= 0)[..., None]
    paths = np.where(never_negative, np.maximum(paths, 0.0), paths)
    paths[:, : MIN_HISTORY - 1] = np.nan
    return paths
