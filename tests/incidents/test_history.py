"""Incidents in a landed log: cost by hand, the screen against a search of every minute, and no look ahead. Real models."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from orchestration.incidents import history, screen
from orchestration.incidents.history import HistoryIncident, find_incidents
from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price, request

D = Decimal
FIRST = datetime(2026, 7, 1, tzinfo=UTC)
AS_OF = date(2026, 7, 12)
Find = Callable[..., list[HistoryIncident]]


def call(at: datetime, tokens: int, key: str = "k", **given: Any) -> dict[str, Any]:
    """At a dollar a million tokens."""
    return request("openai", f"{key} {at} {given.get('number')}", tokens, started_at=at, api_key=key) | {
        name: value for name, value in given.items() if name != "number"
    }


def office_hours(key: str = "k", days: int = 12, seed: int = 1) -> list[dict[str, Any]]:
    """About 6 calls of 20,000 tokens (0.02) an hour from 8 to 18 o'clock."""
    rng = random.Random(f"{key} {seed}")
    return [
        call(FIRST + timedelta(days=day, hours=hour, seconds=rng.uniform(0, 3599)), rng.randrange(10_000, 30_000), key)
        for day in range(days)
        for hour in range(8, 18)
        for _ in range(6)
    ]


def loop(at: datetime, minutes: int, tokens: int, key: str = "k", growth: int = 0) -> list[dict[str, Any]]:
    """A call every five seconds."""
    return [call(at + timedelta(seconds=5 * n), tokens + growth * n, key) for n in range(12 * minutes)]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    def of(
        rows: list[dict[str, Any]], as_of: date = AS_OF, currency: str = "USD", folder: str = "a", zone: str = "UTC"
    ) -> Any:
        (tmp_path / folder).mkdir()
        landing = Landing(tmp_path / folder / "landing")
        streams = {("litellm", "spend_logs"): rows, ("prices", "price_book"): [price("openai", "1")]}
        for (source, stream), landed in streams.items():
            with landing.batch(source, stream) as batch:
                batch.add_rows(
                    "current", landed, first_event_at="2026-07-01T00:00:00Z", last_event_at="2026-07-13T00:00:00Z"
                )
        with duckdb.connect(str(tmp_path / folder / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, as_of, zone)
            build(connection, ["int_gateway_costs_by_hour", "int_gateway_calls_by_class", "int_exchange_rates_filled"])
            return find_incidents(connection, landing, currency, ZoneInfo(zone), as_of, "v")

    return of


def test_a_loop_at_night_costs_what_its_calls_cost(find):
    """Forty minutes, 480 calls of 10,000 tokens: 4.80. A retry that stands in the log twice counts once, and a failed call
    costs nothing.
    """
    at = FIRST + timedelta(days=9, hours=2)
    rows = [*office_hours(), *loop(at, 40, 10_000)]
    rows += [{**rows[-1], "started_at": rows[-1]["started_at"] + timedelta(seconds=1)}]
    rows += [call(at + timedelta(minutes=9), 10**7, number=1, status="failure")]
    (one,) = find(rows)
    assert (one.kind, one.entity, one.incident_cost) == ("steady_hammer", "key:k", D("4.80"))
    assert (one.started_at, one.ended_at) == (at, at + timedelta(minutes=40))
    assert one.detected_at <= at + timedelta(minutes=10)
    assert one.cost_per_hour == D("7.20")


def test_usual_traffic_is_no_incident(find):
    assert find(office_hours()) == []


def test_a_slow_drip_is_found_from_the_hours_alone(find, monkeypatch):
    """A call of 250,000 tokens an hour around the clock from the ninth day on: 0.25 an hour, 6.00 a day."""
    monkeypatch.setattr(history, "read_minutes", lambda *_, **__: {})
    drip = [call(FIRST + timedelta(days=8, hours=n, minutes=7), 250_000, number=n) for n in range(96)]
    (one,) = find([*office_hours(), *drip])
    assert (one.kind, one.ended_at) == ("slow_drip", None)
    assert one.detected_at - (FIRST + timedelta(days=8)) <= timedelta(hours=24)
    assert D("20") < one.incident_cost < D("28")
    assert D("0.2") < one.cost_per_hour < D("0.3")


@pytest.mark.parametrize(("zone", "day_ends"), [("Asia/Kolkata", time(18, 30)), ("Pacific/Auckland", time(12))])
def test_what_comes_after_the_as_of_day_is_in_no_incident(find, zone, day_ends):
    """A loop of eighty minutes, 0.12 a minute, the as-of day's end after its first half; nothing else of the key."""
    midnight = datetime.combine(AS_OF, day_ends, UTC)
    (one,) = find(loop(midnight - timedelta(minutes=40), 80, 10_000), zone=zone)
    assert (one.started_at, one.ended_at) == (midnight - timedelta(minutes=40), None)
    assert one.incident_cost == D("4.80")
    (later,) = find(loop(midnight - timedelta(minutes=40), 80, 10_000), zone=zone, as_of=date(2026, 7, 13), folder="b")
    assert later.incident_cost == D("9.60")


def test_without_a_dollar_rate_nothing_is_judged(find):
    assert find([*office_hours(), *loop(FIRST + timedelta(days=9, hours=2), 40, 10_000)], currency="EUR") == []


def random_history(seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    rows = []
    for key in ("a", "b", "c"):
        rows += office_hours(key, seed=seed)
        for number in range(6):
            at = FIRST + timedelta(days=2 * number + rng.random(), minutes=rng.randrange(600))
            rows += loop(at, rng.randrange(3, 100), rng.choice([2_000, 8_000, 20_000]), key, rng.choice([0, 0, 40]))
    return [row for row in rows if row["started_at"].date() <= AS_OF]


@pytest.mark.parametrize("seed", range(3))
def test_the_screen_loses_no_incident_of_record(find, monkeypatch, seed):
    """A search of every minute finds the same incidents in dear hours, with the same costs; others are none of record."""
    rows = random_history(seed)
    screened = find(rows)
    dear, original = set[tuple[str, datetime]](), screen.dear_hours

    def every_hour(hours, limits):
        dear.update((hours.key, hour) for hour in original(hours, limits))
        return [FIRST + timedelta(hours=n) for n in range(24 * 12)]

    monkeypatch.setattr(history, "dear_hours", every_hour)
    monkeypatch.setattr(history, "is_quiet", lambda *_: False)
    monkeypatch.setattr(history, "near_breaches", lambda minutes, _: minutes)
    monkeypatch.setattr(history, "may_drip", lambda *_: True)
    everything = find(rows, folder="b")
    of_record = [
        one
        for one in everything
        if one.kind == "slow_drip" or any((one.api_key_id, hour) in dear for hour in hours_of(one))
    ]
    assert len(screened) > 3
    assert [_facts(one) for one in of_record] == [one for one in map(_facts, screened) if one in map(_facts, of_record)]
    assert {_facts(one) for one in of_record} <= {_facts(one) for one in screened}


def hours_of(one: HistoryIncident) -> list[datetime]:
    first, last = one.started_at.replace(minute=0), one.ended_at or one.detected_at
    return [first + timedelta(hours=n) for n in range((last - first) // timedelta(hours=1) + 1)]


def _facts(one: HistoryIncident) -> tuple[Any, ...]:
    return one.entity, one.kind, one.started_at, one.detected_at, one.ended_at, one.incident_cost, one.is_repeat


def test_a_days_incidents_do_not_depend_on_later_days(find):
    rows = random_history(7)
    cut = date(2026, 7, 8)
    before = find([row for row in rows if row["started_at"].date() <= cut], as_of=cut)
    after = find(rows, folder="b")
    over = {_facts(one) for one in before if one.ended_at is not None}
    assert len(over) > 2
    assert over <= {_facts(one) for one in after}
    assert {one.evidence_id for one in before} == {one.evidence_id for one in after if one.detected_at.date() <= cut}


def test_the_same_log_gives_the_same_incidents(find):
    rows = random_history(3)
    assert find(rows) == find(list(reversed(rows)), folder="b")
