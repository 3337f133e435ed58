"""Write the tables of a publication as Parquet parts and as ``marts.duckdb``, and link what is unchanged.

``parquet/<table>/<part>.parquet``: a part is a month (YYYY-MM) of the column that the table is partitioned by, or ``data``,
the whole table. A part whose content is that of the publication before is the same file, hard-linked; so is ``marts.duckdb``
when none of its tables changed. Where a view says what its parts follow from, a part of the same origin is linked, and any
other is written in one evaluation and its content taken from the file (:mod:`orchestration.publish.origins`).

Failure mode: whatever fails here leaves an unfinished folder, which nobody reads. A column whose type Parquet would
change, and a ``marts.duckdb`` or a part that lacks a row, are errors.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import duckdb

from orchestration.checksum import Content, added, columns_of, contents
from orchestration.publish.layout import ONE_PART, Layout
from orchestration.publish.manifest import Before, PublishedTable
from orchestration.publish.origins import origins
from orchestration.quoting import literal

SCHEMA = "marts"
MARTS = "marts.duckdb"
WHOLE, UNDATED = "data", "undated"
SORTED_ROWS = 1_000_000
"""A part is sorted by the day that readers filter by if it has no more rows: DuckDB holds what it sorts in memory. A longer one
lies in the order in which its days were built, which readers skip by as well, if less finely.
"""
NOTHING = Content(0, added(()), added(()))


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
        write = _write_changed if layout.parts_follow is None else _write_following
        tables[name] = write(connection, name, query, layout, work, before)
    return tables


def _write_changed(
    connection: duckdb.DuckDBPyConnection, name: str, query: str, layout: Layout, work: Path, before: Before
) -> PublishedTable:
    """Write the parts whose content, taken from the rows, is not that of before."""
    columns = columns_of(connection, f"({query})")
    found = contents(connection, f"({query})", columns, _part(layout.partition_by)) or {WHOLE: NOTHING}
    old = before.parts(name, columns)
    for part, content in found.items():
        if not (old.get(part) == content and before.link(_file(name, part), work)):
            rows = f"select * from ({query}){_rows_of(part, layout.partition_by)}"
            if content.rows <= SORTED_ROWS:
                rows += " order by " + (f'"{layout.partition_by}"' if layout.partition_by else "all")
            _write_part(connection, rows, work / _file(name, part), columns)
    return PublishedTable(columns, found, layout.parquet_only)


def _write_following(
    connection: duckdb.DuckDBPyConnection, name: str, query: str, layout: Layout, work: Path, before: Before
) -> PublishedTable:
    """Write the parts whose origin is not that of before; their content is that of the file."""
    assert layout.parts_follow is not None, "decided by the caller"
    columns, part_of = columns_of(connection, f"({query})"), _part(layout.partition_by)
    found = origins(connection, f"{SCHEMA}.{name}", query, layout.parts_follow, part_of, columns)
    old, stood = before.parts(name, columns), before.origins(name)
    same = [part for part in old if part in found and stood.get(part) == found[part]]
    parts = {part: old[part] for part in same if before.link(_file(name, part), work)}
    for part in [*(found.keys() - parts.keys()), *_parts_besides(connection, query, part_of, found)]:
        content = _write_and_read(connection, name, part, query, layout, work, columns)
        if content.rows:
            parts[part] = content
        else:
            (work / _file(name, part)).unlink()
    if not parts:
        parts[WHOLE] = _write_and_read(connection, name, WHOLE, query, layout, work, columns)
    known = {part: found[part] for part in sorted(parts) if part in found}
    return PublishedTable(columns, dict(sorted(parts.items())), layout.parquet_only, known)


def _parts_besides(
    connection: duckdb.DuckDBPyConnection, query: str, part_of: str, known: Mapping[str, str]
) -> list[str]:
    """The parts of ``query`` that are none of ``known``; rows of these are passed over early."""
    rows = connection.execute(
        f"select distinct {part_of} from ({query}) where not list_contains(?, {part_of}) order by 1", [list(known)]
    ).fetchall()
    return [part for (part,) in rows]


def _write_and_read(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    part: str,
    query: str,
    layout: Layout,
    work: Path,
    columns: dict[str, str],
) -> Content:
    """Write the rows of ``part``; the content of the file."""
    file = work / _file(name, part)
    rows = f"select * from ({query}){_rows_of(part, layout.partition_by)}"
    written = _write_part(connection, rows, file, columns)
    content = contents(connection, _parquet(literal(file)), columns).get("", NOTHING)
    if content.rows != written:
        raise PublicationError(f"{name}: {content.rows} rows in the file of {part}, {written} written")
    return content


def write_marts(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, PublishedTable],
    work: Path,
    before: Before,
    layouts: Mapping[str, Layout],
) -> None:
    """Write ``work/marts.duckdb`` with the rows of the parts, without the tables that are Parquet alone; tables and columns
    carry what their models say of them.
    """
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
        said = [text for name in wanted for text in _comments(name, wanted[name], layouts.get(name, ONE_PART))]
        connection.execute("; ".join(["begin", *said, "commit"]))
        connection.execute("checkpoint publication")
    finally:
        connection.execute("reset threads")
        connection.execute("detach publication")


def _comments(name: str, table: PublishedTable, layout: Layout) -> Iterator[str]:
    """The statements that say what the table and its columns are."""
    if layout.says:
        yield f'comment on table publication.main."{name}" is {literal(layout.says)}'
    for column in table.columns:
        if column in layout.columns_say:
            yield f'comment on column publication.main."{name}"."{column}" is {literal(layout.columns_say[column])}'


def _write_part(connection: duckdb.DuckDBPyConnection, rows: str, target: Path, columns: dict[str, str]) -> int:
    """Write ``rows`` into ``target``; how many."""
    target.parent.mkdir(parents=True, exist_ok=True)
    (written,) = connection.execute(
        f"copy ({rows}) to {literal(target)} (format parquet, compression zstd)"
    ).fetchone() or (0,)
    kept = columns_of(connection, _parquet(literal(target)))
    if kept != columns:
        changed = ", ".join(f"{name} ({kind})" for name, kind in columns.items() if kept.get(name) != kind)
        raise PublicationError(f"{target.parent.name}: Parquet does not keep the type of {changed}")
    return int(written)


def _file(table: str, part: str) -> str:
    return f"parquet/{table}/{part}.parquet"


def _parquet(files: str) -> str:
    return f"read_parquet([{files}], hive_partitioning = false)"


def _part(column: str | None) -> str:
    return f"'{WHOLE}'" if column is None else f"coalesce(strftime(\"{column}\", '%Y-%m'), '{UNDATED}')"


def _rows_of(part: str, column: str | None) -> str:
    """The condition on the rows of ``part``; bounds are literal, so that they prune."""
    if column is None or part == WHOLE:
        return ""
    if part == UNDATED:
        return f' where "{column}" is null'
    first = date.fromisoformat(f"{part}-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return f" where \"{column}\" >= date '{first}' and \"{column}\" < date '{after}'"
