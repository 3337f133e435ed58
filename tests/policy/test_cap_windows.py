"""Windows of caps across changes of the clock: hand-worked days, and properties over zones and instants."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestration.policy.cap_windows import WINDOWS, CapWindow, window_at

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "America/Havana",
    "America/Goose_Bay",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
)
TICK = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "start", "end", "hours"),
    [
        ("UTC", "2026-11-28T12:00", "2026-11-28T00:00", "2026-11-29T00:00", 24),
        ("Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00", 25),
        ("America/Sao_Paulo", "2018-11-04T12:00", "2018-11-04T03:00", "2018-11-05T02:00", 23),
        ("America/Sao_Paulo", "2018-11-04T02:59", "2018-11-03T03:00", "2018-11-04T03:00", 24),
        ("America/Sao_Paulo", "2018-02-18T01:30", "2018-02-17T02:00", "2018-02-18T03:00", 25),
        ("Asia/Beirut", "2026-03-29T12:00", "2026-03-28T22:00", "2026-03-29T21:00", 23),
        ("America/Havana", "2026-11-01T04:30", "2026-11-01T04:00", "2026-11-02T05:00", 25),
        ("America/Havana", "2026-11-01T05:30", "2026-11-01T04:00", "2026-11-02T05:00", 25),
        ("Pacific/Apia", "2011-12-30T09:59", "2011-12-29T10:00", "2011-12-30T10:00", 24),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00", "2011-12-31T10:00", 24),
        # clocks went back from 00:01 to 23:01 of the day before: the new day had begun and goes on
        ("America/Goose_Bay", "2010-11-07T03:30", "2010-11-07T03:00", "2010-11-08T04:00", 25),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone, now, start, end, hours):
    window = window_at("daily", utc(now), zone)
    assert window == CapWindow(utc(start), utc(end))
    assert window.end - window.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("window", "reset_day", "now", "start", "end"),
    [
        ("weekly", 1, "2026-11-28T12:00", "2026-11-22T23:00", "2026-11-29T23:00"),
        ("weekly", 1, "2026-10-25T12:00", "2026-10-18T22:00", "2026-10-25T23:00"),
        ("monthly", 1, "2026-11-28T12:00", "2026-10-31T23:00", "2026-11-30T23:00"),
        ("monthly", 15, "2026-11-14T22:59", "2026-10-14T22:00", "2026-11-14T23:00"),
        ("monthly", 15, "2026-11-14T23:00", "2026-11-14T23:00", "2026-12-14T23:00"),
        ("monthly", 28, "2026-03-01T00:00", "2026-02-27T23:00", "2026-03-27T23:00"),
        ("monthly", 28, "2026-01-05T00:00", "2025-12-27T23:00", "2026-01-27T23:00"),
    ],
)
def test_weeks_begin_on_monday_and_months_on_their_reset_day(window, reset_day, now, start, end):
    assert window_at(window, utc(now), "Europe/Berlin", reset_day) == CapWindow(utc(start), utc(end))


INSTANTS = st.datetimes(datetime(2005, 1, 3), datetime(2036, 12, 28), timezones=st.just(UTC))


@given(st.sampled_from(WINDOWS), INSTANTS, st.sampled_from(ZONES), st.integers(1, 28))
@example("daily", utc("2018-11-04T03:00"), "America/Sao_Paulo", 1)
@example("daily", utc("2010-11-07T03:00:30"), "America/Goose_Bay", 1)
@example("daily", utc("2010-11-07T03:01:00"), "America/Goose_Bay", 1)
@example("daily", utc("2011-12-30T10:00"), "Pacific/Apia", 1)
@example("monthly", utc("2011-12-30T10:00"), "Pacific/Apia", 28)
def test_windows_contain_their_instant_and_follow_each_other_without_gap_or_overlap(window, now, zone, reset_day):
    found = window_at(window, now, zone, reset_day)
    assert found.start <= now < found.end
    assert (
        window_at(window, found.start, zone, reset_day) == found == window_at(window, found.end - TICK, zone, reset_day)
    )
    assert window_at(window, found.end, zone, reset_day).start == found.end
    assert window_at(window, found.start - TICK, zone, reset_day).end == found.start


@given(INSTANTS, st.sampled_from(ZONES), st.integers(1, 28))
def test_longer_windows_hold_whole_days(now, zone, reset_day):
    day = window_at("daily", now, zone)
    for window in ("weekly", "monthly"):
        longer = window_at(window, now, zone, reset_day)
        assert longer.start <= day.start and day.end <= longer.end


@given(INSTANTS, st.sampled_from(ZONES))
def test_no_zone_of_the_clock_that_asks_changes_the_window(now, zone):
    asked = now.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert window_at("daily", asked, zone) == window_at("daily", now, zone)


@pytest.mark.parametrize(
    ("window", "now", "reset_day"),
    [("daily", datetime(2026, 1, 1), 1), ("hourly", utc("2026-01-01"), 1), ("monthly", utc("2026-01-01"), 29)],
)
def test_what_has_no_window_is_refused(window, now, reset_day):
    with pytest.raises(ValueError):
        window_at(window, now, "UTC", reset_day)
