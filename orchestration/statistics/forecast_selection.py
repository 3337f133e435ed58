"""Rolling-origin selection among forecast paths, and conformal intervals of the sum over a horizon.

At every origin only outcomes known by then decide: which method did best on the sums over the horizon, and how far its
sums were off. So error and coverage over past origins are what a reader of that day would have met. A method that does not
beat the seasonal-naive forecast is not used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.forecast_candidates import MIN_HISTORY, WEEK, Floats

BASELINE = "seasonal_naive"
CONFIDENCE = 0.80
MIN_ORIGINS = 14
SHORTER = (60, 30, 14, 7)
LEVEL_DAYS = 28
# Finite-sample correction of the quantile: of overlapping sums, one in a twentieth of the horizon counts as independent.
OVERLAP = 0.05
# How errors of sums grow with the horizon: between nearly independent days and an unseen trend; between them where unknown.
MIN_POWER, MAX_POWER, UNKNOWN_POWER = 1.2, 2.0, 1.4


@dataclass(frozen=True)
class Rolled:
    """Forecasts of the sum over ``horizon`` days, series x origins; ``choice`` indexes the candidates by name order."""

    horizon: int
    choice: NDArray[np.intp]
    forecast: Floats
    half_width: Floats
    error: Floats
    baseline_error: Floats

    def measures(self, row: int, last: int) -> tuple[float | None, float | None, int]:
        """Error ratio to the seasonal-naive forecast and coverage over the origins known by ``last``, and their number.

        None where no origin had both an interval and an outcome.
        """
        known = slice(0, max(last - self.horizon + 1, 0))
        error, width, base = self.error[row, known], self.half_width[row, known], self.baseline_error[row, known]
        judged = np.isfinite(error) & np.isfinite(width) & np.isfinite(base)
        count = int(judged.sum())
        if count == 0:
            return None, None, 0
        total = float(base[judged].sum())
        ratio = float(error[judged].sum()) / total if total > 0 else None
        return ratio, float((error[judged] <= width[judged]).mean()), count


def roll(values: Floats, paths: dict[str, Floats], horizon: int, origins: NDArray[np.intp] | None = None) -> Rolled:
    """Select and bound at each of ``origins`` (every day by default); ``paths`` holds the baseline."""
    names = list(paths)
    sums = {span: _sums(paths, span) for span in {horizon, *(one for one in SHORTER if one < horizon)}}
    errors = {span: np.abs(total - _outcomes(values, span)) for span, total in sums.items()}
    level = _level(values)
    relative = {span: _relative(errors[span], level, span) for span in sums}
    choice = np.full(values.shape, names.index(BASELINE), dtype=np.intp)
    width = np.full(values.shape, np.nan)
    for origin in range(MIN_HISTORY - 1, values.shape[1]) if origins is None else origins:
        span = _judging_span(horizon, int(origin))
        if span is None:
            continue
        choice[:, origin] = _best(errors[span][:, :, _known(span, origin)], names)
        width[:, origin] = level[:, origin] * _half_width(relative, choice[:, origin], horizon, span, int(origin))
    forecast = np.take_along_axis(sums[horizon], choice[None], axis=0)[0]
    error = np.take_along_axis(errors[horizon], choice[None], axis=0)[0]
    return Rolled(horizon, choice, forecast, width, error, errors[horizon][names.index(BASELINE)])


def _known(span: int, origin: int) -> slice:
    """Origins whose outcome over ``span`` days is known at ``origin``."""
    return slice(MIN_HISTORY - 1, origin - span + 1)


def _sums(paths: dict[str, Floats], span: int) -> Floats:
    return np.stack([path[:, :, :span].sum(axis=2) for path in paths.values()])


def _outcomes(values: Floats, span: int) -> Floats:
    """Sum of the ``span`` days after each day, NaN where they are not over."""
    running = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    actual = np.full(values.shape, np.nan)
    if values.shape[1] > span:
        actual[:, :-span] = running[:, 1 + span :] - running[:, 1:-span]
    return actual


def _level(values: Floats) -> Floats:
    """Mean size of the last 28 days at every day."""
    running = np.concatenate([np.zeros((len(values), 1)), np.cumsum(np.abs(values), axis=1)], axis=1)
    seen = np.arange(1, values.shape[1] + 1)
    window = np.minimum(seen, LEVEL_DAYS)
    level: Floats = (running[:, seen] - running[:, seen - window]) / window
    return level


def _judging_span(horizon: int, origin: int) -> int | None:
    """The horizon itself, or the longest shorter one of which enough outcomes are known."""
    for span in (horizon, *(one for one in SHORTER if one < horizon)):
        if origin - span + 1 - (MIN_HISTORY - 1) >= MIN_ORIGINS:
            return span
    return None


def _best(errors: Floats, names: list[str]) -> NDArray[np.intp]:
    """Candidate of the least mean error by series, over the origins where it and the baseline both have one."""
    baseline = names.index(BASELINE)
    both = np.isfinite(errors) & np.isfinite(errors[baseline])
    count = both.sum(axis=2)
    mine = np.where(both, errors, 0.0).sum(axis=2)
    base = np.where(both, errors[baseline], 0.0).sum(axis=2)
    ratio = np.where((count >= MIN_ORIGINS) & (base > 0), mine / np.where(base > 0, base, 1.0), np.inf)
    ratio[baseline] = 1.0
    best: NDArray[np.intp] = ratio.argmin(axis=0)
    return best


def _relative(errors: Floats, level: Floats, span: int) -> Floats:
    """Errors in units of the level, so that a growing series is not underrated; at most the level of the whole span.

    A start from next to nothing says nothing about errors at full size.
    """
    relative = np.divide(errors, level, out=np.full_like(errors, np.nan), where=level > 0)
    return np.minimum(relative, float(span))


def _half_width(relative: dict[int, Floats], choice: NDArray[np.intp], horizon: int, span: int, origin: int) -> Floats:
    """Conformal quantile of the chosen method's relative errors, carried over from ``span`` to the horizon."""
    rows = np.arange(len(choice))
    chosen = {one: part[choice, rows, _known(one, origin)] for one, part in relative.items() if one <= span}
    count = np.isfinite(chosen[span]).sum(axis=1)
    shares = np.minimum(CONFIDENCE * (1 + OVERLAP * span / np.maximum(count, 1)), 1.0)
    width = np.array(
        [
            np.nanquantile(row, share) if np.isfinite(row).any() else np.nan
            for row, share in zip(chosen[span], shares, strict=True)
        ]
    )
    return width if span == horizon else width * (horizon / span) ** _growth_power(chosen, span)


def _growth_power(chosen: dict[int, Floats], span: int) -> Floats:
    """Power of the horizon with which the chosen method's errors of sums grow, from the shortest and the longest known."""
    base = min(chosen)
    if base == span:
        return np.full(len(chosen[span]), UNKNOWN_POWER)
    sizes = [np.nanmean(chosen[one] ** 2, axis=1) for one in (base, span)]
    ratio = np.divide(sizes[1], sizes[0], out=np.ones_like(sizes[0]), where=sizes[0] > 0)
    power: Floats = np.clip(np.log(np.maximum(ratio, 1e-9)) / 2 / np.log(span / base), MIN_POWER, MAX_POWER)
    return power


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
        if len(pooled) >= MIN_ORIGINS:
            found[first : first + WEEK] = np.quantile(pooled, CONFIDENCE)
    if np.isnan(found[0]):
        return found
    return np.maximum.accumulate(np.nan_to_num(found, nan=0.0))
