"""The SQL of dbt models, compiled once per process, so that a test builds them from rows that it lands itself."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

PROJECT = Path(__file__).parents[2] / "dbt_project"
DATABASE = "warehouse"
"""The name of the database that compiled SQL names: that of a file ``warehouse.duckdb``."""


@lru_cache
def compiled(names: tuple[str, ...]) -> dict[str, Any]:
    """The manifest's nodes of the models ``names`` and of all models that they read, with their SQL, by unique id."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DBT_PROFILES_DIR": str(PROJECT),
            "TOKENOMICS_WAREHOUSE": str(Path(folder) / f"{DATABASE}.duckdb"),
        }
        command = [str(Path(sys.executable).parent / "dbt"), "-q", "compile", "--select", *(f"+{one}" for one in names)]
        command += ["--target-path", folder, "--log-path", folder]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        nodes = json.loads((Path(folder) / "manifest.json").read_text())["nodes"]
    return {key: node for key, node in nodes.items() if node["resource_type"] == "model"}


def write_run_parameters(connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """What a run of a company in USD and UTC says of itself; the gateway's log is one batch."""
    connection.execute("create table landing.gateway_batches (batch integer, event_dates varchar, partitions varchar)")
    connection.execute(
        "create table landing.run_parameters as select ?::date as as_of_date, 'UTC' as reporting_time_zone, "
        "'USD' as reporting_currency, 2 as minor_unit_digits, "
        "1 as fiscal_year_start_month, 'c' as company_id, 'v' as policy_version, "
        "true as rebuilds_gateway",
        [as_of],
    )


def build(
    connection: duckdb.DuckDBPyConnection, names: Iterable[str], compiled_with: Iterable[str] | None = None
) -> None:
    """Build the models ``names`` and whatever they read; a table that is there already is taken as it is.

    ``connection`` is open on a file ``warehouse.duckdb`` with schema ``landing`` registered. ``compiled_with``: models that
    read ``names`` and are built later, so that all are compiled at once.
    """
    nodes = compiled(tuple(compiled_with or names))
    by_name = {node["name"]: key for key, node in nodes.items()}
    for schema in ("staging", "intermediate", "marts"):
        connection.execute(f"create schema if not exists {schema}")
    for name in names:
        _build(connection, nodes, by_name[name])


def _build(connection: duckdb.DuckDBPyConnection, nodes: dict[str, Any], key: str) -> None:
    node = nodes[key]
    found = connection.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        [node["schema"], node["name"]],
    ).fetchone()
    if found:
        return
    for parent in node["depends_on"]["nodes"]:
        if parent in nodes:
            _build(connection, nodes, parent)
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    connection.execute(f'create {kind} {node["schema"]}."{node["name"]}" as {node["compiled_code"]}')
