"""Run-rate: the mean daily cost of up to 28 trailing complete days, and where the mean of the next 28 days will lie.

The mean is exact (integers in units of 10^-12, then decimals); with fewer than 28 days it is the mean of the weekday
means, and there is none unless all seven weekdays were seen. A monthly job's is that of its whole months (``cycles``),
each day alike. The interval is predictive at 80 %: the difference between the observed mean
and the mean of the next 28 days, both of the same autocorrelated process, residuals taken from the weekday means, and a
drift of the level that 28 days cannot show.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.cycles import peaks
from orchestration.statistics.growth import Floats
from orchestration.statistics.student import t_quantile

RUN_RATE_DAYS = 28
YEAR_DAYS = Decimal("365.25")
INTERVAL_CONFIDENCE = 0.80
MONEY_UNIT = Decimal("0.000000001")
SCALE_DIGITS = 12
# Lag-one autocorrelation of residuals from weekday means, n days, no trend removed: close to phi x (n - 4.2) / n.
BIAS_SLOPE = 4.2
MAX_AUTOCORRELATION = 0.9
# Real series wander more than 28 days of them tell: the standard error is widened by this factor, and to it comes a drift
# of this share of the level (both chosen on the tuning half of benchmarks/series).
WANDERING = 1.7
LEVEL_DRIFT = 0.06


def scaled(amount: Decimal) -> int:
    """An amount as an integer in units of 10^-12, exactly; more decimals are an error."""
    value = amount.scaleb(SCALE_DIGITS)
    if value != value.to_integral_value():
        raise ValueError(f"{amount} has more than {SCALE_DIGITS} decimals")
    return int(value)


def mean_daily_cost(amounts: Sequence[int], weekdays: Sequence[int]) -> Decimal | None:
    """Mean per day of scaled amounts with their weekdays (0 to 6); None under seven distinct weekdays."""
    if len(set(weekdays)) < 7:
        return None
    with localcontext() as context:
        context.prec = 50
        if len(amounts) >= RUN_RATE_DAYS:
            return Decimal(sum(amounts)).scaleb(-SCALE_DIGITS) / len(amounts)
        sums, counts = [0] * 7, [0] * 7
        for amount, weekday in zip(amounts, weekdays, strict=True):
            sums[weekday] += amount
            counts[weekday] += 1
        balanced = sum((Decimal(total) / count for total, count in zip(sums, counts, strict=True)), Decimal(0))
        return balanced.scaleb(-SCALE_DIGITS) / 7


def per_month(daily: Decimal) -> Decimal:
    """A daily amount as an amount a month (365.25 / 12 days), nine decimals."""
    return money(daily * YEAR_DAYS / 12)


def per_year(daily: Decimal) -> Decimal:
    """A daily amount as an amount a year (365.25 days), nine decimals."""
    return money(daily * YEAR_DAYS)


def money(amount: Decimal) -> Decimal:
    """Nine decimals, half to even."""
    with localcontext() as context:
        context.prec = 50
        return amount.quantize(MONEY_UNIT, ROUND_HALF_EVEN)


def interval_half_width(values: Floats, weekdays: NDArray[np.int64]) -> Floats:
    """Half the width of the interval around each row's mean daily cost (rows x days, weekdays of the same shape).

    NaN where fewer than eight days leave no residual.
    """
    days = values.shape[1]
    if days <= 7:
        return np.full(len(values), np.nan)
    residual = values.copy()
    for weekday in range(7):
        chosen = weekdays == weekday
        count = chosen.sum(axis=1)
        mean = np.where(chosen, values, 0.0).sum(axis=1) / np.maximum(count, 1)
        residual -= np.where(chosen, mean[:, None], 0.0)
    freedom = days - 7
    squares = (residual**2).sum(axis=1)
    products = (residual[:, 1:] * residual[:, :-1]).sum(axis=1)
    raw = np.divide(products, squares, out=np.zeros_like(squares), where=squares > 0)
    phi = np.clip(raw * days / (days - BIAS_SLOPE), 0.0, MAX_AUTOCORRELATION)
    error = np.sqrt(squares / freedom * prediction_variance(phi, days, RUN_RATE_DAYS))
    level = np.abs(values.mean(axis=1))
    half: Floats = np.hypot(WANDERING * t_quantile(0.5 + INTERVAL_CONFIDENCE / 2, freedom) * error, LEVEL_DRIFT * level)
    return half


def without_peaks(values: Floats) -> Floats:
    """The days of whole months of a monthly job with the excess of its runs spread over all of them: runs come every month
    and are no noise around the mean. How runs differ from month to month is not in it.
    """
    is_run = peaks(values)
    flat = np.where(is_run, values[~is_run].mean() if (~is_run).any() else 0.0, values)
    spread: Floats = flat + (values.sum() - flat.sum()) / len(values)
    return spread


def prediction_variance(phi: Floats, observed: int, ahead: int) -> Floats:
    """Variance of the mean of the next ``ahead`` days less that of the last ``observed``, unit AR(1)."""
    future, past = _mean_variance(phi, ahead), _mean_variance(phi, observed)
    shared = phi * (1 - phi**observed) * (1 - phi**ahead) / (1 - phi) ** 2 / (observed * ahead)
    return future + past - 2 * shared


def _mean_variance(phi: Floats, days: int) -> Floats:
    return ((1 + phi) / (1 - phi) - 2 * phi * (1 - phi**days) / (days * (1 - phi) ** 2)) / days
