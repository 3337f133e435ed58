"""The FOCUS files against rows written down here: exact decimals, times with their zone, nulls as empty fields."""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.publish.focus import write_focus


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema marts")
    return connection


def test_files_keep_decimals_times_and_nulls(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute(
        'create table marts.focus_cost_and_usage as select 0.0000001::decimal(38,9) as "BilledCost", '
        """timestamp '2026-08-01' as "ChargePeriodStart", null::varchar as "InvoiceId", """
        """'a, "b"' as "ChargeDescription" """
    )
    paths = write_focus(connection, tmp_path / "focus")
    assert [path.name for path in paths] == ["focus_cost_and_usage.parquet", "focus_cost_and_usage.csv"]
    text = paths[1].read_text()
    assert text == (
        'BilledCost,ChargePeriodStart,InvoiceId,ChargeDescription\n0.000000100,2026-08-01T00:00:00Z,,"a, ""b"""\n'
    )
    assert next(csv.DictReader(text.splitlines()))["ChargeDescription"] == 'a, "b"'
    row = duckdb.sql(f"from '{paths[0]}'").fetchone()
    assert row is not None
    assert row[0] == Decimal("0.000000100")


def test_rows_come_in_one_order(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute('create table marts.focus_cost_and_usage as select unnest([3, 1, 2]) as "BilledCost"')
    assert write_focus(connection, tmp_path)[1].read_text() == "BilledCost\n1\n2\n3\n"


def test_a_warehouse_without_focus_marts_has_no_files(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert write_focus(connection, tmp_path / "focus") == []
    assert not (tmp_path / "focus").exists()
