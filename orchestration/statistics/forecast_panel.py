"""Measures the forecasts on a simulated panel and writes the table of ``FORECAST.md``.

``python -m orchestration.statistics.forecast_panel``: 500 series of 240 days in several shapes, seeded. At each origin only
the days before it are known; errors are of the sum over the horizon, in units of the series' level, so that large series
do not decide alone.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestration.statistics.forecast_candidates import WEEK, Floats, standard_paths
from orchestration.statistics.forecast_selection import BASELINE, outcomes, show, sums_ahead

SEED = 20260101
SERIES, DAYS = 500, 240
SHAPES = ("steady", "autocorrelated", "growing", "shifting", "wandering", "bursty", "saturating", "declining")
# History known, horizon, last days known (counted from zero).
ORIGINS = (
    ("120 days and more", 30, (119, 149, 179, 209)),
    ("120 days and more", 90, (119, 149)),
    ("49 to 75 days", 30, (48, 59, 74)),
    ("49 to 75 days", 90, (48, 59, 74)),
)
CHUNK = 50
REPORT = Path(__file__).with_name("FORECAST.md")


@dataclass(frozen=True)
class Measured:
    """Over the series of a shape and all origins: error ratio to seasonal naive, coverage of the 80 % interval, its mean
    half width relative to the series' level, and how often seasonal naive was kept.
    """

    history: str
    horizon: int
    shape: str
    error_ratio: float
    coverage: float
    relative_width: float
    naive_share: float


def simulate(seed: int = SEED, series: int = SERIES, days: int = DAYS) -> tuple[list[str], Floats]:
    """Names of shapes and series x days, all positive, each with its own weekend drop and noise."""
    rng = np.random.default_rng(seed)
    shapes = [SHAPES[at % len(SHAPES)] for at in range(series)]
    return shapes, np.stack([_one(shape, days, rng) for shape in shapes])


def _one(shape: str, days: int, rng: np.random.Generator) -> Floats:
    time = np.arange(days)
    level = np.ones(days)
    if shape == "growing":
        level = np.exp(rng.uniform(0.1, 0.4) * time / 30)
    elif shape == "declining":
        level = np.exp(-rng.uniform(0.05, 0.3) * time / 30)
    elif shape == "saturating":
        level = 0.2 + 1 / (1 + np.exp(-(time - rng.uniform(40, 160)) / rng.uniform(10, 40)))
    elif shape == "shifting":
        for day in rng.choice(np.arange(20, days - 10), 2, replace=False):
            level[day:] *= rng.uniform(0.6, 1.6)
    elif shape == "wandering":
        level = np.exp(np.cumsum(rng.normal(0, 0.02, days)))
    noise = _autoregression(rng, days, 0.6 if shape == "autocorrelated" else 0.2) * rng.uniform(0.05, 0.25)
    values = level * np.exp(noise)
    if shape == "bursty":
        values *= np.where(rng.random(days) < 0.05, rng.uniform(2, 6, days), 1.0)
    weekend = (time + rng.integers(WEEK)) % WEEK >= 5
    return rng.lognormal(3, 1) * values * np.where(weekend, 1 - rng.uniform(0, 0.8), 1.0)


def _autoregression(rng: np.random.Generator, days: int, phi: float) -> Floats:
    values = rng.normal(size=days)
    for day in range(1, days):
        values[day] = phi * values[day - 1] + np.sqrt(1 - phi**2) * values[day]
    return values


def measure(shapes: list[str], values: Floats) -> list[Measured]:
    """One row per history, horizon and shape, and one for all shapes together (``all``)."""
    found = []
    for history, horizon, origins in ORIGINS:
        parts = [
            forecast_errors(values[first : first + CHUNK], horizon, origins) for first in range(0, len(values), CHUNK)
        ]
        error, naive, width, is_naive = np.concatenate(parts, axis=1)
        for shape in (*SHAPES, "all"):
            rows = np.array([shape in (one, "all") for one in shapes])
            found.append(
                Measured(
                    history,
                    horizon,
                    shape,
                    float(error[rows].mean() / naive[rows].mean()),
                    float((error[rows] <= width[rows]).mean()),
                    float(width[rows].mean()),
                    float(is_naive[rows].mean()),
                )
            )
    return found


def forecast_errors(values: Floats, horizon: int, origins: tuple[int, ...]) -> Floats:
    """What the forecasts of the sum over the horizon, made on the days ``origins`` (counted from zero), were off by; that of
    seasonal naive; half the interval's width; all relative to the level of the series; and whether naive was shown: 4 x
    series x origins. A history too short for an interval has none.
    """
    sums = sums_ahead(standard_paths(values))
    after = outcomes(values, horizon)
    found = []
    for last in origins:
        known = {name: {span: part[:, : last + 1] for span, part in spans.items()} for name, spans in sums.items()}
        shown = show(values[:, : last + 1], known, horizon)
        naive = known[BASELINE][horizon][:, -1]
        truth = after[:, last]
        is_naive = np.array([name == BASELINE for name in shown.method], dtype=np.float64)
        found.append((np.abs(shown.forecast - truth), np.abs(naive - truth), shown.half_width, is_naive))
    error, naive_error, width, kept = (np.stack(column, axis=1) for column in zip(*found, strict=True))
    level = values.mean(axis=1, keepdims=True) * horizon
    return np.stack([error / level, naive_error / level, width / level, kept])


def table(rows: list[Measured]) -> str:
    """Markdown, one row each."""
    lines = [
        "| history | horizon | shape | error ratio | coverage | mean half width | seasonal naive kept |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.history} | {row.horizon} | {row.shape} | {row.error_ratio:.2f} | {row.coverage:.1%} "
        f"| {row.relative_width:.1%} | {row.naive_share:.0%} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure again and rewrite the marked section of the report."""
    rows = measure(*simulate())
    text = REPORT.read_text()
    start, end = "<!-- measured: start -->", "<!-- measured: end -->"
    head, rest = text.split(start)
    tail = rest.split(end)[1]
    about = f"Seed {SEED}; {SERIES} series x {DAYS} days; coverage is that of the 80 % interval."
    REPORT.write_text(f"{head}{start}\n{about}\n\n{table(rows)}\n{end}{tail}")
    sys.stdout.write(table(rows) + "\n")


if __name__ == "__main__":
    main()
