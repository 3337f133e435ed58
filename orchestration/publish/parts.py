"""Write the tables of a publication as Parquet parts and as ``marts.duckdb``, and link what is unchanged.

``parquet/<table>/<part>.parquet``: a part is a month (YYYY-MM) of the column that the table is partitioned by, or ``data``,
the whole table. A part whose content is that of the publication before is the same file, hard-linked; so is ``marts.duckdb``
when none of its tables changed.

Failure mode: whatever fails here leaves an unfinished folder, which nobody reads. A column whose type Parquet would
change, and a ``marts.duckdb`` that lacks a row of the parts, are errors.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from orchestration.checksum import Content, added, columns_of, contents
from orchestration.publish.layout import ONE_PART, Layout
from orchestration.publish.manifest import Before, PublishedTable

MARTS = "marts.duckdb"
WHOLE, UNDATED = "data", "undated"


class PublicationError(Exception):
    """What was written is not what was to be published."""


def write_parts(
    connection: duckdb.DuckDBPyConnection,
    queries: Mapping[str, str],
    layouts: Mapping[str, Layout],
    work: Path,
    before: Before,
) -> dict[str, PublishedTable]:
    """Write the rows of ``queries`` (SQL by table) as parts below ``work/parquet``."""
    tables = {}
    for name, query in queries.items():
        layout = layouts.get(name, ONE_PART)
        columns = columns_of(connection, f"({query})")
        found = contents(connection, f"({query})", columns, _part(layout.partition_by))
        table = PublishedTable(columns, found or {WHOLE: Content(0, added(()), added(()))}, layout.parquet_only)
        known = before.tables.get(name)
        old = known.parts if known and known.columns == columns else {}
        written = [
            part
            for part, content in table.parts.items()
            if not (old.get(part) == content and before.link(_file(name, part), work))
        ]
        for part in written:
            rows = f"select * from ({query}){_rows_of(part, layout.partition_by)}"
            _write_part(connection, rows, work / _file(name, part), columns)
        tables[name] = table
    return tables


def write_marts(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, PublishedTable], work: Path, before: Before
) -> None:
    """Write ``work/marts.duckdb`` with the rows of the parts, without the tables that are Parquet alone."""
    wanted = {name: table for name, table in tables.items() if not table.parquet_only}
    stood = {name for name, table in before.tables.items() if not table.parquet_only}
    if stood == wanted.keys() and before.has(wanted) and before.link(MARTS, work):
        return
    connection.execute(f"attach {literal(work / MARTS)} as publication")
    # one thread fills whole row groups in the order of the parts; several leave fragments, a log and a larger file
    connection.execute("set threads = 1")
    try:
        for name, table in wanted.items():
            files = ", ".join(literal(work / _file(name, part)) for part in table.parts)
            connection.execute(f'create table publication.main."{name}" as from {_parquet(files)}')
            (count,) = connection.execute(f'select count(*) from publication.main."{name}"').fetchone() or (0,)
            if count != table.rows:
                raise PublicationError(f"{name}: {count} rows in {MARTS}, {table.rows} to publish")
        connection.execute("checkpoint publication")
    finally:
        connection.execute("reset threads")
        connection.execute("detach publication")


def literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _write_part(connection: duckdb.DuckDBPyConnection, rows: str, target: Path, columns: dict[str, str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"copy ({rows}) to {literal(target)} (format parquet, compression zstd)")
    kept = columns_of(connection, _parquet(literal(target)))
    if kept != columns:
        changed = ", ".join(f"{name} ({kind})" for name, kind in columns.items() if kept.get(name) != kind)
        raise PublicationError(f"{target.parent.name}: Parquet does not keep the type of {changed}")


def _file(table: str, part: str) -> str:
    return f"parquet/{table}/{part}.parquet"


def _parquet(files: str) -> str:
    return f"read_parquet([{files}], hive_partitioning = false)"


def _part(column: str | None) -> str:
    return f"'{WHOLE}'" if column is None else f"coalesce(strftime(\"{column}\", '%Y-%m'), '{UNDATED}')"


def _rows_of(part: str, column: str | None) -> str:
    """The end of a query for the rows of ``part``, in their order; bounds are literal, so that they prune."""
    if column is None or part == WHOLE:
        return " order by all"
    if part == UNDATED:
        return f' where "{column}" is null'
    first = date.fromisoformat(f"{part}-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return f' where "{column}" >= date \'{first}\' and "{column}" < date \'{after}\' order by "{column}"'
