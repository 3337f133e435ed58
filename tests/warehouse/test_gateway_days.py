"""Which gateway days a build must sum again: what changed, what vanished, what a killed build may have left half-way; no more."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from orchestration.gateway_days import ChangedDays, batches
from orchestration.landing.store import Landing
from orchestration.warehouse import begin_build, connect, prepare, record_built
from tests.dbt_project.warehouse_rows import price, request, row

AS_OF = date(2026, 10, 31)


def october(*days: int) -> set[date]:
    return {date(2026, 10, day) for day in days}


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


def land(landing: Landing, file: str, *days: int, tokens: int = 1, names_days: bool = True) -> None:
    """A file with one request on each of these days of October."""
    rows = [request("openai", f"{file}-{day}", tokens, f"2026-10-{day:02}") for day in days]
    facts = {"days": {f"2026-10-{day:02}": 1 for day in days}} if names_days else {}
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows(file, rows, **facts)


def reprice(landing: Landing, *tier_starts: int) -> None:
    with landing.batch("prices", "price_book") as batch:
        batch.add_rows("book", [price("openai", "1", context_tier_start=start) for start in (0, *tier_starts)])


def build(connection: duckdb.DuckDBPyConnection, landing: Landing, zone: str = "UTC") -> None:
    begin_build(connection, changed_days(connection, landing, zone))
    connection.execute("create schema if not exists intermediate")
    connection.execute(
        "create or replace table intermediate.int_gateway_usage_summed_by_hour as select custom_llm_provider as provider, "
        "model as model_id, cast(started_at at time zone 'UTC' as date) as billing_date from landing.litellm__spend_logs"
    )
    record_built(connection, company(zone))


def changed_days(
    connection: duckdb.DuckDBPyConnection, landing: Landing, zone: str = "UTC", **options: bool
) -> ChangedDays:
    return prepare(connection, landing, company(zone), AS_OF, **options)


def test_the_first_build_sums_everything_and_the_next_nothing(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    land(landing, "a.parquet", 1, 5)
    assert changed_days(warehouse, landing).is_everything
    assert warehouse.execute("select rebuilds_gateway from landing.run_parameters").fetchall() == [(True,)]
    assert warehouse.execute("from landing.gateway_batches").fetchall() == [
        (0, "date '2026-10-01', date '2026-10-05'", "'a.parquet'")
    ]
    build(warehouse, landing)
    assert changed_days(warehouse, landing).days == set()
    assert warehouse.execute("select rebuilds_gateway from landing.run_parameters").fetchall() == [(False,)]
    assert warehouse.execute("from landing.gateway_batches").fetchall() == []


@pytest.mark.parametrize("names_days", [True, False], ids=["days in the manifest", "days read from the load"])
def test_new_restated_and_withdrawn_loads_change_their_own_days_only(
    names_days: bool, warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    land(landing, "a.parquet", 1, 5, names_days=names_days)
    land(landing, "b.parquet", 20, names_days=names_days)
    build(warehouse, landing)

    land(landing, "c.parquet", 22, names_days=names_days)
    assert changed_days(warehouse, landing).days == october(22)
    land(landing, "a.parquet", 3, 5, tokens=2, names_days=names_days)
    assert changed_days(warehouse, landing).days == october(1, 3, 5, 22), "those it left and those it came to"
    build(warehouse, landing)
    with landing.batch("litellm", "spend_logs") as batch:
        batch.withdraw("b.parquet")
    assert changed_days(warehouse, landing).days == october(20)
    assert warehouse.execute("from landing.gateway_batches").fetchall() == [(0, "date '2026-10-20'", "")]


def test_a_killed_build_is_built_again_even_if_the_load_is_gone(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    build(warehouse, landing)
    land(landing, "a.parquet", 10, 11)
    begin_build(warehouse, changed_days(warehouse, landing))
    with landing.batch("litellm", "spend_logs") as batch:
        batch.withdraw("a.parquet")
    assert changed_days(warehouse, landing).days == october(10, 11)


def test_a_killed_first_build_is_begun_again(warehouse: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    build(warehouse, landing)
    begin_build(warehouse, changed_days(warehouse, landing, full_refresh=True))
    assert changed_days(warehouse, landing).is_everything


def test_what_an_earlier_day_knew_is_built_from_the_loads_of_then(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    land(landing, "a.parquet", 1)
    moment = "2999-01-01T00:00:00.000000Z"
    build(warehouse, landing)
    before = Landing(landing.root, known_before="2000-01-01T00:00:00.000000Z")
    assert changed_days(warehouse, before).days == october(1)
    assert changed_days(warehouse, Landing(landing.root, known_before=moment)).days == set()


def test_models_whose_context_tiers_moved_are_summed_again(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    land(landing, "a.parquet", 1, 5)
    reprice(landing)
    build(warehouse, landing)
    reprice(landing, 200_000)
    assert changed_days(warehouse, landing).days == october(1, 5)
    build(warehouse, landing)
    assert changed_days(warehouse, landing).days == set()


def cap_in(landing: Landing, *zones: str) -> None:
    with landing.batch("registry", "caps") as batch:
        batch.add_rows("current", [row("registry", "caps", cap_id=zone, time_zone=zone) for zone in zones])


def test_days_that_a_cap_divides_within_an_hour_are_summed_again(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    """Lord Howe goes from ten and a half to eleven hours ahead on 4 October 2026: its days then begin at full hours."""
    land(landing, "a.parquet", 1, 3, 5)
    build(warehouse, landing)
    cap_in(landing, "Asia/Tokyo", "America/New_York")
    assert changed_days(warehouse, landing).days == set()
    cap_in(landing, "Asia/Tokyo", "Australia/Lord_Howe")
    assert changed_days(warehouse, landing).days == october(1, 3)
    build(warehouse, landing)
    assert changed_days(warehouse, landing).days == set()
    cap_in(landing, "Asia/Kathmandu", "Australia/Lord_Howe")
    assert changed_days(warehouse, landing).days == october(1, 3, 5)
    build(warehouse, landing)
    cap_in(landing, "Asia/Tokyo")
    assert changed_days(warehouse, landing).days == october(1, 3, 5)


def test_a_cap_in_the_reporting_zone_divides_nothing(warehouse: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    land(landing, "a.parquet", 1)
    build(warehouse, landing, "Asia/Kolkata")
    cap_in(landing, "Asia/Kolkata")
    assert changed_days(warehouse, landing, "Asia/Kolkata").days == set()


def test_another_zone_a_full_refresh_or_a_lost_table_sums_everything(
    warehouse: duckdb.DuckDBPyConnection, landing: Landing
) -> None:
    build(warehouse, landing)
    assert changed_days(warehouse, landing, zone="Asia/Tokyo").is_everything
    assert changed_days(warehouse, landing, full_refresh=True).is_everything
    warehouse.execute("drop table intermediate.int_gateway_usage_summed_by_hour")
    assert changed_days(warehouse, landing).is_everything


def test_batches_hold_a_bounded_number_of_rows_and_name_the_partitions_of_their_days() -> None:
    visible = [
        ("july", "l1", date(2026, 7, 30), 60),
        ("july", "l1", date(2026, 7, 31), 50),
        ("it's", "l2", date(2026, 7, 31), 10),
        ("big", "l3", date(2026, 8, 1), 500),
    ]
    days = {day for _, _, day, _ in visible} | {date(2026, 8, 2)}
    assert list(batches(visible, days, 100)) == [
        (0, "date '2026-07-30'", "'july'"),
        (1, "date '2026-07-31'", "'it''s', 'july'"),
        (2, "date '2026-08-01'", "'big'"),
        (3, "date '2026-08-02'", ""),
    ]
    assert len(list(batches(visible, days, 10_000))) == 1
