"""What was measured, kept: a line of ``results.csv`` per program, and from these the table and the plot of README.md.

``python -m benchmarks.results`` writes both anew; ``python -m benchmarks.whole_run --record`` adds lines. A result without its
version, rows and machine is none.
"""

import csv
import math
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Measured

FOLDER = Path(__file__).parent
RESULTS, README, PLOT = FOLDER / "results.csv", FOLDER / "README.md", FOLDER / "cost.svg"
COLUMNS = ("measured_on", "version", "case", "rows", "program", "seconds", "cpu_seconds", "peak_mb", "cores", "duckdb")
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _BOTTOM = 720, 420, 70, 60, 50
_COLORS = {"run": "#1f5fa8", "yardstick": "#b35c00"}


def record(case: str, rows: int, measured: Mapping[str, Measured], product: Path, results: Path = RESULTS) -> None:
    """Add a line for each program of a benchmark of the checkout ``product``."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=product, capture_output=True, text=True, check=True
    ).stdout.strip()
    is_new = not results.exists()
    with results.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(COLUMNS)
        for program, one in measured.items():
            figures = (f"{one.seconds:.1f}", f"{one.cpu_seconds:.1f}", round(one.peak_bytes / 1e6))
            day = datetime.now(UTC).date().isoformat()
            writer.writerow((day, described, case, rows, program, *figures, os.cpu_count(), version("duckdb")))


def table(lines: list[dict[str, str]]) -> str:
    """The results as Markdown, a line for each benchmark."""
    grouped: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
    for line in lines:
        key = (line["version"], line["case"], line["rows"])
        grouped.setdefault(key, {})[line["program"]] = line
    text = (
        "| version | case | rows | CPU seconds | wall | peak | yardstick, CPU | ratio | nothing new, CPU |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|---:|\n"
    )
    for (described, case, rows), programs in grouped.items():
        for name in ("run", "new as-of day", "nothing"):
            if name not in programs or (name == "nothing" and "run" in programs):
                continue
            run, least, nothing = programs[name], programs.get("yardstick"), programs.get("nothing")
            label = case if name == "run" else f"demo, {name}"
            ratio = f"{float(run['cpu_seconds']) / float(least['cpu_seconds']):.1f}" if least else ""
            fixed = nothing["cpu_seconds"] if nothing and name == "run" else ""
            text += (
                f"| {described} | {label} | {int(rows):,} | {run['cpu_seconds']} | {run['seconds']} s | {run['peak_mb']} MB "
                f"| {least['cpu_seconds'] if least else ''} | {ratio} | {fixed} |\n"
            )
    return text


def plot(lines: list[dict[str, str]]) -> str:
    """Cost against rows of the full runs of the newest version, both axes logarithmic, as SVG."""
    full = [line for line in lines if line["case"] == "full"]
    newest = full[-1]["version"] if full else ""
    points = [
        (line["program"], int(line["rows"]), float(line["cpu_seconds"])) for line in full if line["version"] == newest
    ]
    if not points:
        raise SystemExit("no result of a full run to plot")
    x_range = _decades([rows for _, rows, _ in points])
    y_range = _decades([cpu for *_, cpu in points])
    shapes = [f'<text x="{_LEFT}" y="22" font-size="15">CPU seconds of a full run against rows, {newest}</text>']
    for exponent in range(x_range[0], x_range[1] + 1):
        x = _place(10**exponent, x_range, _LEFT, _WIDTH - _RIGHT)
        shapes.append(f'<line x1="{x:.1f}" y1="40" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}" stroke="#ddd"/>')
        shapes.append(f'<text x="{x:.1f}" y="{_HEIGHT - 28}" text-anchor="middle">{10**exponent:,}</text>')
    for exponent in range(y_range[0], y_range[1] + 1):
        y = _place(10**exponent, y_range, _HEIGHT - _BOTTOM, 40)
        shapes.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        shapes.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**exponent:,}</text>')
    for program, color in _COLORS.items():
        line = sorted((rows, cpu) for name, rows, cpu in points if name == program)
        places = [
            (_place(rows, x_range, _LEFT, _WIDTH - _RIGHT), _place(cpu, y_range, _HEIGHT - _BOTTOM, 40))
            for rows, cpu in line
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        shapes.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        for (x, y), (_, cpu) in zip(places, line, strict=True):
            shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"/>')
            shapes.append(f'<text x="{x + 7:.1f}" y="{y - 7:.1f}" fill="{color}">{cpu:,.1f}</text>')
        if places:
            x, y = places[0]
            shapes.append(f'<text x="{x + 7:.1f}" y="{y + 18:.1f}" fill="{color}">{program}</text>')
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _decades(values: list[float] | list[int]) -> tuple[int, int]:
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def _place(value: float, decades: tuple[int, int], low: float, high: float) -> float:
    first, last = decades
    return low + (math.log10(value) - first) / max(last - first, 1) * (high - low)


def main() -> None:
    with RESULTS.open(newline="") as file:
        lines = list(csv.DictReader(file))
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(before + BEGIN + table(lines) + END + rest.partition(END)[2])
    PLOT.write_text(plot(lines))


if __name__ == "__main__":
    main()
