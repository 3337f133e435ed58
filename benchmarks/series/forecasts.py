"""How far forecasts of 30- and 90-day sums are off on pseudo-experiments, and how often their interval holds the outcome."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from benchmarks.series.panel import Series
from benchmarks.series.segments import Segment, cut
from orchestration.statistics.forecast_panel import forecast_errors

HISTORIES = (60, 90, 120, 240)
CHUNK = 40


@dataclass(frozen=True)
class Forecasted:
    """One forecast: its error, that of seasonal naive and half the interval's width, relative to the segment's level."""

    series: str
    domain: str
    history: int
    horizon: int
    error: float
    naive_error: float
    half_width: float
    is_naive: bool

    @property
    def is_covered(self) -> bool:
        return self.error <= self.half_width


def forecast(panel: list[Series], horizon: int) -> list[Forecasted]:
    """One forecast for each segment and history that is followed by a whole horizon. Segments without any cost are left out."""
    found = []
    for history in HISTORIES:
        segments = [one for one in cut(panel, history + horizon) if one.values[: history + horizon].any()]
        for first in range(0, len(segments), CHUNK):
            found += _forecast(segments[first : first + CHUNK], history, horizon)
    return found


def _forecast(segments: list[Segment], history: int, horizon: int) -> list[Forecasted]:
    values = np.stack([one.values[: history + horizon] for one in segments])
    columns = forecast_errors(values, horizon, (history - 1,))[:, :, 0]
    return [
        Forecasted(one.series, one.domain, history, horizon, *map(float, row[:3]), bool(row[3]))
        for one, row in zip(segments, columns.T, strict=True)
    ]


def error_ratio(rows: list[Forecasted]) -> float:
    """Mean error over that of seasonal naive, all segments together."""
    return sum(one.error for one in rows) / sum(one.naive_error for one in rows)


def error_ratio_by_series(rows: list[Forecasted]) -> float:
    """Geometric mean of the error ratios of the series."""
    by_series: dict[str, list[Forecasted]] = defaultdict(list)
    for one in rows:
        by_series[one.series].append(one)
    return float(np.exp(np.mean([np.log(error_ratio(part)) for part in by_series.values()])))


def coverage(rows: list[Forecasted]) -> float:
    """Share of outcomes inside their interval."""
    return sum(one.is_covered for one in rows) / len(rows)
