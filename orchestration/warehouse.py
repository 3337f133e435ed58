"""The warehouse between landing and dbt: landed streams as views, and the parameters of the run. Which days of the
gateway's log a build sums again is decided in :mod:`orchestration.gateway_days`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration import gateway_days, utc_duckdb
from orchestration.gateway_days import ChangedDays
from orchestration.landing.store import Landing
from orchestration.registry.currencies import minor_unit_digits

if TYPE_CHECKING:
    from orchestration.registry import Company

LOCK_WAIT_SECONDS = 30.0
MEMORY_LIMIT = "1500MB"
"""What DuckDB may hold at once, here and in dbt (``profiles.yml``); beyond it, it spills beside the warehouse."""


class WarehouseBusy(Exception):
    """Another process keeps the warehouse open."""


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, in UTC. Keep it open briefly: dbt opens the file itself, and other processes may want it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _open(path, read_only)
    try:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        yield connection
    finally:
        connection.close()


def _open(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file; wait a while for whoever has it open."""
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            return utc_duckdb.connect(path, read_only=read_only)
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise WarehouseBusy(
                    f"another process has {path} open; close it (BI tools read HOME/published), then run again"
                ) from None
            time.sleep(0.2)


def prepare(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    company: "Company",
    as_of: date,
    *,
    full_refresh: bool = False,
    target: str = "duckdb",
) -> ChangedDays:
    """Register the landed streams and write ``landing.run_parameters``; returns the gateway days to rebuild by ``target``."""
    landing.register(connection)
    config = company.config
    changed = gateway_days.find_changed_days(
        connection, landing, config.reporting_time_zone, full_refresh=full_refresh, target=target
    )
    connection.execute(
        "create or replace table landing.run_parameters (as_of_date date, reporting_time_zone varchar, "
        "reporting_currency varchar, minor_unit_digits integer, "
        "fiscal_year_start_month integer, company_id varchar, policy_version varchar, "
        "rebuilds_gateway boolean)"
    )
    connection.execute(
        "insert into landing.run_parameters values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            as_of,
            config.reporting_time_zone,
            config.reporting_currency,
            minor_unit_digits(config.reporting_currency),
            config.fiscal_year_start_month,
            config.company_id,
            company.policy.version,
            changed.is_everything,
        ],
    )
    return changed


def last_asked(connection: duckdb.DuckDBPyConnection) -> tuple[date, str] | None:
    """As-of day and reporting time zone of the last run, published or not; None before the first."""
    known = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'landing' and table_name = 'run_parameters'"
    ).fetchone()
    if known != (1,):
        return None
    return connection.execute("select as_of_date, reporting_time_zone from landing.run_parameters").fetchone()


def begin_build(connection: duckdb.DuckDBPyConnection, changed: ChangedDays) -> None:
    """Remember, before the first model is built, which gateway days a build may leave half-way."""
    gateway_days.begin(connection, changed)


def record_built(connection: duckdb.DuckDBPyConnection, company: "Company", target: str = "duckdb") -> None:
    """After a successful build: the loads that are now registered are built, nothing is pending."""
    gateway_days.record(connection, company.config.reporting_time_zone, target)
