"""Run-rate: the mean daily cost of up to 28 trailing complete days, and where the mean of the next 28 days will lie.

The mean is exact (integers in units of 10^-12, then decimals); with fewer than 28 days it is the mean of the weekday
means, and there is none unless all seven weekdays were seen. Cost that comes once a month is averaged over its whole
cycle instead of 28 days (``cycle_days``). The interval is predictive at 80 %: the difference between the observed mean
and the mean of the next 28 days, both of the same autocorrelated process, residuals taken from the weekday means, and a
drift of the level that 28 days cannot show.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

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
WANDERING = 1.6
LEVEL_DRIFT = 0.07
# A cycle of a month, also where its day moves to the next working day.
MIN_CYCLE_DAYS, MAX_CYCLE_DAYS, LIKE_SIZE = 27, 34, 4


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


def cycle_days(amounts: Sequence[float]) -> list[int]:
    """For each day the trailing days of one whole monthly cycle that a run-rate is taken over; 0 where there is none.

    ``amounts`` are the costs of days in a row, scaled. A day is a *peak* if it cost more than the 26 days before it
    together. Two peaks of like size (the smaller at least a quarter of the larger) 27 to 34 days apart make a cycle,
    which holds until a peak is overdue: 28 days would hold none or two of them by turns. Failure mode: before the
    second peak nothing tells a monthly cost from one that has ended.
    """
    found: list[int] = []
    peaks: list[int] = []
    before: float = 0
    for day, amount in enumerate(amounts):
        if amount > max(before, 0):
            peaks.append(day)
        out = day - MIN_CYCLE_DAYS + 1
        before += max(amount, 0) - (max(amounts[out], 0) if out >= 0 else 0)
        length = _cycle(amounts, peaks, day) if len(peaks) > 1 else 0
        found.append(length if length <= MAX_CYCLE_DAYS else 0)
    return found


def _cycle(amounts: Sequence[float], peaks: list[int], day: int) -> int:
    """Length of the cycle that the last two peaks make, or days since the last one where these are more; 0 for none."""
    earlier, last = peaks[-2:]
    smaller, larger = sorted((amounts[earlier], amounts[last]))
    is_cycle = MIN_CYCLE_DAYS <= last - earlier <= MAX_CYCLE_DAYS and smaller * LIKE_SIZE >= larger
    return max(last - earlier, day - last + 1) if is_cycle else 0


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


def without_peak(values: Floats) -> Floats:
    """The days of one monthly cycle with the excess of its dearest day spread over all of them: the peak is the cycle, and
    no noise around its mean.
    """
    peak = int(np.argmax(values))
    others = np.delete(values, peak)
    flat = values.copy()
    flat[peak] = others.mean()
    spread: Floats = flat + (values[peak] - others.mean()) / len(values)
    return spread


def prediction_variance(phi: Floats, observed: int, ahead: int) -> Floats:
    """Variance of the mean of the next ``ahead`` days less that of the last ``observed``, unit AR(1)."""
    future, past = _mean_variance(phi, ahead), _mean_variance(phi, observed)
    shared = phi * (1 - phi**observed) * (1 - phi**ahead) / (1 - phi) ** 2 / (observed * ahead)
    return future + past - 2 * shared


def _mean_variance(phi: Floats, days: int) -> Floats:
    return ((1 + phi) / (1 - phi) - 2 * phi * (1 - phi**days) / (days * (1 - phi) ** 2)) / days
