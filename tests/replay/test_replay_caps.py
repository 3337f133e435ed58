"""Replayed caps on windows worked out by hand: when a crossing could be known, what a trip saves, and the reset."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.replay.breakers import BreakerReplay
from orchestration.replay.caps import replay_caps
from tests.replay.conftest import replay_policy

D = Decimal
FIRST = date(2026, 7, 1)


@pytest.fixture
def connection(tmp_path: Path) -> Iterable[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'; create schema marts; create schema staging")
        connection.execute(
            'create table marts.cap_audit_by_entity_day (adapter varchar, entity varchar, "window" varchar, '
            "window_start_date date, cap_date date, resets_at timestamptz, time_zone varchar, "
            "cap_configured decimal(38,9), cost decimal(38,12), day_cost decimal(38,12), crossed_at timestamptz, "
            "status varchar)"
        )
        connection.execute("create table staging.stg_registry__sources (source varchar, settle_lag_hours integer)")
        connection.execute("insert into staging.stg_registry__sources values ('litellm', 24)")
        yield connection


def spend(
    connection: duckdb.DuckDBPyConnection,
    window: str,
    cap: str | None,
    costs: list[int],
    zone: str = "UTC",
    **given: str,
) -> list[BreakerReplay]:
    """The replay of key a with these costs on the days from the first of July on; each crossing at 09:00."""
    total = 0
    for n, cost in enumerate(costs):
        day = FIRST + timedelta(days=n)
        before, total = (0, cost) if window == "daily" else (total, total + cost)
        start = day if window == "daily" else FIRST
        end = day + timedelta(days=1) if window == "daily" else date(2026, 8, 1)
        is_crossed = cap is not None and before <= D(cap) < total
        crossed_at = datetime(2026, 7, day.day, 9, tzinfo=UTC) if is_crossed else None
        connection.execute(
            "insert into marts.cap_audit_by_entity_day values ('litellm', 'key:a', ?, ?, ?, "
            "timezone(?, ?::timestamp), ?, ?, ?, ?, ?, ?)",
            [window, start, day, zone, end, zone, cap, total, cost, crossed_at, given.get("status", "not_crossed")],
        )
    last = FIRST + timedelta(days=len(costs) - 1)
    return replay_caps(connection, replay_policy(), FIRST, last)


def test_a_daily_cap_watched_from_settled_data_trips_when_its_day_is_over_and_saves_nothing(connection):
    rows = spend(connection, "daily", "10", [8, 13, 4])
    assert [row.is_trip for row in rows] == [False, True, False]
    trip = rows[1]
    # the 2nd ends at midnight, its data is settled a day later: 15 and 24 hours after the crossing at nine
    assert (trip.trip_at, trip.minutes_to_trip) == (datetime(2026, 7, 4, tzinfo=UTC), D(39 * 60))
    assert (trip.overshoot_amount, trip.is_false_trip, trip.policy, trip.cap_window) == (D(3), False, "cap", "daily")
    assert trip.reasons.startswith("crossed, and known when the window was over")
    assert {row.status for row in rows} == {"closed"}
    assert sum(row.saved_amount for row in rows) == 0


def test_a_monthly_cap_saves_the_whole_days_after_it_was_known_until_its_reset(connection):
    """30 a month: crossed on the 3rd at 36, known on the 5th at 00:00; the 4th passes, the 5th and 6th are held."""
    rows = spend(connection, "monthly", "30", [10, 10, 16, 5, 6, 7])
    assert [row.is_trip for row in rows] == [False, False, True, False, False, False]
    assert [row.status for row in rows] == ["closed"] * 4 + ["open"] * 2
    assert [row.saved_amount for row in rows] == [0, 0, 0, 0, 6, 7]
    assert rows[2].overshoot_amount == D(6)
    assert "waits for the reset at 2026-08-01T00:00:00+00:00" in rows[5].reasons


def test_a_window_is_over_at_the_reset_instant_of_its_zone(connection):
    """In Berlin the 2nd of July ends at 22:00 UTC."""
    rows = spend(connection, "daily", "10", [1, 11], zone="Europe/Berlin")
    assert rows[1].trip_at == datetime(2026, 7, 3, 22, tzinfo=UTC)


def test_cost_that_is_not_known_trips_nothing_and_alerts(connection):
    (row,) = spend(connection, "daily", "10", [4], status="unknown")
    assert (row.is_trip, row.is_alert, row.status) == (False, True, "closed")
    assert row.reasons.startswith("cost_not_known")


def test_what_only_the_gateway_caps_is_not_replayed(connection):
    assert spend(connection, "daily", None, [40]) == []


def test_what_comes_later_changes_no_trip(connection):
    rows = spend(connection, "monthly", "30", [10, 25, 5, 40, 1, 2])
    for n in range(len(rows)):
        cut = replay_caps(connection, replay_policy(), FIRST, FIRST + timedelta(days=n))
        assert cut == rows[: n + 1]
