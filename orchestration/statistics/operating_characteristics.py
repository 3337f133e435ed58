"""How often the stability test and the run-rate interval are right, measured on simulated series.

``python -m orchestration.statistics.operating_characteristics`` simulates the grid and rewrites the tables between
the markers of ``orchestration/statistics/README.md``. Seeded: the same code gives the same tables. A path counts as
stable if it is so on any day from the 30th to the 60th, by the looks that ``stability`` takes. Growth compounds, (1 +
growth) ^ (day / 30). Noise is a first-order autoregression of unit variance times the variation, values below zero
are cut off, weekends drop by a share.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from orchestration.statistics.growth import Floats, estimate_windows
from orchestration.statistics.run_rate import RUN_RATE_DAYS, interval_half_width
from orchestration.statistics.stability import look_confidence

README = Path(__file__).with_name("README.md")
START_MARKER, END_MARKER = "<!-- operating characteristics: start -->", "<!-- operating characteristics: end -->"
SEED = 20260101
FIRST_LOOK, LAST_LOOK = 30, 60
MAX_VARIATION, GROWTH_MARGIN = 0.25, 0.20
WARM_UP_DAYS = 40
BURST_SHARE, BURST_VARIANCE = 0.06, 0.64

NOISES = ("normal", "heavy-tailed", "bursty")
AUTOCORRELATIONS = (0.0, 0.4, 0.7)
VARIATIONS = (0.05, 0.10, 0.15, 0.20, 0.30)
WEEKEND_DROPS = (0.0, 0.3, 0.6)
PATHS_BY_GROWTH = {0.0: 400, 0.15: 400, 0.30: 1000, 0.60: 600}
COVERAGE_PATHS = 3000
COVERAGE_DAYS = (14, 21, 28)
COVERAGE_VARIATION = 0.15

CELL_HEADER = ("noise", "autocorrelation", "variation", *(f"growth {growth:.0%}" for growth in PATHS_BY_GROWTH))
COVERAGE_HEADER = ("noise", "autocorrelation", *(f"{days} days" for days in COVERAGE_DAYS))


@dataclass(frozen=True)
class Cell:
    """Share of paths ever found stable, by growth and weekend drop, for one kind of noise."""

    noise: str
    autocorrelation: float
    variation: float
    ever_stable: dict[tuple[float, float], float]

    def worst(self, growth: float) -> float:
        """Over the weekend drops: the smallest share without growth, the largest with growth."""
        shares = [share for (at, _), share in self.ever_stable.items() if at == growth]
        return min(shares) if growth == 0 else max(shares)


@dataclass(frozen=True)
class Coverage:
    """Share of simulated next-28-day means inside the 80 % interval, by the number of days observed."""

    noise: str
    autocorrelation: float
    by_days: dict[int, float]


def simulate_noise(rng: np.random.Generator, shape: tuple[int, int], noise: str, autocorrelation: float) -> Floats:
    """Unit-variance noise (paths x days) with lag-one autocorrelation."""
    paths, days = shape
    full = (paths, days + WARM_UP_DAYS)
    innovations = rng.standard_t(3, full) / np.sqrt(3) if noise == "heavy-tailed" else rng.standard_normal(full)
    values = np.empty(full)
    values[:, 0] = innovations[:, 0]
    scale = np.sqrt(1 - autocorrelation**2)
    for day in range(1, full[1]):
        values[:, day] = autocorrelation * values[:, day - 1] + scale * innovations[:, day]
    values = values[:, WARM_UP_DAYS:]
    if noise == "bursty":
        bursts = (rng.random(shape) < BURST_SHARE) - BURST_SHARE
        bursts = bursts / np.sqrt(BURST_SHARE * (1 - BURST_SHARE))
        values = np.sqrt(1 - BURST_VARIANCE) * values + np.sqrt(BURST_VARIANCE) * bursts
    return values


def simulate_costs(noise: Floats, variation: float, growth: float, weekend_drop: float) -> Floats:
    """Daily costs from unit noise; the first day is a Monday."""
    day = np.arange(noise.shape[1])
    level = (1 + growth) ** (day / 30) * np.where(day % 7 >= 5, 1 - weekend_drop, 1.0)
    return np.maximum(0.0, 1 + variation * noise) * level


def share_ever_stable(costs: Floats) -> float:
    """Share of paths (rows, 60 days) found stable on any day from the 30th to the 60th."""
    open_paths = np.arange(len(costs))
    for day in range(FIRST_LOOK, LAST_LOOK + 1):
        if not len(open_paths):
            break
        confidence = np.full(len(open_paths), look_confidence(day, FIRST_LOOK))
        weekdays = np.zeros(len(open_paths), dtype=np.int64)
        found = estimate_windows(costs[open_paths, :day], weekdays, confidence, MAX_VARIATION)
        inside = (found.low > -GROWTH_MARGIN) & (found.high < GROWTH_MARGIN)
        open_paths = open_paths[~(inside & (found.variation <= MAX_VARIATION))]
    return 1 - len(open_paths) / len(costs)


def measure_cell(noise: str, autocorrelation: float, variation: float, paths_by_growth: dict[float, int]) -> Cell:
    """Simulate one row of the grid; the seed follows from the cell, not from the order of measuring."""
    shares = {}
    for growth, weekend_drop in product(paths_by_growth, WEEKEND_DROPS):
        names = (NOISES.index(noise), *(round(100 * x) for x in (autocorrelation, variation, growth, weekend_drop)))
        rng = np.random.default_rng([SEED, *names])
        unit = simulate_noise(rng, (paths_by_growth[growth], LAST_LOOK), noise, autocorrelation)
        shares[growth, weekend_drop] = share_ever_stable(simulate_costs(unit, variation, growth, weekend_drop))
    return Cell(noise, autocorrelation, variation, shares)


def measure_coverage(noise: str, autocorrelation: float, paths: int) -> Coverage:
    """How often the mean of the next 28 days lies in the 80 % interval, after 14, 21 and 28 observed days."""
    by_days = {}
    for days in COVERAGE_DAYS:
        rng = np.random.default_rng([SEED, NOISES.index(noise), round(100 * autocorrelation), days])
        unit = simulate_noise(rng, (paths, days + RUN_RATE_DAYS), noise, autocorrelation)
        costs = simulate_costs(unit, COVERAGE_VARIATION, 0.0, 0.3)
        observed, ahead = costs[:, :days], costs[:, days:]
        weekdays = np.tile(np.arange(days) % 7, (paths, 1))
        width = interval_half_width(observed, weekdays)
        by_days[days] = float((np.abs(ahead.mean(axis=1) - observed.mean(axis=1)) <= width).mean())
    return Coverage(noise, autocorrelation, by_days)


def false_graduation(cells: list[Cell]) -> float:
    """The largest share ever stable over all cells with a true growth of 30 % or more."""
    return max(cell.worst(growth) for cell in cells for growth in PATHS_BY_GROWTH if growth >= 0.30)


def power(cells: list[Cell]) -> float:
    """The smallest share ever stable without growth where variation is at most 0.10 and autocorrelation at most 0.4."""
    return min(cell.worst(0.0) for cell in cells if cell.variation <= 0.10 and cell.autocorrelation <= 0.4)


def render(cells: list[Cell], coverages: list[Coverage]) -> str:
    """The published section as markdown."""
    lines = [
        f"Seed {SEED}; paths per cell and weekend drop: "
        + ", ".join(f"{paths} at growth {growth:.0%}" for growth, paths in PATHS_BY_GROWTH.items())
        + ".",
        f"False graduation at growth of 30 % or more, largest cell: **{false_graduation(cells):.1%}** (limit 5 %). "
        f"Power without growth, variation at most 0.10, autocorrelation at most 0.4, smallest cell: "
        f"**{power(cells):.1%}** (limit 80 %).",
        "",
        "Share of paths ever stable between day 30 and day 60; the worst of the weekend drops "
        + ", ".join(f"{drop:.0%}" for drop in WEEKEND_DROPS)
        + " (smallest without growth, largest with it).",
        "",
        *_table(CELL_HEADER, [_cell_values(cell) for cell in cells]),
        "",
        f"Coverage of the 80 % run-rate interval on the mean of the next 28 days, by days observed "
        f"(variation {COVERAGE_VARIATION}, {COVERAGE_PATHS} paths).",
        "",
        *_table(COVERAGE_HEADER, [_coverage_values(one) for one in coverages]),
    ]
    return "\n".join(lines) + "\n"


def _cell_values(cell: Cell) -> list[str]:
    shares = [f"{cell.worst(growth):.1%}" for growth in PATHS_BY_GROWTH]
    return [cell.noise, f"{cell.autocorrelation:.1f}", f"{cell.variation:.2f}", *shares]


def _coverage_values(coverage: Coverage) -> list[str]:
    return [coverage.noise, f"{coverage.autocorrelation:.1f}", *(f"{share:.1%}" for share in coverage.by_days.values())]


def _table(header: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    ruler = ["---"] * len(header)
    return [f"| {' | '.join(row)} |" for row in (header, ruler, *rows)]


def replace_section(text: str, section: str) -> str:
    """``text`` with what stands between the markers replaced; both markers must be there once."""
    before, after = text.split(START_MARKER)
    _, rest = after.split(END_MARKER)
    return f"{before}{START_MARKER}\n{section}{END_MARKER}{rest}"


def main() -> None:
    """Measure the whole grid and rewrite the README's tables."""
    cells = [measure_cell(*cell, PATHS_BY_GROWTH) for cell in product(NOISES, AUTOCORRELATIONS, VARIATIONS)]
    coverages = [measure_coverage(*cell, COVERAGE_PATHS) for cell in product(NOISES, AUTOCORRELATIONS)]
    README.write_text(replace_section(README.read_text(), render(cells, coverages)))
    print(f"false graduation {false_graduation(cells):.1%} (limit 5 %), power {power(cells):.1%} (limit 80 %)")


if __name__ == "__main__":
    main()
