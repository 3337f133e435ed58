"""Months as accounting names them: 2026-07."""

from calendar import monthrange
from datetime import date, timedelta


def months_between(first: str, last: str) -> list[str]:
    """All months from ``first`` to ``last``, both inclusive."""
    year, month = int(first[:4]), int(first[5:])
    found = []
    while f"{year}-{month:02}" <= last:
        found.append(f"{year}-{month:02}")
        year, month = year + month // 12, month % 12 + 1
    return found


def month_end(month: str) -> date:
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, monthrange(year, number)[1])


def day_of(month: str, number: int) -> date:
    """The day ``number`` of ``month``; beyond its 30 or 31 days, that of the months after it (31 and a day are the 1st)."""
    first = date.fromisoformat(f"{month}-01")
    if number <= 28:
        return first.replace(day=number)
    after = (first + timedelta(days=32)).replace(day=1)
    return after.replace(day=number - 31 + 1) if number < 60 else day_of(f"{after:%Y-%m}", number - 31)
