"""Every table and column that can be published carries its description into ``marts.duckdb``, whether a run filled it or not."""

from pathlib import Path

import duckdb
import pytest

from orchestration.project import Home
from tests.dbt_project.published_rows import publish_rows


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published database of a warehouse in which every mart is as its contract says, without a row."""
    home = Home(tmp_path_factory.mktemp("home"))
    publish_rows(home, {})
    return home.published / "marts.duckdb"


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
