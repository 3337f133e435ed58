"""Which gateway days a build must rebuild: what changed, what vanished, what a killed build may have left half-way; no more."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from orchestration.landing.store import Landing
from orchestration.landing.streams import stream_schema
from orchestration.warehouse import begin_build, connect, prepare, record_built

AS_OF = date(2026, 10, 31)


def company(zone: str = "UTC") -> Any:
    config = SimpleNamespace(
        reporting_time_zone=zone, reporting_currency="USD", fiscal_year_start_month=1, company_id="acme"
    )
    return SimpleNamespace(config=config, policy=SimpleNamespace(version="p1"))


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "warehouse.duckdb") as connection:
        yield connection


def land(landing: Landing, file: str, load_id: str, first: str, last: str) -> None:
    empty: pa.Table = stream_schema("litellm", "spend_logs").empty_table().drop_columns(["partition", "load_id"])
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_table(file, empty, load_id=load_id, first_event_at=first, last_event_at=last)


def build(connection: duckdb.DuckDBPyConnection, landing: Landing, as_of: date = AS_OF, zone: str = "UTC") -> None:
    begin_build(connection, prepare(connection, landing, company(zone), as_of))
    record_built(connection, company(zone), as_of)


def window(
    connection: duckdb.DuckDBPyConnection, landing: Landing, as_of: date = AS_OF, zone: str = "UTC", **options: bool
) -> tuple[date | None, date | None]:
    prepare(connection, landing, company(zone), as_of, **options)
    row = connection.execute("select gateway_window_start, gateway_window_end from landing.run_parameters").fetchone()
    assert row is not None
    return row


def test_first_build_rebuilds_everything_and_the_next_nothing(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    land(landing, "a.parquet", "a1", "2026-10-01T00:00:00Z", "2026-10-05T10:00:00Z")
    assert window(warehouse, landing) == (None, None)
    build(warehouse, landing)
    start, end = window(warehouse, landing)
    assert start is not None and end is not None and start > end


def test_new_restated_and_withdrawn_loads_span_the_window(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    land(landing, "a.parquet", "a1", "2026-10-01T00:00:00Z", "2026-10-05T10:00:00Z")
    land(landing, "b.parquet", "b1", "2026-10-20T00:00:00Z", "2026-10-20T10:00:00Z")
    build(warehouse, landing)

    land(landing, "c.parquet", "c1", "2026-10-22T01:00:00Z", "2026-10-22T02:00:00Z")
    assert window(warehouse, landing) == (date(2026, 10, 22), date(2026, 10, 22))
    land(landing, "a.parquet", "a2", "2026-10-03T00:00:00Z", "2026-10-04T00:00:00Z")
    assert window(warehouse, landing) == (date(2026, 10, 1), date(2026, 10, 22))
    build(warehouse, landing)
    with landing.batch("litellm", "spend_logs") as batch:
        batch.withdraw("b.parquet")
    assert window(warehouse, landing) == (date(2026, 10, 20), date(2026, 10, 20))


def test_killed_build_is_built_again_even_if_the_load_is_gone(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    build(warehouse, landing)
    land(landing, "a.parquet", "a1", "2026-10-10T00:00:00Z", "2026-10-11T00:00:00Z")
    begin_build(warehouse, prepare(warehouse, landing, company(), AS_OF))
    with landing.batch("litellm", "spend_logs") as batch:
        batch.withdraw("a.parquet")
    assert window(warehouse, landing) == (date(2026, 10, 10), date(2026, 10, 11))


@pytest.mark.parametrize(("before", "after"), [(AS_OF, date(2026, 10, 28)), (date(2026, 10, 28), AS_OF)])
def test_moving_the_as_of_day_rebuilds_the_days_between(
    before: date, after: date, warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    build(warehouse, landing, before)
    assert window(warehouse, landing, after) == (date(2026, 10, 28), date(2026, 11, 1))


def test_local_days_widen_the_window(warehouse: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    build(warehouse, landing, zone="America/New_York")
    land(landing, "a.parquet", "a1", "2026-10-10T02:00:00Z", "2026-10-11T02:00:00Z")
    assert window(warehouse, landing, zone="America/New_York") == (date(2026, 10, 9), date(2026, 10, 11))


def test_another_zone_or_a_full_refresh_rebuilds_everything(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    build(warehouse, landing)
    assert window(warehouse, landing, zone="Asia/Tokyo") == (None, None)
    assert window(warehouse, landing, full_refresh=True) == (None, None)
