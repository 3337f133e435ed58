"""What a comparison of engines says of each table, and which tables it says nothing about."""

from pathlib import Path

import duckdb
import pytest

from orchestration.project import Home
from orchestration.publish.compare import Difference
from orchestration.publish.compare_engines import compare_marts, empty_tables, tell

TABLES = {
    "same": ("select 1.10::decimal(38, 9) as cost", "select 1.10::decimal(38, 9) as cost"),
    "other": ("select 1.10::decimal(38, 9) as cost", "select 1.100000001::decimal(38, 9) as cost"),
    "empty": ("select 1 as a where false", "select 1 as a where false"),
}
"""Rows of each table in DuckDB's home and in Spark's."""


def test_tables_without_a_row_are_named(tmp_path: Path) -> None:
    for name, query in (("full", "select 1 as a"), ("empty", "select 1 as a where false")):
        folder = tmp_path / "published" / "parquet" / name
        folder.mkdir(parents=True)
        duckdb.sql(query).write_parquet(str(folder / "part.parquet"))
    assert empty_tables(tmp_path) == ["empty"]


def test_what_spark_built_of_the_marts_is_compared_table_by_table(tmp_path: Path) -> None:
    homes = Home(tmp_path / "duckdb"), Home(tmp_path / "spark")
    for number, home in enumerate(homes):
        home.root.mkdir()
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute("create schema marts")
            for name, queries in TABLES.items():
                connection.execute(f"create table marts.{name} as {queries[number]}")
    for schema, name in (*(("marts", name) for name in TABLES), ("intermediate", "not_a_mart")):
        build = homes[1].spark / "tables" / schema / name / "call"
        build.mkdir(parents=True)
        (build / "_SUCCESS").touch()
    equal, (found,), empty = compare_marts(*homes)
    assert equal == ["empty", "same"]
    assert (found.table, found.lost, found.added) == ("other", 1, 1)
    assert empty == ["empty"]


def test_a_comparison_of_no_table_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes = Home(tmp_path / "duckdb"), Home(tmp_path / "spark")
    for home in homes:
        home.root.mkdir()
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute("create schema marts; create table marts.same as select 1 as a")
    equal, differing, empty = compare_marts(*homes)
    assert tell(equal, differing, empty, needs_rows=True) == 1
    assert tell(equal, differing, empty, needs_rows=False) == 1
    assert "0 tables are equal, 0 differ" in capsys.readouterr().out


def test_a_comparison_ends_well_with_equal_tables_alone() -> None:
    assert tell(["same"], [], [], needs_rows=True) == 0
    assert tell(["same", "empty"], [], ["empty"], needs_rows=False) == 0
    assert tell(["same", "empty"], [], ["empty"], needs_rows=True) == 1
    assert tell(["same"], [Difference("other", ("cost: 1.10 and 1.11",), 1, 1)], [], needs_rows=False) == 1
