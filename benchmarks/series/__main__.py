"""``python -m benchmarks.series`` measures on both halves of the panel and rewrites ``orchestration/statistics/REAL_SERIES.md``.

``--half tune`` measures on that half alone, prints it and writes nothing: that is how constants are chosen. No randomness but
the seeded resampling of series; the same code gives the same tables. Under two minutes on one core.
"""

import argparse
import sys

from benchmarks.series.forecasts import forecast
from benchmarks.series.panel import FOLDER, HALVES, read_panel
from benchmarks.series.report import Results, plot, tables
from benchmarks.series.run_rates import SEGMENT_DAYS as RUN_RATE_SEGMENT_DAYS
from benchmarks.series.run_rates import observe
from benchmarks.series.segments import AHEAD_DAYS, cut
from benchmarks.series.stability import RULES, SEGMENT_DAYS, judge
from orchestration.statistics.forecast_selection import HORIZONS

STATISTICS = FOLDER.parents[1] / "orchestration" / "statistics"
REPORT, PLOT = STATISTICS / "REAL_SERIES.md", STATISTICS / "real_series.svg"
MARKERS = {half: (f"<!-- {half}: start -->\n", f"<!-- {half}: end -->") for half in HALVES}


def measure(half: str) -> Results:
    """Everything on one half: stability by the rules, run-rates on fixed days and on first stable days, forecasts."""
    panel = read_panel(half)
    segments = cut(panel, SEGMENT_DAYS)
    outcomes = {name: judge(rule, segments) for name, rule in RULES.items()}
    whole = cut(panel, RUN_RATE_SEGMENT_DAYS)
    days = (14, AHEAD_DAYS)
    run_rates = {
        f"after {taken} days": [observe(one, taken) for one in whole if one.values[:taken].any()] for taken in days
    }
    run_rates["on the first stable day"] = [
        observe(one.segment, one.first) for one in outcomes["the product"] if one.first is not None
    ]
    forecasts = [one for horizon in HORIZONS for one in forecast(panel, horizon)]
    return Results(half, outcomes, run_rates, forecasts)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.series", description="Statistics on real daily series.")
    parser.add_argument("--half", choices=HALVES, help="measure on this half alone, print it and write nothing")
    half = parser.parse_args(arguments).half
    if half:
        sys.stdout.write(tables(measure(half)))
        return 0
    text = REPORT.read_text()
    for name, (start, end) in MARKERS.items():
        results = measure(name)
        before, rest = text.split(start)
        text = f"{before}{start}{tables(results)}{end}{rest.split(end)[1]}"
        if name == "held_out":
            PLOT.write_text(plot(results))
    REPORT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
