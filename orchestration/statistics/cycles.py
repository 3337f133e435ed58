"""Jobs that run once a week or once a month: judged on the sums of their own cycles, because their days say nothing.

Weekly: cost on one to three days of every week, and on fewer than half of all days. Monthly: days far above the usual
one (three times the median) come in runs that begin 26 to 33 days apart; usual days may cost nothing, or their usual
amount, as with a run at each month's end. A job whose next run is overdue has no cycle any more. No calendar is needed:
a monthly cycle reaches from the start of one run to the day before the next.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.growth import GROWTH_DAYS, Floats, theil_sen_slope

DAY, WEEK, MONTH = 1, 7, 30
MIN_CYCLES, MIN_RUNS = 4, 3
MAX_DAYS_A_WEEK = 3
PEAK_OVER_MEDIAN, PEAK_OF_LARGEST = 3.0, 0.05
MAX_RUN_GAP = 2
SHORTEST_MONTH, LONGEST_MONTH = 26, 33
WEEKS_BACK, MONTHS_BACK, RUN_RATE_MONTHS = 8, 6, 3


@dataclass(frozen=True)
class CycleEstimate:
    """Variation of the cycles' sums and their growth per 30 days; ``freedom`` 0 where there are fewer than four whole
    cycles, and all ratios NaN.
    """

    cycle_days: int
    cycles: int
    variation: float
    growth: float
    error: float
    freedom: int


def cycle_days(values: Floats) -> int:
    """The cycle of a daily series up to its last day: 7, 30 (a month), or 1 where its days can be judged."""
    if not (values > 0).any():
        return DAY
    if _weeks(values) is not None:
        return WEEK
    return MONTH if _month_starts(values) else DAY


def whole_months(values: Floats) -> tuple[int, int] | None:
    """First day and first day behind the latest whole months, three at most, of a monthly job; None where there are none."""
    if not (values > 0).any() or _weeks(values) is not None:
        return None
    starts = _month_starts(values)
    return (starts[max(0, len(starts) - 1 - RUN_RATE_MONTHS)], starts[-1]) if starts else None


def last_month(values: Floats) -> int | None:
    """Days up to the last one that hold one cycle of a monthly job: its last whole month, or the days since its last run where
    these are more. None where there is no monthly job.
    """
    if not (values > 0).any() or _weeks(values) is not None:
        return None
    starts = _month_starts(values)
    return max(starts[-1] - starts[-2], len(values) - starts[-1]) if starts else None


def peaks(values: Floats) -> NDArray[np.bool_]:
    """Days far above the usual one: over three times the median, and over a twentieth of the largest."""
    return values > max(PEAK_OVER_MEDIAN * float(np.median(values)), PEAK_OF_LARGEST * float(values.max()))


def estimate_cycle(values: Floats) -> CycleEstimate | None:
    """The estimate of a series that has a weekly or monthly cycle, None where it has none. ``values``: daily usage from
    the start of the history, or of the clean part of it, to the last complete day.
    """
    cycle = cycle_days(values)
    if cycle == DAY:
        return None
    if cycle == WEEK:
        weeks = _weeks(values)
        return _estimated(WEEK, float(WEEK), np.zeros(0) if weeks is None else weeks)
    starts = _month_starts(values)
    sums = np.add.reduceat(values[: starts[-1]], starts[:-1])
    return _estimated(MONTH, float(np.diff(starts).mean()), sums)


def _weeks(values: Floats) -> Floats | None:
    """Sums of the whole weeks that end with the last day, None where they are no weekly job's or fewer than two."""
    whole = min(len(values) // WEEK, WEEKS_BACK)
    if whole < 2:
        return None
    weeks = values[len(values) - whole * WEEK :].reshape(whole, WEEK)
    used = (weeks > 0).sum(axis=1)
    return weeks.sum(axis=1) if ((used >= 1) & (used <= MAX_DAYS_A_WEEK)).all() else None


def _month_starts(values: Floats) -> list[int]:
    """First days of the latest runs that lie a month apart, oldest first; empty where there are fewer than three, which
    chance alone may bring, or where the next one is overdue.
    """
    found_at = np.flatnonzero(peaks(values))
    starts = [int(at) for n, at in enumerate(found_at) if n == 0 or at - found_at[n - 1] > MAX_RUN_GAP]
    if not starts or len(values) - starts[-1] > LONGEST_MONTH:
        return []
    found = starts[-1:]
    for start in reversed(starts[:-1]):
        if not SHORTEST_MONTH <= found[0] - start <= LONGEST_MONTH:
            break
        found.insert(0, start)
    return found[-MONTHS_BACK - 1 :] if len(found) >= MIN_RUNS else []


def _estimated(cycle: int, days: float, sums: Floats) -> CycleEstimate:
    count = len(sums)
    if count < MIN_CYCLES:
        return CycleEstimate(cycle, count, float("nan"), float("nan"), float("nan"), 0)
    position = np.arange(float(count))
    slope = float(theil_sen_slope(sums[None, :], position)[0])
    residual = sums - slope * position
    residual = residual - residual.mean()
    spread = float(((position - position.mean()) ** 2).sum())
    scale = GROWTH_DAYS / days / float(np.median(sums))
    error = float(np.sqrt((residual**2).sum() / (count - 2) / spread))
    variation = float(sums.std(ddof=1) / sums.mean())
    return CycleEstimate(cycle, count, variation, slope * scale, error * scale, count - 2)
