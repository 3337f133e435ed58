"""The same company on DuckDB and on Spark: every published table of both compared, row for row and money to the last digit.
``python -m orchestration.publish.compare_engines FOLDER [--company DIR]``, by default the demo company.

DuckDB reads the sources into ``FOLDER/duckdb``; ``FOLDER/spark`` begins with a copy of what landed and reads none, so that both
build from the same rows. Tables that hold no row on either side are named: that they are equal proves nothing.
"""

import argparse
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import duckdb

from orchestration.publish.compare import compare
from orchestration.quoting import literal

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
    with duckdb.connect() as connection:
        return sorted(
            folder.name
            for folder in (home / "published" / "parquet").resolve().iterdir()
            if connection.execute(
                f"select 1 from read_parquet({literal(folder / '**' / '*.parquet')}) limit 1"
            ).fetchone()
            is None
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Build a company on both engines and compare what they publish.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--company", type=Path, help="a company folder; without it the demo company")
    arguments = parser.parse_args()
    _adopt()
    first, second = arguments.folder / "duckdb", arguments.folder / "spark"
    options = ["--company", str(arguments.company)] if arguments.company else []
    build(first, *options)
    shutil.rmtree(second, ignore_errors=True)
    for name in COPIED:
        if (first / name).exists():
            shutil.copytree(first / name, second / name, symlinks=True)
    build(second, "--offline", "--target", "spark", *options)
    equal, differing = compare(first, second)
    for found in differing:
        print(f"{found.table}: {found.lost} rows only on DuckDB, {found.added} only on Spark")
        print("\n".join(f"    {line}" for line in found.lines))
    empty = [name for name in empty_tables(first) if name in equal]
    print(f"{len(equal)} tables are equal, {len(differing)} differ")
    print(f"without a row in this company: {', '.join(empty) or 'none'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
