"""A small warehouse with marts, written by hand."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema staging")
        connection.execute("create table staging.secret_rows as select 1 as one")
        connection.execute(
            "create table marts.fct_costs as select * from (values "
            "(date '2026-10-02', 2.500000001::decimal(38, 9), 'b'), (date '2026-10-01', 1.25::decimal(38, 9), null)) "
            "as t (cost_date, allocated_cost, owner)"
        )
        connection.execute("create table marts.dim_things (thing_id varchar, is_current boolean)")
        yield connection
