"""Local days in every zone: each quarter of an hour belongs to one day, the day the zone itself says, also on both clock changes.

The model's own SQL runs on a landed range that the test chooses; the expected day comes from Python's zone database.
"""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.dbt_project.compiled_models import compiled_sql

MOMENTS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(0, 366, 5)]


def _is_known_alike(zone: str) -> bool:
    """Whether Python's time zone data says of 2026 what DuckDB's says: each comes with a date of its own."""
    found = duckdb.execute("select timezone(?, unnest(?::timestamptz[]))", [zone, MOMENTS]).fetchall()
    return [at for (at,) in found] == [one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for one in MOMENTS]


ZONES = sorted(
    zone
    for zone in available_timezones()
    if "/" in zone and not zone.startswith(("Etc/", "SystemV/", "US/", "posix/", "right/")) and _is_known_alike(zone)
)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 28))


@pytest.fixture(scope="module")
def quarter_hours():
    text = re.sub(r'"\w+"\."staging"\."stg_(?:run|registry)__(\w+)"', r"\1", compiled_sql("int_quarter_hours"))
    assert "stg_" not in text
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")

    def run(
        zone: str, first: date, days: int, cap_zones: tuple[str, ...] = ()
    ) -> list[tuple[int, datetime, date, date, datetime]]:
        last = first + timedelta(days=days)
        connection.execute(
            "create or replace table parameters as select ?::varchar as reporting_time_zone, ?::date as as_of_date",
            [zone, last],
        )
        connection.execute(
            "create or replace table loads as select 'litellm' as source, ?::timestamptz as first_event_at, "
            "?::timestamptz as last_event_at, null::timestamptz as window_start, null::timestamptz as window_end",
            [f"{first}T00:00:00Z", f"{last}T00:00:00Z"],
        )
        connection.execute(
            "create or replace table caps as select unnest(?::varchar[]) as time_zone", [list(cap_zones)]
        )
        query = f"select quarter_hour, usage_start_at, billing_date, usage_date, part_start_at from ({text})"
        return connection.execute(query).fetchall()

    return run


@settings(max_examples=40, deadline=None)
@given(zone=st.sampled_from(ZONES), first=DAYS)
@example(zone="America/New_York", first=date(2026, 3, 7))
@example(zone="America/New_York", first=date(2026, 10, 31))
@example(zone="Europe/Berlin", first=date(2026, 3, 28))
@example(zone="Europe/Berlin", first=date(2026, 10, 24))
@example(zone="Asia/Kolkata", first=date(2026, 6, 1))
@example(zone="Australia/Lord_Howe", first=date(2026, 4, 4))
@example(zone="Asia/Kathmandu", first=date(2026, 6, 1))
def test_every_quarter_belongs_to_one_day_and_it_is_the_zones_own(quarter_hours, zone, first):
    rows = quarter_hours(zone, first, 3)
    quarters = Counter(row[0] for row in rows)
    assert max(quarters.values()) == 1
    assert len(quarters) == max(quarters) - min(quarters) + 1, "no quarter is missing"
    wanted = {
        quarter: datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(zone)).date() for quarter in quarters
    }
    assert {row[0]: row[3] for row in rows} == wanted


@pytest.mark.parametrize(
    ("first", "quarters"), [(date(2026, 3, 8), 92), (date(2026, 11, 1), 100), (date(2026, 7, 1), 96)]
)
def test_a_day_of_a_clock_change_is_shorter_or_longer_and_the_range_keeps_its_sum(quarter_hours, first, quarters):
    rows = quarter_hours("America/New_York", first - timedelta(days=1), 4)
    by_day = Counter(row[3] for row in rows)
    assert by_day[first] == quarters
    assert sum(by_day.values()) == len({row[0] for row in rows})


@settings(max_examples=40, deadline=None)
@given(zones=st.lists(st.sampled_from(ZONES), max_size=3, unique=True), first=DAYS)
@example(zones=["Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham"], first=date(2026, 6, 1))
@example(zones=["Australia/Lord_Howe"], first=date(2026, 4, 4))
@example(zones=["Australia/Lord_Howe"], first=date(2026, 10, 3))
@example(zones=["America/St_Johns"], first=date(2026, 3, 7))
@example(zones=["Asia/Kathmandu"], first=date(1985, 12, 31))
@example(zones=["Asia/Pyongyang"], first=date(2018, 5, 4))
@example(zones=["America/Caracas"], first=date(2016, 4, 30))
def test_an_hour_is_parted_where_a_day_of_a_caps_zone_begins_within_it_and_nowhere_else(quarter_hours, zones, first):
    """A quarter lies in the part that begins with it, where some zone's day does, else in that of the quarter before it."""
    rows = {row[0]: row for row in quarter_hours("UTC", first, 3, tuple(zones))}

    def days(quarter: int) -> list[date]:
        return [datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(zone)).date() for zone in zones]

    begins = 0
    for quarter in sorted(rows):
        if quarter % 4 == 0 or days(quarter) != days(quarter - 1):
            begins = quarter
        moment = datetime.fromtimestamp(begins * 900, UTC).replace(tzinfo=None)
        assert rows[quarter][4] == moment
        assert rows[quarter][1] == moment.replace(minute=0)


def test_an_hour_is_whole_where_caps_are_in_the_reporting_zone_or_in_zones_on_the_hour(quarter_hours):
    rows = quarter_hours("Asia/Kolkata", date(2026, 6, 1), 3, ("Asia/Kolkata", "Asia/Tokyo", "America/New_York"))
    assert all(row[4] == row[1] for row in rows)
