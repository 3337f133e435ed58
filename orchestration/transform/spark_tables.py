"""Tables between DuckDB and Spark: what dbt reads is shown to Spark before a call, what Spark built is shown to DuckDB after it.

``HOME/spark/handed/<table>.parquet`` holds the small tables of schema ``landing``; a landed stream is a Spark table over exactly
the files that DuckDB's own view of it names. ``HOME/spark/tables/<schema>/<table>/<call>/`` is one build of a table, whole when
it holds ``_SUCCESS``: the newest whole one is the table, every other is removed. Everything else of the program reads DuckDB.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.quoting import literal

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WHOLE = "_SUCCESS"
LANDING = "landing"
_LISTED = re.compile(r"'((?:[^']|'')*\.parquet)'")
_GLOB = re.compile(r"([\[\]{}*?\\,])")
_SPARK_TYPES = {"VARCHAR": "string", "TIMESTAMP": "timestamp_ntz", "TIMESTAMP WITH TIME ZONE": "timestamp_ltz"}


@dataclass(frozen=True)
class Built:
    """One whole build of a table by Spark."""

    schema: str
    table: str
    folder: Path


def hand_over(
    connection: duckdb.DuckDBPyConnection, spark: "SparkSession", folder: Path, handed: dict[str, str] | None = None
) -> None:
    """Show Spark everything that DuckDB's schema ``landing`` holds, under the same names.

    ``handed``: the streams that this session already has, by name, each as DuckDB's view of it reads; kept up to date.
    """
    known = {} if handed is None else handed
    spark.sql(f"create database if not exists {LANDING}")
    streams = connection.execute(
        "select view_name, sql from duckdb_views() where schema_name = ?", [LANDING]
    ).fetchall()
    for name, text in streams:
        if known.get(name) != text:
            _show_stream(connection, spark, name, [Path(one.replace("''", "'")) for one in _LISTED.findall(text)])
            known[name] = text
    kept = folder / "handed"
    kept.mkdir(parents=True, exist_ok=True)
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = ?", [LANDING]).fetchall()
    for (name,) in tables:
        file = kept / f"{name}.parquet"
        connection.execute(f"copy {LANDING}.{name} to {literal(file)} (format parquet)")
        spark.sql(
            f"create or replace view {LANDING}.{name} as select * from parquet.`{_plain(file).replace('`', '``')}`"
        )


def _show_stream(
    connection: duckdb.DuckDBPyConnection, spark: "SparkSession", name: str, files: Sequence[Path]
) -> None:
    """A column that a file lacks is null, as DuckDB's view has it."""
    described = connection.execute(f"describe {LANDING}.{name}").fetchall()
    columns = [(column, _SPARK_TYPES.get(kind, kind)) for column, kind, *_ in described]
    named = f"{LANDING}.{name}"
    for kind in ("view", "table"):
        if spark.catalog.tableExists(named) and (spark.catalog.getTable(named).tableType == "VIEW") == (kind == "view"):
            spark.sql(f"drop {kind} {named}")
    if files:
        listed = ", ".join(f"`{column}` {kind}" for column, kind in columns)
        spark.sql(f"create table {named} ({listed}) using parquet location {_text(_alternatives(files))}")
    else:
        listed = ", ".join(f"cast(null as {kind}) as `{column}`" for column, kind in columns)
        spark.sql(f"create view {named} as select {listed} where false")


def _alternatives(files: Sequence[Path]) -> str:
    """One path that means exactly these files."""
    if len(files) == 1:
        return _plain(files[0])
    shared = Path(os.path.commonpath(files))
    return f"{_plain(shared)}/{{{','.join(_plain(file.relative_to(shared)) for file in files)}}}"


def _plain(path: Path) -> str:
    """``path`` with nothing in it that means more than itself."""
    return _GLOB.sub(r"\\\1", str(path))


def _text(text: str) -> str:
    """``text`` as a literal of Spark."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def whole_builds(tables: Path) -> Iterator[Built]:
    """The newest whole build of every table; what is older, or was left by a killed call, is removed."""
    for folder in sorted(tables.glob("*/*")):
        builds = sorted(
            folder.iterdir(), key=lambda build: (build / WHOLE).stat().st_mtime_ns if _is_whole(build) else 0
        )
        for build in builds[:-1] if builds and _is_whole(builds[-1]) else builds:
            shutil.rmtree(build)
        if builds and builds[-1].exists():
            yield Built(folder.parent.name, folder.name, builds[-1])


def _is_whole(build: Path) -> bool:
    return (build / WHOLE).exists()


def register_in_spark(spark: "SparkSession", tables: Path, only: Sequence[str] | None = None) -> None:
    """Tables that an earlier process built, in the catalog of this one; ``only``: these (``schema.table``), None: all."""
    for built in whole_builds(tables):
        if only is not None and f"{built.schema}.{built.table}" not in only:
            continue
        spark.sql(f"create database if not exists {built.schema}")
        if not spark.catalog.tableExists(f"{built.schema}.{built.table}"):
            named = f"{built.schema}.{built.table}"
            spark.sql(f"create table {named} using parquet location {_text(_plain(built.folder))}")


def show_in_duckdb(
    connection: duckdb.DuckDBPyConnection, tables: Path, types: dict[tuple[str, str], dict[str, str]]
) -> None:
    """A DuckDB view for every table that Spark built. ``types``: of a table, the column types that its contract names."""
    kinds: dict[tuple[str, str], str] = {
        (schema, name): kind
        for schema, name, kind in connection.execute(
            "select schema_name, table_name, 'table' from duckdb_tables() "
            "union all select schema_name, view_name, 'view' from duckdb_views()"
        ).fetchall()
    }
    for built in whole_builds(tables):
        connection.execute(f'create schema if not exists "{built.schema}"')
        named = f'"{built.schema}"."{built.table}"'
        if kinds.get((built.schema, built.table)) == "table":
            connection.execute(f"drop table {named}")
        scan = f"read_parquet({literal(built.folder / '*.parquet')})"
        typed = types.get((built.schema, built.table)) or _typed_as_in_duckdb(connection, scan)
        columns = ", ".join(f'cast("{column}" as {kind}) as "{column}"' for column, kind in typed.items())
        connection.execute(f"create or replace view {named} as select {columns} from {scan}")


def _typed_as_in_duckdb(connection: duckdb.DuckDBPyConnection, scan: str) -> dict[str, str]:
    """Columns of a table without a contract. A whole number of 38 digits is ``hugeint`` here: ``//`` of a decimal is a double."""
    described = connection.execute(f"describe select * from {scan}").fetchall()
    return {column: "HUGEINT" if kind == "DECIMAL(38,0)" else kind for column, kind, *_ in described}


def contract_types(nodes: Sequence[Any]) -> dict[tuple[str, str], dict[str, str]]:
    """Schema and name of every model with a contract, to its columns and their types, in the contract's order."""
    return {
        (node.schema, node.alias): {column.name.strip('"'): str(column.data_type) for column in node.columns.values()}
        for node in nodes
        if node.resource_type == "model" and node.contract.enforced
    }
