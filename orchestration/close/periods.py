"""Fiscal periods: calendar months, YYYY-MM."""

import re
from calendar import monthrange
from datetime import date, timedelta

ADJUSTMENTS = "period_adjustments"
ACCRUALS = "accrual_journal_lines"
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class NotAPeriod(ValueError):
    """Text that is not YYYY-MM."""


def check_period(text: str) -> str:
    """``text`` if it is a period; raises :class:`NotAPeriod`."""
    if not _PERIOD.fullmatch(text):
        raise NotAPeriod(f"{text!r} is not a fiscal period; write it as YYYY-MM, for example 2026-10")
    return text


def period_of(day: date) -> str:
    return f"{day:%Y-%m}"


def last_day(period: str) -> date:
    year, month = map(int, period.split("-"))
    return date(year, month, monthrange(year, month)[1])


def next_period(period: str) -> str:
    return period_of(last_day(period) + timedelta(days=1))
