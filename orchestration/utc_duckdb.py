"""DuckDB that speaks in UTC on every machine: a moment's day and what is written of it are those of UTC, unless a query names
another zone. DuckDB by itself takes the machine's. Nothing else in the product connects.
"""

from pathlib import Path

import duckdb


def connect(database: Path | str = ":memory:", *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """The database at this path, or one in memory."""
    connection = duckdb.connect(str(database), read_only=read_only)
    connection.execute("set TimeZone = 'UTC'")
    return connection
