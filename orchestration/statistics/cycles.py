"""Jobs that run once a week or once a month: judged on the sums of their own cycles, because their days say nothing.

Weekly: cost on one to three days of every week, and on fewer than half of all days. Monthly: days far above the usual
one (three times the median) come in runs that begin 26 to 34 days apart; usual days may cost nothing, or their usual
amount, as with a run at each month's end. Three runs make a cycle; two do, of like size (the smaller at least a quarter
of the larger), where each costs more than the 26 days before it together. A job whose next run is overdue has no cycle any
more. No calendar is needed: a monthly cycle reaches from the start of one run to the day before the next.
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
SHORTEST_MONTH, LONGEST_MONTH, LIKE_SIZE = 26, 34, 4
WEEKS_BACK, MONTHS_BACK = 8, 6
DAYS_SEEN = (MONTHS_BACK + 1) * LONGEST_MONTH


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


def trailing_month(values: Floats) -> int:
    """How many of the last days hold one whole cycle of a monthly job: as many as lay between its last two runs, more while
    the next one is awaited; 0 where there is no monthly cycle.

    A run-rate is taken over them: 28 days would hold none or two runs by turns. Failure mode: before the second run nothing
    tells a monthly cost from one that has ended.
    """
    if not (values > 0).any() or _weeks(values) is not None:
        return 0
    starts = _month_starts(values)
    return max(starts[-1] - starts[-2], len(values) - starts[-1]) if starts else 0


def without_runs(values: Floats) -> Floats:
    """The days of one monthly cycle with what its runs cost above the other days spread over all: a run is the cycle, and no
    noise around its mean.
    """
    is_run = _is_peak(values)
    if not is_run.any() or is_run.all():
        return values
    usual = float(values[~is_run].mean())
    flat: Floats = np.where(is_run, usual, values) + float((values[is_run] - usual).sum()) / len(values)
    return flat


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


def _is_peak(values: Floats) -> NDArray[np.bool_]:
    return values > max(PEAK_OVER_MEDIAN * float(np.median(values)), PEAK_OF_LARGEST * float(values.max()))


def _month_starts(values: Floats) -> list[int]:
    """First days of the latest runs that lie a month apart, oldest first; empty where they are so few or so small that chance
    may have brought them, or where the next one is overdue.
    """
    peaks = np.flatnonzero(_is_peak(values))
    starts = [int(at) for n, at in enumerate(peaks) if n == 0 or at - peaks[n - 1] > MAX_RUN_GAP]
    if not starts or len(values) - starts[-1] > LONGEST_MONTH:
        return []
    found = starts[-1:]
    for start in reversed(starts[:-1]):
        if not SHORTEST_MONTH <= found[0] - start <= LONGEST_MONTH:
            break
        found.insert(0, start)
    if len(found) >= MIN_RUNS or (len(found) == MIN_RUNS - 1 and _are_dominant(values, found)):
        return found[-MONTHS_BACK - 1 :]
    return []


def _are_dominant(values: Floats, starts: list[int]) -> bool:
    smaller, larger = sorted(float(values[start]) for start in starts)
    before = [float(np.maximum(values[max(0, start - SHORTEST_MONTH) : start], 0).sum()) for start in starts]
    exceeds = all(values[start] > total for start, total in zip(starts, before, strict=True))
    return exceeds and smaller * LIKE_SIZE >= larger


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
