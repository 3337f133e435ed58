"""A few cells of the published grid, and that the README holds what the command writes."""

import re
from itertools import pairwise, product

import numpy as np
import pytest

from orchestration.statistics import operating_characteristics as measured
from orchestration.statistics.cost_of_waiting import WAITING_DAYS, WAITING_HEADER, Waiting
from orchestration.statistics.operating_characteristics import Cell, Coverage
from orchestration.statistics.path_characteristics import Table, share_lost


@pytest.mark.parametrize(
    ("noise", "autocorrelation", "variation"),
    [("normal", 0.7, 0.10), ("heavy-tailed", 0.7, 0.15), ("bursty", 0.4, 0.20)],
)
def test_growth_of_thirty_percent_rarely_graduates(noise, autocorrelation, variation):
    cell = measured.measure_cell(noise, autocorrelation, variation, {0.30: 200})
    # 3 to 4 % in truth; 200 paths stray by 1.3 points
    assert cell.worst(0.30) <= 0.08


@pytest.mark.parametrize(("noise", "autocorrelation"), [("normal", 0.4), ("heavy-tailed", 0.4), ("bursty", 0.0)])
def test_steady_spend_graduates_by_day_sixty(noise, autocorrelation):
    assert measured.measure_cell(noise, autocorrelation, 0.10, {0.0: 100}).worst(0.0) >= 0.80


def test_shrinking_by_thirty_percent_rarely_graduates():
    unit = measured.simulate_noise(np.random.default_rng(1), (300, 60), "normal", 0.4)
    assert measured.share_ever_stable(measured.simulate_costs(unit, 0.10, -0.30, 0.6)) <= 0.05


@pytest.mark.parametrize(("noise", "autocorrelation"), list(product(measured.NOISES[:2], measured.AUTOCORRELATIONS)))
def test_noise_has_unit_variance_and_its_autocorrelation(noise, autocorrelation):
    values = measured.simulate_noise(np.random.default_rng(2), (4000, 60), noise, autocorrelation)
    assert values.std() == pytest.approx(1, abs=0.12)
    found = np.mean(values[:, 1:] * values[:, :-1]) / np.mean(values**2)
    assert found == pytest.approx(autocorrelation, abs=0.05)


def test_a_weekend_drop_changes_no_verdict():
    unit = measured.simulate_noise(np.random.default_rng(3), (60, 60), "normal", 0.4)
    plain = measured.share_ever_stable(measured.simulate_costs(unit, 0.15, 0.15, 0.0))
    assert measured.share_ever_stable(measured.simulate_costs(unit, 0.15, 0.15, 0.6)) == plain


def published_section():
    text = measured.README.read_text()
    return text.split(measured.START_MARKER + "\n")[1].split(measured.END_MARKER)[0]


def published_tables(section):
    """Introduction, header and rows of every table, in order."""
    blocks, found = section.split("\n\n"), []
    for before, block in pairwise(blocks):
        if block.startswith("| "):
            lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.strip().splitlines()]
            found.append((before, tuple(lines[0]), lines[2:]))
    return found


def share(text):
    return float(text.rstrip("%")) / 100


def read_waiting(row):
    noise, day, overspend_all, stable, overspend_stable, waiting = row
    known = None if overspend_stable == "none" else share(overspend_stable)
    return Waiting(noise, int(day), share(overspend_all), share(stable), known, share(waiting))


def bold(section):
    return [float(text) / 100 for text in re.findall(r"\*\*([\d.]+)%\*\*", section)]


def test_the_readme_holds_the_whole_grid_in_the_commands_format():
    section = published_section()
    grid, *paths, coverage, waiting = published_tables(section)
    assert [grid[1], coverage[1], waiting[1]] == [measured.CELL_HEADER, measured.COVERAGE_HEADER, WAITING_HEADER]
    cells, coverages = [], []
    for noise, phi, variation, *shares in grid[2]:
        pairs = zip(measured.PATHS_BY_GROWTH, shares, strict=True)
        cells.append(Cell(noise, float(phi), float(variation), {(growth, 0.0): share(text) for growth, text in pairs}))
    for noise, phi, *shares in coverage[2]:
        pairs = zip(measured.COVERAGE_DAYS, shares, strict=True)
        coverages.append(Coverage(noise, float(phi), {days: share(text) for days, text in pairs}))
    cells_expected = list(product(measured.NOISES, measured.AUTOCORRELATIONS, measured.VARIATIONS))
    assert [(cell.noise, cell.autocorrelation, cell.variation) for cell in cells] == cells_expected
    waits = [read_waiting(row) for row in waiting[2]]
    assert [(one.noise, one.day) for one in waits] == list(product(measured.NOISES, WAITING_DAYS))
    growth, windows, recovered, late, lost = bold(section)[2:]
    figures = [growth, recovered, late, lost, windows, 0.0]
    tables = [Table(*table, figure) for table, figure in zip(paths, figures, strict=True)]
    assert measured.render(cells, coverages, waits, tables) == section


def test_the_published_figures_keep_the_promise():
    false, power = bold(published_section())[:2]
    assert false <= 0.05
    assert power >= 0.80


def test_a_path_loses_readiness_when_three_of_five_days_were_not_stable():
    kept = [0, 1, 1, 0, 0, 1, 1, 1, 1, 1]
    lost = [0, 1, 0, 0, 0, 1, 1, 1, 1, 1]
    never, late = [0] * 10, [0] * 9 + [1]
    assert share_lost(np.array([kept, lost, never], dtype=bool)) == 0.5
    assert share_lost(np.array([never, late], dtype=bool), by_day=9) == 0.0


def test_replacing_needs_both_markers():
    text = f"before\n{measured.START_MARKER}\nold\n{measured.END_MARKER}\nafter\n"
    replaced = measured.replace_section(text, "new\n")
    assert replaced == f"before\n{measured.START_MARKER}\nnew\n{measured.END_MARKER}\nafter\n"
    with pytest.raises(ValueError):
        measured.replace_section("no markers", "new\n")
