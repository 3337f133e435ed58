"""Time ``tokenomics run`` on generated logs against the yardstick: ``python -m benchmarks.whole_run --rows N --case full``.

| case | what is timed |
|---|---|
| ``full`` | a run in an empty home |
| ``new-day`` | a day more than the home holds |
| ``restated`` | a day in the middle exported anew, with other calls |
| ``rule`` | a key's ownership rule that names another initiative |
| ``nothing`` | a run in a home that holds the same already; without ``--rows`` on the demo, and before it a new as-of day |

All but ``full`` begin in a home that holds ROWS calls, and end with ``nothing``, the fixed part. Every answer is compared with
the yardstick's: exit code 1 when a run fails or the figures differ. With ``--runs N`` each is done N times and the one in
the middle by CPU is shown; the others are not. With ``--target spark`` the runs build on Spark.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from benchmarks.agreement import differences, totals
from benchmarks.company import LOG_FOLDER, NEW_DAY, write_company
from benchmarks.logs import link_logs
from benchmarks.measure import Measured, measure
from benchmarks.results import record
from benchmarks.traffic import DAYS, FIRST_DAY, LAST_DAY, rows_per_day, write_day
from orchestration.settings import TARGETS

PROJECT = Path(__file__).parents[1]
SEED = 20261031
RESTATED_DAY = FIRST_DAY + timedelta(days=DAYS // 2)
DUCKDB = TARGETS[0]
CASES = ("full", "new-day", "restated", "rule", "nothing")


class Failed(Exception):
    """A run that ended badly or figures that differ."""


class Bench:
    """One company with its home below ``folder``; ``product`` is the checkout whose ``tokenomics`` is timed."""

    def __init__(self, folder: Path, cache: Path, rows: int, runs: int, product: Path, target: str) -> None:
        self.company, self.home, self.answers = folder / "company", folder / "home", folder / "yardstick"
        self.folder, self.cache, self.rows, self.runs, self.product = folder, cache, rows, runs, product
        self.engine = ["--target", target] if target != DUCKDB else []
        own = product / ".venv" / "bin" / "python"
        self.python = str(own) if own.exists() else sys.executable

    def prepare(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        write_company(self.company)
        link_logs(self.cache, self.company / LOG_FOLDER, self.rows, SEED)

    def yardstick(self) -> Measured:
        command = [sys.executable, "-m", "benchmarks.yardstick", str(self.company), str(self.answers)]
        return self._middle("yardstick", lambda: measure(command, cwd=PROJECT), lambda: None)

    def run(self, name: str, as_of: date, *, is_fresh: bool = False) -> Measured:
        """Time a run that ends as of ``as_of``; repeated in a home as it was before, or in none if ``is_fresh``."""
        command = [self.python, "-m", "orchestration", "run", "--company", str(self.company), "--home", str(self.home)]
        command += self.engine
        before = self.folder / "home_before"
        if self.runs > 1 and not is_fresh:
            shutil.rmtree(before, ignore_errors=True)
            shutil.copytree(self.home, before, symlinks=True)

        def again() -> None:
            shutil.rmtree(self.home, ignore_errors=True)
            if not is_fresh:
                shutil.copytree(before, self.home, symlinks=True)

        environment = {name: value for name, value in os.environ.items() if not name.startswith("TOKENOMICS_")}
        found = self._middle(
            name, lambda: measure([*command, "--as-of", as_of.isoformat()], environment, self.product), again
        )
        shutil.rmtree(before, ignore_errors=True)
        return found

    def agree(self) -> None:
        found = differences(self.home / "published" / "parquet", self.answers)
        print(f"yardstick: {totals(self.answers)}")
        if any(found.values()):
            raise Failed(f"the figures DIFFER, rows by answer: {found}")
        print(f"both say the same: {', '.join(found)}", flush=True)

    def _middle(self, name: str, once: Callable[[], Measured], again: Callable[[], None]) -> Measured:
        found = []
        for number in range(self.runs):
            if number:
                again()
            found.append(once())
            if found[-1].exit_code:
                raise Failed(f"{name} failed:\n{found[-1].output}")
        middle = sorted(found, key=lambda one: one.cpu_seconds)[len(found) // 2]
        show(name, middle)
        return middle


def show(name: str, measured: Measured) -> None:
    """Print what was measured, by stage where it has stages."""
    print(
        f"{name}: {measured.seconds:,.1f} s wall, {measured.cpu_seconds:,.1f} CPU seconds, "
        f"peak memory {measured.peak_bytes / 1e6:,.0f} MB",
        flush=True,
    )
    for number, stage in enumerate(measured.stages):
        name = stage.name if number else f"start, {stage.name}"
        if max(stage.seconds, stage.cpu_seconds) >= 0.1:
            print(f"    {name:<30} {stage.seconds:8.1f} s wall {stage.cpu_seconds:8.1f} CPU seconds", flush=True)


def bench(case: str, work: Bench, day_rows: int | None) -> dict[str, Measured]:
    """Run one case; what was measured by program. Raises :class:`Failed`."""
    work.prepare()
    if case == "full":
        least, whole = work.yardstick(), work.run("whole run", LAST_DAY, is_fresh=True)
        work.agree()
        print(f"ratio whole run / yardstick: {whole.cpu_seconds / least.cpu_seconds:.1f} by CPU")
        return {"yardstick": least, "run": whole}
    work.runs, runs = 1, work.runs
    work.run("the home before", LAST_DAY, is_fresh=True)
    work.runs = runs
    as_of = NEW_DAY if case == "new-day" else LAST_DAY
    if case == "new-day":
        write_day(work.company / LOG_FOLDER, NEW_DAY, day_rows or rows_per_day(work.rows)[-1], SEED + 1)
    elif case == "restated":
        offset = (RESTATED_DAY - FIRST_DAY).days
        write_day(work.company / LOG_FOLDER, RESTATED_DAY, rows_per_day(work.rows)[offset], SEED + 1)
    elif case == "rule":
        write_company(work.company, moved={0: "search"})
    least = work.yardstick()
    changed = work.run(case, as_of)
    work.agree()
    measured = {"yardstick": least, "run": changed}
    if case != "nothing":
        measured["nothing"] = work.run("nothing new, the fixed part", as_of)
        less = changed.cpu_seconds - measured["nothing"].cpu_seconds
        print(f"{case} less the fixed part: {less:.1f} CPU seconds")
    return measured


def bench_demo(work: Bench) -> dict[str, Measured]:
    """The fixed part on the demo: a new as-of day, then nothing new."""
    from orchestration.demo.catalog import AS_OF

    shutil.rmtree(work.folder, ignore_errors=True)
    work.folder.mkdir(parents=True)
    command = [work.python, "-m", "orchestration", "run", "--home", str(work.home)]
    measured: dict[str, Measured] = {}
    for name, day in (("the home before", AS_OF - timedelta(days=1)), ("new as-of day", AS_OF), ("nothing new", AS_OF)):
        measured[name] = measure([*command, "--as-of", day.isoformat(), *work.engine], cwd=work.product)
        if measured[name].exit_code:
            raise Failed(f"{name} failed:\n{measured[name].output}")
        show(name, measured[name])
    return {"new as-of day": measured["new as-of day"], "nothing": measured["nothing new"]}


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a whole run against a hand-written program on the same logs.")
    parser.add_argument("--case", choices=CASES, default="full")
    parser.add_argument("--rows", type=int, help="calls to generate (default 1000000; none for nothing: the demo)")
    parser.add_argument("--day-rows", type=int, help="calls of the new day (default as the last day)")
    parser.add_argument("--runs", type=int, default=1, help="repeat each and show the one in the middle")
    parser.add_argument("--folder", type=Path, help="where logs are kept between benchmarks, and homes while they run")
    parser.add_argument("--record", action="store_true", help="add the result to benchmarks/results.csv")
    parser.add_argument("--target", choices=TARGETS, default=DUCKDB, help="what builds the tables")
    parser.add_argument("--product", type=Path, default=PROJECT, help="another checkout to time")
    arguments = parser.parse_args()
    root = (arguments.folder or Path(tempfile.gettempdir()) / "tokenomics-bench").resolve()
    rows = arguments.rows or 1_000_000
    folder = root / f"{arguments.case}_{rows}_{os.getpid()}"
    work = Bench(folder, root, rows, arguments.runs, arguments.product.resolve(), arguments.target)
    try:
        if arguments.case == "nothing" and arguments.rows is None:
            rows, measured = 0, bench_demo(work)
        else:
            measured = bench(arguments.case, work, arguments.day_rows)
        if arguments.record:
            case = arguments.case if arguments.target == DUCKDB else f"{arguments.case} on {arguments.target}"
            record(case, rows, measured, work.product)
    except Failed as error:
        print(error)
        return 1
    finally:
        shutil.rmtree(work.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
