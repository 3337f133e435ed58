"""The daily, weekly or monthly window that contains an instant, in a named zone, right across changes of its clock.

A day begins at its first instant: at midnight, or where midnight does not exist, when the clock jumps over it; where
midnight comes twice, at the first. Windows follow each other without gap or overlap; a day may last 23 or 25 hours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"
WINDOWS = (DAILY, WEEKLY, MONTHLY)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class CapWindow:
    """From ``start``, inclusive, to ``end``, exclusive, the reset instant; both in UTC."""

    start: datetime
    end: datetime


def window_at(window: str, now: datetime, zone: str, reset_day: int = 1) -> CapWindow:
    """The ``window`` (daily, weekly from Monday, monthly from ``reset_day``) of ``zone`` (IANA) that contains ``now``.

    Raises ValueError for a time without a zone, another window, or a reset day that not every month has.
    """
    if now.utcoffset() is None:
        raise ValueError(f"{now} has no time zone")
    if window not in WINDOWS:
        raise ValueError(f"window '{window}' is none of {', '.join(WINDOWS)}")
    if not 1 <= reset_day <= 28:
        raise ValueError(f"reset day {reset_day} is not one that every month has")
    place, moment = ZoneInfo(zone), now.astimezone(UTC)
    begin = _beginning_of(window, reset_day)
    today = moment.astimezone(place).date()
    # after a clock that went back over midnight the local date is the day before that of the window
    days = sorted({begin(today - _DAY), begin(today), begin(today + _DAY)})
    days.append(_next(days[-1], begin))
    starts = [first_instant(day, place) for day in days]
    at = max(position for position, start in enumerate(starts[:-1]) if start <= moment)
    later = (start for start in starts[at + 1 :] if start > starts[at])
    return CapWindow(starts[at], next(later))


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """When ``day`` begins in ``zone``, in UTC."""
    midnight = datetime.combine(day, time(), zone)
    begun = midnight.astimezone(UTC)
    if begun.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return begun
    # the clock jumps over midnight, somewhere between its reading by the offset after the jump and by the one before
    before, after = midnight.replace(fold=1).astimezone(UTC) - timedelta(seconds=1), begun
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def _beginning_of(window: str, reset_day: int) -> Callable[[date], date]:
    """A function that gives the first day of the window of a day."""
    if window == DAILY:
        return lambda day: day
    if window == WEEKLY:
        return lambda day: day - timedelta(days=day.weekday())
    shift = timedelta(days=reset_day - 1)
    return lambda day: (day - shift).replace(day=1) + shift


def _next(first: date, begin: Callable[[date], date]) -> date:
    day = first + _DAY
    while begin(day) == first:
        day += _DAY
    return day
