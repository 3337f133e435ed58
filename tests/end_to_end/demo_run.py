"""A run of the demo company as a user starts it, and its published tables."""

from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess

import duckdb

from orchestration.demo.catalog import DEMO_KEYS
from tests.end_to_end.command_line import tokenomics, tokenomics_tables


class Published:
    """The published Parquet tables, read through DuckDB."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "published" / "parquet"
        self.connection = duckdb.connect()

    def rows(self, table: str, sql: str) -> list[tuple]:
        """The rows of a query over ``t``, which is the table."""
        file, folder = self.folder / f"{table}.parquet", self.folder / table
        path = file if file.is_file() else f"{folder}/**/*.parquet"
        return self.connection.sql(f"with t as (select * from read_parquet('{path}')) {sql}").fetchall()

    def sums(self, table: str, sql: str) -> dict[tuple, Decimal]:
        """Key columns to the last column of a query."""
        return {row[:-1]: row[-1] for row in self.rows(table, sql)}


def run_tokenomics(home: Path, *arguments: str, **variables: str) -> Published:
    """``tokenomics run`` as a user runs it; no demo key may be said aloud."""
    return _ended(home, tokenomics("run", "--home", home, *arguments, timeout=900, **variables))


def publish_tables(home: Path, *arguments: str, **variables: str) -> Published:
    """The same without pages."""
    return _ended(home, tokenomics_tables("run", "--home", home, *arguments, **variables))


def _ended(home: Path, run: CompletedProcess[str]) -> Published:
    assert run.returncode == 0, (run.stdout + run.stderr)[-4000:]
    assert not any(value in run.stdout + run.stderr for value in DEMO_KEYS.values())
    return Published(home)
