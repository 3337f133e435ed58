"""``python -m benchmarks.loops`` measures the loop detector on the real trace and rewrites ``REPORT.md``.

``--half tune`` measures on that half alone, prints it and writes nothing: that is how the limits were chosen. Seeded; the
same code gives the same tables. Without the trace it says so and writes nothing. About three minutes on one core.
"""

import argparse
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

from benchmarks.loops.inject import draw_loops
from benchmarks.loops.measure import false_alerts, find
from benchmarks.loops.report import Results, tables
from benchmarks.loops.trace import HALVES, TRACE, read_keys

REPORT = Path(__file__).parent / "REPORT.md"
START, END = "<!-- figures: start -->\n", "<!-- figures: end -->"
SCALES = (Decimal(1), Decimal(100))
PER_KIND_AND_SIZE, SEED = 60, 7


def measure(half: str, scale: Decimal) -> Results:
    """False alerts on the half as it is, and injected loops of every kind and size."""
    keys = [key for key in read_keys(scale) if key.half == half]
    loops = draw_loops(keys, PER_KIND_AND_SIZE, SEED)
    return Results(
        half=half,
        scale=scale,
        keys=len(keys),
        key_days=sum(len(key.days_with_traffic - key.runaway_days) for key in keys),
        labelled_days=sum(len(key.runaway_days) for key in keys),
        false_alerts=Counter(one.kind for key in keys for one in false_alerts(key)),
        found=tuple(found for found in map(find, loops) if found is not None),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.loops", description="The loop detector on a real trace."
    )
    parser.add_argument("--half", choices=HALVES, help="measure on this half alone, print it and write nothing")
    half = parser.parse_args(arguments).half
    if not TRACE.exists():
        sys.stdout.write(f"nothing measured: {TRACE.name} is not in ../shared/data\n")
        return 0
    text = tables([measure(one, scale) for scale in SCALES for one in HALVES if half in (None, one)])
    if half:
        sys.stdout.write(text)
        return 0
    before, rest = REPORT.read_text().split(START)
    REPORT.write_text(f"{before}{START}{text}{END}{rest.split(END)[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
