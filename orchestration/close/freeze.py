"""Freeze the rows of a period: copy them out of the published tables, whole or not at all.

``HOME/closed/<period>/<number>/`` holds ``<table>.parquet`` and ``manifest.json`` (rows and checksums); every close of
a period has its own number, so that an earlier close stays as evidence after a reopening.
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from orchestration.checksum import checksum
from orchestration.close.contracts import books
from orchestration.quoting import literal


@dataclass(frozen=True)
class FrozenTable:
    """``checksum`` is over the rows (see :mod:`orchestration.checksum`), ``sha256`` over the file."""

    rows: int
    checksum: str
    sha256: str


def attach_published(connection: duckdb.DuckDBPyConnection, published: Path) -> dict[str, str]:
    """Show the published tables, those that are Parquet alone too, as database ``published``; returns the period
    expression of each that has one.
    """
    connection.execute("attach ':memory:' as published")
    for folder in sorted((published / "parquet").resolve().iterdir()):
        files = f"read_parquet({literal(folder / '*.parquet')}, hive_partitioning = false)"
        connection.execute(f'create view published.main."{folder.name}" as select * from {files}')
    rows = connection.execute(
        "select distinct table_name from duckdb_columns() where database_name = 'published' order by table_name"
    ).fetchall()
    found = {table: books(table).period for (table,) in rows}
    return {table: expression for table, expression in found.items() if expression is not None}


def freeze(
    connection: duckdb.DuckDBPyConnection, expressions: dict[str, str], period: str, folder: Path, people: str
) -> int:
    """Copy the rows of ``period`` from the attached published tables into ``folder``; returns how many. ``people``: how they
    appear in them.
    """
    work = folder.parent / f".unfinished-{folder.name}"
    for leftover in (work, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    work.mkdir(parents=True)
    tables = {}
    for table, expression in expressions.items():
        path = work / f"{table}.parquet"
        query = f"select * from published.main.\"{table}\" where {expression} = '{period}' order by all"
        connection.execute(f"copy ({query}) to {literal(path)} (format parquet, compression zstd)")
        rows, digest = checksum(connection, f"read_parquet({literal(path)})")
        tables[table] = FrozenTable(rows, digest, file_sha256(path))
    body = {"period": period, "people": people, "tables": {name: asdict(table) for name, table in tables.items()}}
    (work / "manifest.json").write_text(json.dumps(body, indent=1) + "\n")
    work.rename(folder)
    return sum(table.rows for table in tables.values())


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
