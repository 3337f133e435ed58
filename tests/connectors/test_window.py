"""Which UTC days a run reads, and how they are cut into requests."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from orchestration.connectors.window import day_windows, last_utc_day, read_days
from orchestration.landing.errors import PermanentFailure

UTC_ZONE, NEW_YORK, TOKYO = ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")


def source(start: date | None = date(2026, 7, 1), lookback: int = 3) -> SimpleNamespace:
    return SimpleNamespace(name="openai", start_date=start, lookback_days=lookback)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def test_a_first_run_reads_from_the_start_date():
    assert read_days(source(), set(), date(2026, 7, 3), UTC_ZONE) == days(date(2026, 7, 1), date(2026, 7, 3))


def test_a_later_run_reads_its_look_back_and_what_is_new():
    landed = set(days(date(2026, 7, 1), date(2026, 7, 20)))
    assert read_days(source(), landed, date(2026, 7, 21), UTC_ZONE) == days(date(2026, 7, 18), date(2026, 7, 21))
    assert read_days(source(), landed, date(2026, 7, 30), UTC_ZONE) == days(date(2026, 7, 21), date(2026, 7, 30))


def test_a_run_for_an_earlier_day_reads_nothing_after_it():
    landed = set(days(date(2026, 7, 1), date(2026, 7, 20)))
    assert read_days(source(), landed, date(2026, 7, 10), UTC_ZONE) == days(date(2026, 7, 7), date(2026, 7, 10))


def test_days_never_landed_are_read_however_old():
    landed = set(days(date(2026, 7, 1), date(2026, 7, 20))) - {date(2026, 7, 5)}
    assert read_days(source(lookback=0), landed, date(2026, 7, 20), UTC_ZONE) == [date(2026, 7, 5), date(2026, 7, 20)]
    earlier = read_days(source(start=date(2026, 6, 29), lookback=0), landed, date(2026, 7, 4), UTC_ZONE)
    assert earlier == [date(2026, 6, 29), date(2026, 6, 30), date(2026, 7, 4)]


def test_nothing_before_the_start_date():
    assert read_days(source(lookback=400), {date(2026, 7, 1)}, date(2026, 7, 1), UTC_ZONE) == [date(2026, 7, 1)]
    assert read_days(source(), set(), date(2026, 6, 30), UTC_ZONE) == []


def test_without_a_start_date_it_says_so():
    with pytest.raises(PermanentFailure, match="openai: start_date is missing"):
        read_days(source(start=None), set(), date(2026, 7, 1), UTC_ZONE)


@pytest.mark.parametrize(
    ("zone", "as_of", "last"),
    [
        (UTC_ZONE, date(2026, 10, 31), date(2026, 10, 31)),
        (NEW_YORK, date(2026, 10, 31), date(2026, 11, 1)),  # ends 04:00 UTC
        (NEW_YORK, date(2026, 11, 1), date(2026, 11, 2)),  # clocks go back: ends 05:00 UTC
        (TOKYO, date(2026, 10, 31), date(2026, 10, 31)),  # ends 15:00 UTC
    ],
)
def test_the_last_day_holds_the_last_local_instant(zone, as_of, last):
    assert last_utc_day(as_of, zone) == last
    assert read_days(source(), set(), as_of, zone)[-1] == last


def test_windows_follow_gaps_and_a_longest_length():
    asked = [*days(date(2026, 7, 1), date(2026, 8, 5)), date(2026, 8, 9)]
    assert day_windows(asked, 31) == [
        (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)),
        (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 8, 6, tzinfo=UTC)),
        (datetime(2026, 8, 9, tzinfo=UTC), datetime(2026, 8, 10, tzinfo=UTC)),
    ]
    assert day_windows(asked)[0] == (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 6, tzinfo=UTC))
    assert day_windows([]) == []
