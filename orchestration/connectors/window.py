"""Which UTC days a run reads from an API source, and how they are cut into requests.

A first run reads from the source's start date. Every later run reads its look-back window again, because providers
restate, and whatever day before it was never landed, so that an interrupted or skipped run heals.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from orchestration.landing.errors import PermanentFailure

DAY = timedelta(days=1)


class ReadSource(Protocol):
    """What is needed of a source's configuration."""

    @property
    def name(self) -> str: ...
    @property
    def lookback_days(self) -> int: ...
    @property
    def start_date(self) -> date | None: ...


def read_days(source: ReadSource, landed_days: set[date], as_of: date, zone: ZoneInfo) -> list[date]:
    """The UTC days to read, ascending; empty when ``as_of`` lies before the start date.

    The last is the UTC day that holds the last instant of the local day ``as_of``. Without ``landed_days`` the first
    is the start date, otherwise the earlier of ``as_of - lookback_days`` and the first day since the start date that
    is not landed; landed days before the look-back window are left out.
    """
    if source.start_date is None:
        raise PermanentFailure(source.name, "start_date is missing; write the first day to read into sources.yaml")
    last = last_utc_day(as_of, zone)
    again_from = as_of - source.lookback_days * DAY
    span = (source.start_date + n * DAY for n in range((last - source.start_date).days + 1))
    return [day for day in span if day >= again_from or day not in landed_days]


def last_utc_day(as_of: date, zone: ZoneInfo) -> date:
    """The UTC day that holds the last instant of the local day ``as_of``."""
    local_end = datetime.combine(as_of + DAY, time.min, zone)
    return (local_end.astimezone(UTC) - timedelta(microseconds=1)).date()


def utc_midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def day_windows(days: Iterable[date], max_days: int | None = None) -> list[tuple[datetime, datetime]]:
    """Half-open UTC windows over runs of consecutive ``days`` (ascending), none longer than ``max_days``."""
    runs: list[list[date]] = []
    for day in days:
        follows = bool(runs) and day - runs[-1][-1] == DAY
        if follows and (max_days is None or len(runs[-1]) < max_days):
            runs[-1].append(day)
        else:
            runs.append([day])
    return [(utc_midnight(run[0]), utc_midnight(run[-1] + DAY)) for run in runs]


def days_between(start: datetime, end: datetime) -> list[date]:
    """The UTC days of a half-open window between two UTC midnights."""
    return [start.date() + n * DAY for n in range((end - start).days)]
