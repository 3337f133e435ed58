"""Every table and column that can be published carries its description into ``marts.duckdb``, whether a run filled it or not."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.project import Home
from orchestration.publish.layout import read_layouts
from orchestration.publish.snapshot import publish
from orchestration.transform.manifest import ensure_manifest
from tests.dbt_project.published_rows import published_models


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published database of a warehouse in which every mart is as its contract says, without a row."""
    home = tmp_path_factory.mktemp("home")
    manifest = ensure_manifest(Home(home))
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        for name, node in published_models(json.loads(manifest.read_text())).items():
            columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in node["columns"].values())
            connection.execute(f'create table marts."{name}" ({columns})')
        layouts = read_layouts(manifest)
        publish(connection, home, run_id="one", as_of=date(2026, 10, 31), company_id="c", version="1", layouts=layouts)
    return home / "published" / "marts.duckdb"


def said(database: Path, sql: str) -> dict[tuple[str, ...], str]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return {tuple(key): comment for *key, comment in connection.execute(sql).fetchall()}


def test_every_table_says_what_a_row_is(database: Path) -> None:
    tables = said(database, "select table_name, comment from duckdb_tables()")
    assert len(tables) > 60
    assert [name for name, comment in tables.items() if not comment] == []
    assert tables["fct_allocated_costs",].startswith("One row per day x provider x model x cost object")


def test_every_column_says_what_it_holds(database: Path) -> None:
    columns = said(database, "select table_name, column_name, comment from duckdb_columns() where not internal")
    assert [name for name, comment in columns.items() if not comment] == []
    assert columns["fct_allocated_costs", "allocated_cost"] == "Allocated cost, exact."
