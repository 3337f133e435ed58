"""The SQL of the dbt project, compiled once for as long as the project does not change, so that a test builds models from rows
that it lands itself.
"""

import fcntl
import json
import tempfile
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from orchestration.files import write_atomically
from orchestration.project import Home, parsed_projects, project_digest
from orchestration.transform.invoke import QUIET
from orchestration.transform.manifest import load_manifest
from orchestration.transform.runner import as_a_child, run_dbt

PROJECT = Path(__file__).parents[2] / "dbt_project"
DATABASE = "warehouse"
"""The name of the database that compiled SQL names: that of a file ``warehouse.duckdb``."""
KEPT = "compiled-"
"""What the file of a compiled project is called before its digest, in dbt's folder for what it makes of a project."""


@lru_cache
def compiled() -> dict[str, Any]:
    """The manifest's nodes of all models and data tests, with their SQL, by unique id.

    Whoever comes first compiles, all others wait and read what is kept; a lock of one that died is free.
    """
    versions = f"{version('dbt-core')}-{version('dbt-duckdb')}"
    kept = parsed_projects() / f"{KEPT}{project_digest()}-{versions}.json"
    kept.parent.mkdir(exist_ok=True)
    with (kept.parent / "compiled.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            for old in kept.parent.glob(f"{KEPT}*.json"):
                old.unlink()
            write_atomically(kept, json.dumps(_compile()))
        nodes: dict[str, Any] = json.loads(kept.read_text())
    return nodes


def _compile() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        manifest = load_manifest(home)
        with as_a_child(home):
            ended = run_dbt(home, [*QUIET, "compile"], manifest)
        assert ended.success, ended.exception
        nodes = [one.node.to_dict() for one in ended.result.results]
    return {node["unique_id"]: node for node in nodes if node["resource_type"] in ("model", "test")}


def compiled_sql(name: str) -> str:
    """The SQL of the model ``name``."""
    (sql,) = [node["compiled_code"] for node in compiled().values() if node["name"] == name]
    return str(sql)


def write_run_parameters(connection: duckdb.DuckDBPyConnection, as_of: date, zone: str = "UTC") -> None:
    """What a run of a company in USD says of itself; the gateway's log is one batch."""
    connection.execute("create table landing.gateway_batches (batch integer, event_dates varchar, partitions varchar)")
    connection.execute(
        "create table landing.run_parameters as select ?::date as as_of_date, ? as reporting_time_zone, "
        "'USD' as reporting_currency, 2 as minor_unit_digits, "
        "1 as fiscal_year_start_month, 'c' as company_id, 'v' as policy_version, "
        "true as rebuilds_gateway",
        [as_of, zone],
    )


def build(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Build the models ``names`` and whatever they read; a table that is there already is taken as it is.

    ``connection`` is open on a file ``warehouse.duckdb`` with schema ``landing`` registered.
    """
    nodes = compiled()
    by_name = {node["name"]: key for key, node in nodes.items() if node["resource_type"] == "model"}
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
