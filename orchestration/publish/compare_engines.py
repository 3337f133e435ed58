"""The same company on DuckDB and on Spark: every published table of both compared, row for row and money to the last digit.
``python -m orchestration.publish.compare_engines FOLDER [--company DIR] [--as-of DAY] [--models NAME...]``, by default the
demo company.

DuckDB reads the sources into ``FOLDER/duckdb``; ``FOLDER/spark`` begins with a copy of what landed and reads none, so that both
build from the same rows. Tables that hold no row on either side are named: that they are equal proves nothing.

With ``--models`` Spark builds only these and what they need, runs no test and publishes nothing; every table of marts that it
built is compared with DuckDB's, and one without a row fails. A comparison of no table fails in any case.
"""

import argparse
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from orchestration import utc_duckdb
from orchestration.project import Home
from orchestration.publish.compare import Difference, compare, compare_table, comparing
from orchestration.quoting import literal
from orchestration.session import open_session
from orchestration.settings import load_settings
from orchestration.transform.invoke import DbtStopped, failure_lines, invoke
from orchestration.transform.spark_tables import whole_builds
from orchestration.warehouse import begin_build, connect, prepare

PR_SET_CHILD_SUBREAPER = 36
COPIED = ("landing", "demo_company", "budget", "closed", "enforcement")


def build(home: Path, *options: str) -> float:
    """Run the program on ``home``; the CPU seconds that it took. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "orchestration", "run", "--home", str(home), *options],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    _reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{home.name}: {time.monotonic() - began:.0f} s, {used:.0f} CPU seconds, "
        f"largest process so far {after.ru_maxrss / 1024:.0f} MB",
        flush=True,
    )
    return used


def _adopt() -> None:
    """Whatever a child leaves running becomes this process's, so that Spark's own process is counted; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _reap() -> None:
    """Wait for what was adopted."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def empty_tables(home: Path) -> list[str]:
    """The published tables without a row."""
    with utc_duckdb.connect() as connection:
        return sorted(
            folder.name
            for folder in (home / "published" / "parquet").resolve().iterdir()
            if connection.execute(
                f"select 1 from read_parquet({literal(folder / '**' / '*.parquet')}) limit 1"
            ).fetchone()
            is None
        )


def build_models(home: Home, company: Path | None, as_of: date | None, models: Sequence[str]) -> None:
    """Build these and what they need on Spark from what ``home`` holds; raises DbtStopped where one does not build."""
    settings = load_settings(company, home.root, as_of, offline=True, full_refresh=True, target="spark")
    with open_session(settings) as session, connect(home.warehouse) as connection:
        begin_build(
            connection,
            prepare(connection, session.landing, session.company, session.as_of, full_refresh=True, target="spark"),
        )
    selected = [f"+{name}" for name in models]
    failed = failure_lines(invoke(home, ["run", "--select", *selected], target="spark"))
    if failed:
        raise DbtStopped("\n".join(failed))


def compare_marts(first: Home, second: Home) -> tuple[list[str], list[Difference], list[str]]:
    """Tables of marts that Spark built in ``second`` beside those of ``first``: the equal, the others, those without a row."""
    equal, differing, empty = [], [], []
    with comparing() as connection:
        for name, home in (("duckdb_home", first), ("spark_home", second)):
            connection.execute(f"attach {literal(home.warehouse)} as {name} (read_only)")
        for table in [built.table for built in whole_builds(second.spark / "tables") if built.schema == "marts"]:
            sides = [f'{name}.marts."{table}"' for name in ("duckdb_home", "spark_home")]
            found = compare_table(connection, table, *sides)
            if found.lines:
                differing.append(found)
            else:
                equal.append(table)
            if connection.execute(f"select 1 from {sides[0]} limit 1").fetchone() is None:
                empty.append(table)
    return equal, differing, empty


def tell(equal: Sequence[str], differing: Sequence[Difference], empty: Sequence[str], *, needs_rows: bool) -> int:
    """Print what was found; the exit code is 1 where tables differ, where none was compared, and with ``needs_rows`` where one
    holds no row.
    """
    for found in differing:
        print(f"{found.table}: {found.lost} rows only on DuckDB, {found.added} only on Spark")
        print("\n".join(f"    {line}" for line in found.lines))
    print(f"{len(equal)} tables are equal, {len(differing)} differ")
    print(f"without a row in this company: {', '.join(empty) or 'none'}")
    return 1 if differing or not equal or (needs_rows and empty) else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Build a company on both engines and compare what they publish.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--company", type=Path, help="a company folder; without it the demo company")
    parser.add_argument("--as-of", type=date.fromisoformat, help="the day of both runs; without it the last one")
    parser.add_argument("--models", nargs="+", help="on Spark only these and what they need, as dbt selects")
    arguments = parser.parse_args()
    _adopt()
    first, second = Home(arguments.folder.resolve() / "duckdb"), Home(arguments.folder.resolve() / "spark")
    options = ["--company", str(arguments.company)] if arguments.company else []
    options += ["--as-of", str(arguments.as_of)] if arguments.as_of else []
    build(first.root, *options)
    shutil.rmtree(second.root, ignore_errors=True)
    for name in COPIED:
        if (first.root / name).exists():
            shutil.copytree(first.root / name, second.root / name, symlinks=True)
    if arguments.models:
        build_models(second, arguments.company, arguments.as_of, arguments.models)
        equal, differing, empty = compare_marts(first, second)
    else:
        build(second.root, "--offline", "--target", "spark", *options)
        equal, differing = compare(first.root, second.root)
        empty = [name for name in empty_tables(first.root) if name in equal]
    return tell(equal, differing, empty, needs_rows=bool(arguments.models))


if __name__ == "__main__":
    sys.exit(main())
