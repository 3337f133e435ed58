"""Are the published tables of two homes equal, row for row? ``python -m orchestration.publish.compare HOME_A HOME_B``.

Rows are compared as a multiset over all columns but the moments of loading and the identifiers of runs
(:data:`orchestration.checksum.ASIDE`), from the Parquet parts, in whatever order and files they lie. A table or
column that one home lacks, another type of a column and every row without an equal is a difference: it is printed, and
the exit code is 1. A home that has published nothing is an error, never an empty one.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration import utc_duckdb
from orchestration.checksum import ASIDE, columns_of
from orchestration.quoting import literal

EXAMPLES = 3
_MEMORY_LIMIT = "1GB"


@dataclass(frozen=True)
class Difference:
    """``lost`` and ``added`` rows stand only in the first or second home; ``lines`` say what differs."""

    table: str
    lines: tuple[str, ...]
    lost: int = 0
    added: int = 0


class NothingPublished(Exception):
    """A home without a publication, or with one that lacks a table's files."""


def compare(first: Path, second: Path) -> tuple[list[str], list[Difference]]:
    """The names of the equal tables, and how the others differ. Raises :class:`NothingPublished`."""
    tables = [_tables(home) for home in (first, second)]
    equal, differing = [], []
    with comparing() as connection:
        for name in sorted(tables[0].keys() | tables[1].keys()):
            paths = [found.get(name) for found in tables]
            if paths[0] is None or paths[1] is None:
                where = "first" if paths[1] is None else "second"
                differing.append(Difference(name, (f"only the {where} home publishes it",)))
                continue
            found = compare_table(connection, name, _source(paths[0]), _source(paths[1]))
            if found.lines:
                differing.append(found)
            else:
                equal.append(name)
    return equal, differing


@contextmanager
def comparing() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, in UTC, that spills early."""
    with utc_duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{_MEMORY_LIMIT}'")
        yield connection


def _tables(home: Path) -> dict[str, Path]:
    folder = home / "published" / "parquet"
    if not folder.is_dir():
        raise NothingPublished(f"{home} holds no publication")
    tables = {path.name: path for path in folder.resolve().iterdir()}
    empty = sorted(name for name, path in tables.items() if not any(path.glob("*.parquet")))
    if empty:
        raise NothingPublished(
            f"{home}: no file of {', '.join(empty)} in {folder}; tokenomics run writes what is missing"
        )
    return tables


def compare_table(connection: duckdb.DuckDBPyConnection, name: str, first: str, second: str) -> Difference:
    """How two relations differ, each a name or a query in brackets; without lines they are equal."""
    sides = (first, second)
    columns = [columns_of(connection, side) for side in sides]
    lines = [f"column {column} is gone" for column in columns[0] if column not in columns[1]]
    lines += [f"column {column} is new" for column in columns[1] if column not in columns[0]]
    common = [column for column in columns[0] if column in columns[1]]
    lines += [
        f"column {column} was {columns[0][column]} and is {columns[1][column]}"
        for column in common
        if columns[0][column] != columns[1][column]
    ]
    listed = ", ".join(f'"{column}"' for column in common if column not in ASIDE)
    counts = []
    for sign, here, there in (("-", sides[0], sides[1]), ("+", sides[1], sides[0])):
        unmatched = f"(select {listed} from {here} except all select {listed} from {there})"
        connection.execute(f"create or replace temp table unmatched as from {unmatched}")
        (count,) = connection.execute("select count(*) from unmatched").fetchone() or (0,)
        counts.append(count)
        examples = connection.execute(f"from unmatched order by all limit {EXAMPLES}").fetchall()
        lines += [f"{sign} {', '.join(map(str, row))}" for row in examples]
    return Difference(name, tuple(lines), *counts)


def _source(folder: Path) -> str:
    return f"read_parquet({literal(folder / '**' / '*.parquet')}, hive_partitioning = false)"


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the published tables of two homes, row for row.")
    parser.add_argument("first", type=Path, metavar="HOME_A")
    parser.add_argument("second", type=Path, metavar="HOME_B")
    arguments = parser.parse_args()
    try:
        equal, differing = compare(arguments.first, arguments.second)
    except NothingPublished as error:
        parser.error(str(error))
    for found in differing:
        print(f"{found.table}: {found.lost} rows only in the first, {found.added} only in the second")
        print("\n".join(f"    {line}" for line in found.lines))
    print(f"{len(equal)} tables are equal, {len(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
