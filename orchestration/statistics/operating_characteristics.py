"""How often the stability test and the run-rate interval are right, measured on simulated series.

``python -m orchestration.statistics.operating_characteristics`` simulates the grid and rewrites the tables between
the markers of ``orchestration/statistics/README.md``. Seeded: the same code gives the same tables. A path counts as
stable if it is so on any day from the 30th to the 60th, by the rule of ``looks``. What is simulated stands in
``simulated_costs``, whole paths in ``path_characteristics``, the cost of waiting in ``cost_of_waiting``.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from orchestration.statistics.cost_of_waiting import WAITING_HEADER, WAITING_INTRODUCTION, Waiting, measure_waiting
from orchestration.statistics.path_characteristics import Table, measured_tables
from orchestration.statistics.run_rate import RUN_RATE_DAYS, interval_half_width
from orchestration.statistics.simulated_costs import (
    AUTOCORRELATIONS,
    GROWTHS,
    LAST_LOOK,
    NOISES,
    SEED,
    VARIATIONS,
    WEEKEND_DROPS,
    share_ever_stable,
    simulate_costs,
    simulate_noise,
)

README = Path(__file__).with_name("README.md")
START_MARKER, END_MARKER = "<!-- operating characteristics: start -->", "<!-- operating characteristics: end -->"
PATHS_BY_GROWTH = dict(zip(GROWTHS, (200, 200, 500, 200), strict=True))
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


def render(cells: list[Cell], coverages: list[Coverage], waits: list[Waiting], tables: list[Table]) -> str:
    """The published section as markdown."""
    lines = [
        f"Seed {SEED}; paths per cell and weekend drop: "
        + ", ".join(f"{paths} at growth {growth:.0%}" for growth, paths in PATHS_BY_GROWTH.items())
        + ".",
        f"False graduation at growth of 30 % or more, largest cell: **{false_graduation(cells):.1%}** (limit 5 %). "
        f"Power without growth, variation at most 0.10, autocorrelation at most 0.4, smallest cell: "
        f"**{power(cells):.1%}** (limit 80 %).",
        *headlines(tables),
        "",
        "Share of paths ever stable between day 30 and day 60; the worst of the weekend drops "
        + ", ".join(f"{drop:.0%}" for drop in WEEKEND_DROPS)
        + " (smallest without growth, largest with it).",
        "",
        *_table(CELL_HEADER, [_cell_values(cell) for cell in cells]),
        *(line for table in tables for line in ("", table.introduction, "", *_table(table.header, table.rows))),
        "",
        f"Coverage of the 80 % run-rate interval on the mean of the next 28 days, by days observed "
        f"(variation {COVERAGE_VARIATION}, {COVERAGE_PATHS} paths).",
        "",
        *_table(COVERAGE_HEADER, [_coverage_values(one) for one in coverages]),
        "",
        WAITING_INTRODUCTION,
        "",
        *_table(WAITING_HEADER, [one.values() for one in waits]),
    ]
    return "\n".join(lines) + "\n"


def headlines(tables: list[Table]) -> list[str]:
    """The promised figures of whole paths, in the order of ``measured_tables``."""
    growth, recovered, late, lost, windows = (f"{table.figure:.1%}" for table in tables[:5])
    return [
        f"False graduation over 180 days, largest cell: **{growth}** (aim 5 %), with other windows **{windows}**.",
        f"Stable within 45 days after a ramp or step, smallest calm cell: **{recovered}** (aim 80 %).",
        f"Still stable two weeks after flat cost began to grow by 40 %, largest calm cell: **{late}**.",
        f"Readiness lost within a week without growth, largest cell: **{lost}** (aim 10 %).",
    ]


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
    waits = [one for noise in NOISES for one in measure_waiting(noise)]
    tables = list(measured_tables())
    README.write_text(replace_section(README.read_text(), render(cells, coverages, waits, tables)))
    print(f"false graduation {false_graduation(cells):.1%} (limit 5 %), power {power(cells):.1%} (limit 80 %)")
    print("\n".join(headlines(tables)))


if __name__ == "__main__":
    main()
