"""The command line as a user runs it: a process of its own, an environment without the project's variables."""

import os
import subprocess
from pathlib import Path

import duckdb

from tests.processes import run_forked

ROOT = Path(__file__).parents[2]
TABLES_ALONE = """
import dashboard.site
dashboard.site.write_site = lambda *given, **named: {}
from orchestration.cli import main
main()
"""


def tokenomics(*arguments: str | Path, timeout: float = 600, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``tokenomics`` with ``arguments``; ``environment`` is added to what is left of ours."""
    return _run(["-m", "orchestration", *map(str, arguments)], timeout, environment)


def python(
    code: str, *arguments: str | Path, timeout: float = 600, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in the same way, for a run with a planted fault."""
    return _run(["-c", code, *map(str, arguments)], timeout, environment)


def tokenomics_tables(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """``tokenomics`` with ``arguments``, for a run of which the tables are looked at: it publishes no page, pack or workbook."""
    return python(TABLES_ALONE, *arguments, **environment)


def _run(command: list[str], timeout: float, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOKENOMICS_")}
    return run_forked(command, cwd=ROOT, env={**kept, **environment}, timeout=timeout)


def published_tables(home: Path) -> dict[str, Path]:
    """Table name to its Parquet file, over everything published."""
    return {folder.name: folder for folder in (home / "published" / "parquet").iterdir()}


def query(home: Path, table: str, sql: str) -> list[tuple]:
    """The rows of ``sql`` over ``t``, which is a published table."""
    path = home / "published" / "parquet" / table / "**" / "*.parquet"
    return duckdb.connect().sql(f"with t as (select * from read_parquet('{path}')) {sql}").fetchall()
