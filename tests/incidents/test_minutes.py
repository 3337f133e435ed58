"""Minutes of a log are read once: a day is remembered until something changes that it follows from. Real models."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.incidents import minutes
from orchestration.incidents.minutes import read_minutes
from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price, request

D = Decimal
MODELS = ("int_gateway_costs_by_hour", "int_gateway_calls_by_class", "int_usage_keys_numbered", "int_context_tiers")
FIRST, SECOND = datetime(2026, 7, 1, 9, 30, tzinfo=UTC), datetime(2026, 7, 20, 23, 59, tzinfo=UTC)

END = datetime(2026, 8, 1, tzinfo=UTC)


class Log:
    """A key's log of two days, at a dollar a million tokens."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.landing = folder, Landing(folder / "landing")
        self.price("1")
        for moment in (FIRST, SECOND):
            self.calls(moment, 1_000_000)

    def price(self, dollars: str) -> None:
        with self.landing.batch("prices", "price_book") as batch:
            batch.add_rows("current", [price("openai", dollars)])

    def calls(self, moment: datetime, *tokens: int) -> None:
        """Lands the day of ``moment`` anew, with a call of so many tokens each."""
        rows = [request("openai", f"{moment} {n}", one, started_at=moment, api_key="k") for n, one in enumerate(tokens)]
        with self.landing.batch("litellm", "spend_logs") as batch:
            batch.add_rows(f"{moment:%Y-%m-%d}", rows, first_event_at=f"{moment:%Y-%m-%d}T00:00:00Z")

    def costs(self, *wanted: datetime, full_refresh: bool = False) -> dict[datetime, Decimal]:
        """Cost by minute of the hours of ``wanted``, in the warehouse as it is after a build."""
        with self.open() as connection:
            self.landing.register(connection)
            for schema in ("staging", "intermediate"):
                connection.execute(f"drop schema if exists {schema} cascade")
            connection.execute(
                "drop table if exists landing.run_parameters; drop table if exists landing.gateway_batches"
            )
            write_run_parameters(connection, date(2026, 7, 31))
            build(connection, MODELS)
            hours = {"k": [moment.replace(minute=0) for moment in wanted]}
            found = read_minutes(connection, self.landing, hours, END, full_refresh=full_refresh)
            return {one.minute: one.cost for one in found.get("k", [])}

    def forge(self, cost: int) -> None:
        """Overwrite what is remembered, so that an answer tells where it came from."""
        with self.open() as connection:
            connection.execute("update landing.incident_minutes set cost = ?", [cost])

    def open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(str(self.folder / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        return connection


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_a_day_is_read_once(log):
    assert log.costs(FIRST, SECOND) == {FIRST: 1, SECOND: 1}
    log.forge(7)
    assert log.costs(FIRST, SECOND) == {FIRST: 7, SECOND: 7}
    assert log.costs(FIRST, SECOND, full_refresh=True) == {FIRST: 1, SECOND: 1}


def test_a_day_that_is_landed_anew_is_read_again_and_no_other(log):
    log.costs(FIRST, SECOND)
    log.forge(7)
    log.calls(SECOND, 1_000_000, 500_000)
    assert log.costs(FIRST, SECOND) == {FIRST: 7, SECOND: D("1.5")}


def test_a_day_with_other_hours_is_read_again_and_one_that_nobody_wants_is_forgotten(log):
    log.costs(FIRST, SECOND)
    log.forge(7)
    assert log.costs(FIRST, FIRST + timedelta(hours=1)) == {FIRST: 1}
    assert log.costs(FIRST, FIRST + timedelta(hours=1), SECOND) == {FIRST: 1, SECOND: 1}


def test_other_prices_are_seen(log):
    log.costs(FIRST, SECOND)
    log.price("3")
    assert log.costs(FIRST, SECOND) == {FIRST: 3, SECOND: 3}


def test_a_reading_that_ends_half_way_remembers_nothing(log, monkeypatch):
    """The days lie in two chunks; the second one fails."""
    log.calls(SECOND, 2_000_000)
    chunks = minutes._chunks

    def broken(days):
        first, _ = chunks(days)
        yield first
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(minutes, "_chunks", broken)
        log.costs(FIRST, SECOND)
    with log.open() as connection:
        assert connection.execute("from landing.incident_days").fetchall() == []
    assert log.costs(FIRST, SECOND) == {FIRST: 1, SECOND: 2}
