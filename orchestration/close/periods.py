"""Fiscal periods (calendar months, YYYY-MM) and which of a published table's rows belong to one."""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta

EVENT_DATES = (
    "usage_date",
    "cost_date",
    "posting_date",
    "revenue_date",
    "margin_date",
    "metric_date",
    "spend_date",
)
ADJUSTMENTS = "period_adjustments"
ACCRUALS = "accrual_journal_lines"
REPLAYED = ("gate_replay", "breaker_replay", "budget_framework_backtest")
_OWN_PERIODS = {
    ADJUSTMENTS: "booked_period",
    # a reversal is dated in the next period, but is final together with the accrual that it reverses
    ACCRUALS: "right(journal_id, 7)",
}
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


def period_expression(table: str, columns: Iterable[str]) -> str | None:
    """SQL for the fiscal period of a row of ``table``; None when its rows belong to none (dimensions, snapshots,
    replays of history, which are studies and no books).

    The table's own rule comes first, then its ``fiscal_period``, then its event date.
    """
    present = set(columns)
    if table.startswith("dim_") or table in REPLAYED:
        return None
    if table in _OWN_PERIODS:
        return _OWN_PERIODS[table]
    if "fiscal_period" in present:
        return "fiscal_period"
    return next((f"strftime({name}, '%Y-%m')" for name in EVENT_DATES if name in present), None)
