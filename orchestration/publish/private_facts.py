"""What guardrails are judged by, with people by their ids, where the publication shows them otherwise:
``HOME/private/<run id>.duckdb``, one file beside each publication of that kind, which only the owner of the home may read.

Failure mode: a file that is missing is told by whoever needs it; it comes back with the next run that builds.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import duckdb

from orchestration.quoting import literal

TABLES = ("guardrail_caps", "guardrail_cap_overrides", "guardrail_decisions", "dim_initiatives")
USAGE = """
select * from {schema}.fct_usage
where source = 'litellm' and usage_date >= (select max(usage_date) from {schema}.fct_usage) - 41
"""


def facts_file(home: Path, run_id: str) -> Path:
    return home / "private" / f"{run_id}.duckdb"


def keep_facts(
    connection: duckdb.DuckDBPyConnection, home: Path, run_id: str, tables: Iterable[str], schema: str
) -> None:
    """Write the file for the publication ``run_id``; before it is swapped in, so that no reader misses it."""
    file, names = facts_file(home, run_id), set(tables)
    queries = {table: f"select * from {schema}.{table}" for table in TABLES if table in names}
    if "fct_usage" in names:
        queries["fct_usage"] = USAGE.format(schema=schema)
    file.unlink(missing_ok=True)
    connection.execute(f"attach {literal(file)} as private")
    file.chmod(0o600)
    try:
        for table, query in queries.items():
            connection.execute(f"create table private.main.{table} as {query}")
    finally:
        connection.execute("detach private")


def keep_facts_again(home: Path, before: str, run_id: str) -> None:
    """The same file for a publication that shows again what ``before`` showed."""
    if facts_file(home, before).exists():
        os.link(facts_file(home, before), facts_file(home, run_id))


def forget_facts(home: Path) -> None:
    """Remove the files of publications that are not kept."""
    for file in (home / "private").glob("*.duckdb*"):
        if not (home / "publications" / file.name.split(".duckdb")[0]).exists():
            file.unlink()
