"""Variation and growth of daily series over one window, for many windows at once.

The estimator, in order: weekdays are adjusted (value over weekday mean, relative to the mean of the weekday means;
weekdays with a relative mean under 1 % are left out); variation is the residual standard deviation (one degree of
freedom per weekday) over the mean; growth is the Theil-Sen slope times 30 over the median level. The interval around
growth takes the standard error of a slope from the residuals around the Theil-Sen line and widens it for lag-one
autocorrelation, corrected for the bias that detrending and weekday adjustment put into it, with Student quantiles.
Values are usage and not negative: credits are no usage (``credits``), and a negative value is an error here.
Failure mode: a window without enough non-zero days has no estimate (NaN) and is marked sparse.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.student import t_quantile

Floats = NDArray[np.float64]

GROWTH_DAYS = 30
MIN_WEEKDAY_SHARE = 0.01
MIN_NONZERO_DAYS = 15
MAX_AUTOCORRELATION = 0.95
# Lag-one autocorrelation of weekday-adjusted, detrended residuals of n days is close to (phi x (n - 5.5) - 1.1) / n.
BIAS_CONSTANT, BIAS_SLOPE = 1.1, 5.5
CHUNK_ROWS = 256


@dataclass(frozen=True)
class WindowEstimates:
    """One entry per window: ratios (growth and its standard ``error`` per 30 days), NaN where ``is_sparse``; ``freedom``
    are the degrees of freedom of the error, 0 where there is none.
    """

    variation: Floats
    growth: Floats
    error: Floats
    freedom: NDArray[np.int64]
    is_sparse: NDArray[np.bool_]

    @classmethod
    def unknown(cls, rows: int) -> "WindowEstimates":
        """``rows`` windows of which nothing is known yet."""
        variation, growth, error = (np.full(rows, np.nan) for _ in range(3))
        return cls(variation, growth, error, np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=bool))

    def half_width(self, error_rate: Floats) -> Floats:
        """Half the two-sided interval around growth that misses with ``error_rate`` (0 to 1, per window)."""
        half = np.full(len(self.growth), np.nan)
        known = self.freedom > 0
        half[known] = t_quantile(1 - error_rate[known] / 2, self.freedom[known]) * self.error[known]
        return half

    def take(self, rows: NDArray[np.int64]) -> "WindowEstimates":
        """The windows at ``rows``."""
        return WindowEstimates(
            self.variation[rows], self.growth[rows], self.error[rows], self.freedom[rows], self.is_sparse[rows]
        )

    def put(self, rows: NDArray[np.int64], found: "WindowEstimates") -> None:
        """Set the windows at ``rows``."""
        self.variation[rows], self.growth[rows], self.error[rows] = found.variation, found.growth, found.error
        self.freedom[rows], self.is_sparse[rows] = found.freedom, found.is_sparse


def estimate_windows(
    values: Floats, first_weekday: NDArray[np.int64], max_variation: float | None = None
) -> WindowEstimates:
    """Estimate every row of ``values`` (windows x days, one length, none negative).

    ``first_weekday`` is 0 to 6 per row. With ``max_variation`` rows above it keep NaN growth, which saves most of the
    work in simulations.
    """
    if (values < 0).any():
        raise ValueError("usage is negative; judge credits apart from it")
    rows, days = values.shape
    result = WindowEstimates.unknown(rows)
    factors = _weekday_factors(values, first_weekday)
    left_out = factors < MIN_WEEKDAY_SHARE
    patterns = first_weekday * 128 + (left_out * (1 << np.arange(7))).sum(axis=1)
    for pattern in np.unique(patterns):
        members = np.flatnonzero(patterns == pattern)
        weekday = (pattern // 128 + np.arange(days)) % 7
        kept = np.flatnonzero(~left_out[members[0]][weekday])
        weekdays = len(np.unique(weekday[kept]))
        if len(kept) - weekdays - 1 < 1:
            continue
        adjusted = values[members][:, kept] / factors[members][:, weekday[kept]]
        _estimate_adjusted(adjusted, kept.astype(np.float64), weekdays, members, max_variation, result)
    return result


def _weekday_factors(values: Floats, first_weekday: NDArray[np.int64]) -> Floats:
    """Weekday mean over the mean of weekday means, windows x 7; all zero where the whole window is."""
    days = values.shape[1]
    means = np.zeros((len(values), 7))
    for first in np.unique(first_weekday):
        members = np.flatnonzero(first_weekday == first)
        for weekday in range(7):
            columns = np.flatnonzero((first + np.arange(days)) % 7 == weekday)
            if len(columns):
                means[members, weekday] = values[np.ix_(members, columns)].mean(axis=1)
    level = means.mean(axis=1, keepdims=True)
    effects: Floats = np.divide(means, level, out=np.zeros_like(means), where=level > 0)
    return effects


def _estimate_adjusted(
    adjusted: Floats,
    position: Floats,
    weekdays: int,
    members: NDArray[np.int64],
    max_variation: float | None,
    result: WindowEstimates,
) -> None:
    """Fill ``result`` at ``members`` from weekday-adjusted values (windows x kept days)."""
    usable = (np.median(adjusted, axis=1) > 0) & ((adjusted > 0).sum(axis=1) >= MIN_NONZERO_DAYS)
    result.is_sparse[members] = ~usable
    adjusted, members = adjusted[usable], members[usable]
    if not len(members):
        return
    centred = adjusted - adjusted.mean(axis=1, keepdims=True)
    freedom = adjusted.shape[1] - weekdays
    variation = np.sqrt((centred**2).sum(axis=1) / freedom) / adjusted.mean(axis=1)
    result.variation[members] = variation
    if max_variation is not None:
        adjusted, members = adjusted[variation <= max_variation], members[variation <= max_variation]
    for start in range(0, len(members), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        growth, error = _growth_with_error(adjusted[part], position, freedom - 1)
        result.growth[members[part]], result.error[members[part]] = growth, error
        result.freedom[members[part]] = freedom - 1


def _growth_with_error(adjusted: Floats, position: Floats, freedom: int) -> tuple[Floats, Floats]:
    slope = theil_sen_slope(adjusted, position)
    residual = adjusted - slope[:, None] * position
    residual -= residual.mean(axis=1, keepdims=True)
    squares = (residual**2).sum(axis=1)
    spread = ((position - position.mean()) ** 2).sum()
    inflation = variance_inflation(residual)
    scale = GROWTH_DAYS / np.median(adjusted, axis=1)
    return slope * scale, np.sqrt(squares / freedom / spread * inflation) * scale


def theil_sen_slope(values: Floats, position: Floats) -> Floats:
    """The median of all pairwise slopes of each row (windows x days) over ``position`` (days)."""
    rows, days = values.shape
    slopes = np.empty((rows, days * (days - 1) // 2))
    filled = 0
    for lag in range(1, days):
        width = days - lag
        np.subtract(values[:, lag:], values[:, :-lag], out=slopes[:, filled : filled + width])
        slopes[:, filled : filled + width] /= position[lag:] - position[:-lag]
        filled += width
    return np.median(slopes, axis=1, overwrite_input=True)


def autocorrelation(residual: Floats) -> Floats:
    """Lag-one autocorrelation of each row of residuals, corrected for bias, between 0 and 0.95."""
    days = residual.shape[1]
    squares = (residual**2).sum(axis=1)
    products = (residual[:, 1:] * residual[:, :-1]).sum(axis=1)
    raw = np.divide(products, squares, out=np.zeros_like(squares), where=squares > 0)
    phi: Floats = np.clip((raw * days + BIAS_CONSTANT) / (days - BIAS_SLOPE), 0.0, MAX_AUTOCORRELATION)
    return phi


def variance_inflation(residual: Floats) -> Floats:
    """How much wider autocorrelation makes the variance of a mean or slope: (1 + phi) / (1 - phi)."""
    phi = autocorrelation(residual)
    return (1 + phi) / (1 - phi)
