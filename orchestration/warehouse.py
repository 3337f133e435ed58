"""The warehouse between landing and dbt: landed streams as views, the parameters of the run, and which gateway days
to rebuild.

Three tables in schema ``landing`` carry the memory from run to run: ``built_loads`` (the gateway loads that were
visible in the last successful build; an as-of run may see older ones), ``built_state`` (the as-of date, reporting zone
and dbt project it was built with) and ``pending_window`` (the days a build that has begun but not ended may have
touched). A killed build leaves its pending window behind, and the next run rebuilds it too.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import duckdb

from orchestration.landing.store import Landing
from orchestration.project import project_digest

if TYPE_CHECKING:
    from orchestration.registry import Company

GATEWAY = ("litellm", "spend_logs")
LOCK_WAIT_SECONDS = 30.0
MEMORY_LIMIT = "1500MB"
"""What DuckDB may hold at once, here and in dbt (``profiles.yml``); beyond it, it spills beside the warehouse."""
NOTHING = (date(1970, 1, 2), date(1970, 1, 1))
_BUILT = (
    "create table if not exists landing.built_loads "
    "(partition varchar, load_id varchar, first_date date, last_date date)",
    "create table if not exists landing.built_state "
    "(as_of_date date, reporting_time_zone varchar, project_digest varchar)",
    "create table if not exists landing.pending_window (window_start date, window_end date)",
)


@dataclass(frozen=True)
class Window:
    """Event dates to rebuild, both inclusive. ``start`` None: everything; start after end: nothing."""

    start: date | None
    end: date | None

    @property
    def is_everything(self) -> bool:
        return self.start is None

    @property
    def is_empty(self) -> bool:
        return self.start is not None and self.end is not None and self.start > self.end

    def union(self, other: "Window") -> "Window":
        if self.is_everything or other.is_everything:
            return EVERYTHING
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        assert self.start and self.end and other.start and other.end
        return Window(min(self.start, other.start), max(self.end, other.end))


class WarehouseBusy(Exception):
    """Another process keeps the warehouse open."""


EVERYTHING = Window(None, None)
EMPTY = Window(*NOTHING)


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, in UTC. Keep it open briefly: dbt opens the file itself, and other processes may want it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _open(path, read_only)
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        yield connection
    finally:
        connection.close()


def _open(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file; wait a while for whoever has it open."""
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only)
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
) -> Window:
    """Register the landed streams and write ``landing.run_parameters``; returns its gateway window."""
    landing.register(connection)
    for statement in _BUILT:
        connection.execute(statement)
    window = EVERYTHING if full_refresh else _window(connection, company, as_of)
    config = company.config
    connection.execute(
        "create or replace table landing.run_parameters (as_of_date date, reporting_time_zone varchar, "
        "reporting_currency varchar, fiscal_year_start_month integer, company_id varchar, policy_version varchar, "
        "gateway_window_start date, gateway_window_end date)"
    )
    connection.execute(
        "insert into landing.run_parameters values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            as_of,
            config.reporting_time_zone,
            config.reporting_currency,
            config.fiscal_year_start_month,
            config.company_id,
            company.policy.version,
            window.start,
            window.end,
        ],
    )
    return window


def last_as_of(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The as-of day of the last run, published or not; None before the first."""
    known = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'landing' and table_name = 'run_parameters'"
    ).fetchone()
    row = connection.execute("select as_of_date from landing.run_parameters").fetchone() if known == (1,) else None
    return row[0] if row else None


def begin_build(connection: duckdb.DuckDBPyConnection, window: Window) -> None:
    """Remember, before the first model is built, which days a build may leave half-way."""
    connection.execute("begin")
    connection.execute("delete from landing.pending_window")
    connection.execute("insert into landing.pending_window values (?, ?)", [window.start, window.end])
    connection.execute("commit")


def record_built(connection: duckdb.DuckDBPyConnection, company: "Company", as_of: date) -> None:
    """After a successful build: the loads that are now registered are built, nothing is pending."""
    zone = company.config.reporting_time_zone
    loads = _visible_loads(connection, zone)
    connection.execute("begin")
    connection.execute("delete from landing.built_loads")
    for load in loads:
        connection.execute("insert into landing.built_loads values (?, ?, ?, ?)", list(load))
    connection.execute("delete from landing.built_state")
    connection.execute("insert into landing.built_state values (?, ?, ?)", [as_of, zone, project_digest()])
    connection.execute("delete from landing.pending_window")
    connection.execute("commit")


def _window(connection: duckdb.DuckDBPyConnection, company: "Company", as_of: date) -> Window:
    zone = company.config.reporting_time_zone
    state = connection.execute(
        "select as_of_date, reporting_time_zone, project_digest from landing.built_state"
    ).fetchone()
    if state is None or state[1:] != (zone, project_digest()):
        return EVERYTHING
    window = _moved_days(state[0], as_of)
    for start, end in connection.execute("select window_start, window_end from landing.pending_window").fetchall():
        window = window.union(Window(start, end))
    built = {tuple(row) for row in connection.execute("from landing.built_loads").fetchall()}
    for _, _, first, last in built ^ set(_visible_loads(connection, zone)):
        if first is not None:
            window = window.union(Window(first, last))
    return window


def _moved_days(before: date, now: date) -> Window:
    """The days that enter or leave when the as-of date moves, with one to spare for the zone."""
    if before == now:
        return EMPTY
    return Window(min(before, now), max(before, now) + timedelta(days=1))


def _visible_loads(connection: duckdb.DuckDBPyConnection, zone: str) -> list[tuple[str, str, date | None, date | None]]:
    """Visible gateway loads with their first and last event date, in UTC or the reporting zone, whichever is wider."""
    rows = connection.execute(
        "select partition, load_id, coalesce(first_event_at, window_start), coalesce(last_event_at, window_end) "
        "from landing.loads where source = ? and stream = ?",
        list(GATEWAY),
    ).fetchall()
    local = ZoneInfo(zone)
    return [
        (
            partition,
            load_id,
            first and min(first.date(), first.astimezone(local).date()),
            last and max(last.date(), last.astimezone(local).date()),
        )
        for partition, load_id, first, last in rows
    ]
