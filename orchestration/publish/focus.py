"""FOCUS files for FinOps tools: each FOCUS mart as one Parquet and one CSV file, formatted as the specification asks.

In CSV, times read ``YYYY-MM-DDTHH:MM:SSZ``, numbers are plain decimals as exact as the mart's, and a null is an empty
field without quotes. Failure mode: a warehouse without FOCUS marts has no files, which is not an error.
"""

from pathlib import Path

import duckdb

TABLES = ("focus_cost_and_usage", "focus_cost_and_usage_v1_2")


def write_focus(connection: duckdb.DuckDBPyConnection, folder: Path, schema: str = "marts") -> list[Path]:
    """Write ``<table>.parquet`` and ``<table>.csv`` of every FOCUS table in ``schema``; returns the paths."""
    written = []
    for table in TABLES:
        columns = connection.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_catalog = current_database() and table_schema = ? and table_name = ? "
            "order by ordinal_position",
            [schema, table],
        ).fetchall()
        if not columns:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        rows = f'(select * from {schema}."{table}" order by all)'
        texts = ", ".join(_csv_column(name, kind) for name, kind in columns)
        for suffix, query, options in (
            ("parquet", rows, "format parquet, compression zstd"),
            ("csv", f"(select {texts} from {rows})", "format csv, header true, nullstr ''"),
        ):
            path = folder / f"{table}.{suffix}"
            literal = str(path).replace("'", "''")
            connection.execute(f"copy {query} to '{literal}' ({options})")
            written.append(path)
    return written


def _csv_column(name: str, kind: str) -> str:
    if kind.startswith("TIMESTAMP"):
        return f"""strftime("{name}", '%Y-%m-%dT%H:%M:%SZ') as "{name}\""""
    return f'"{name}"'
