"""FOCUS files for FinOps tools: each FOCUS table as one Parquet and one CSV file, formatted as the specification asks.

The Parquet file is the table's published part itself. In CSV, times read ``YYYY-MM-DDTHH:MM:SSZ``, numbers are plain
decimals as exact as the table's, and a null is an empty field without quotes. Failure mode: a publication without FOCUS tables
has no files, which is not an error; a FOCUS table in several parts is one.
"""

from pathlib import Path

import duckdb

from orchestration.checksum import columns_of
from orchestration.publish.manifest import link
from orchestration.quoting import literal

TABLES = ("focus_cost_and_usage", "focus_cost_and_usage_v1_2")


def write_focus(connection: duckdb.DuckDBPyConnection, parquet: Path, folder: Path) -> list[Path]:
    """Write ``<table>.parquet`` and ``<table>.csv`` of every FOCUS table below ``parquet``; returns the paths."""
    written = []
    for table in TABLES:
        if not (parquet / table).exists():
            continue
        part = parquet / table / "data.parquet"
        paths = [folder / f"{table}.{suffix}" for suffix in ("parquet", "csv")]
        link(part, paths[0])
        source = f"read_parquet({literal(part)})"
        texts = ", ".join(_csv_column(name, kind) for name, kind in columns_of(connection, source).items())
        connection.execute(
            f"copy (select {texts} from {source}) to {literal(paths[1])} (format csv, header true, nullstr '')"
        )
        written += paths
    return written


def _csv_column(name: str, kind: str) -> str:
    if kind.startswith("TIMESTAMP"):
        return f"""strftime("{name}", '%Y-%m-%dT%H:%M:%SZ') as "{name}\""""
    return f'"{name}"'
