"""Which tables a comparison of engines says nothing about."""

from pathlib import Path

import duckdb

from orchestration.publish.compare_engines import empty_tables


def test_tables_without_a_row_are_named(tmp_path: Path) -> None:
    for name, query in (("full", "select 1 as a"), ("empty", "select 1 as a where false")):
        folder = tmp_path / "published" / "parquet" / name
        folder.mkdir(parents=True)
        duckdb.sql(query).write_parquet(str(folder / "part.parquet"))
    assert empty_tables(tmp_path) == ["empty"]
