"""Amounts that stay open, judged month by month: what was billed and not metered, removed as a duplicate, counted on
several days, left unexplained by the three-way match, or nobody's.

Judged are the month of the as-of day and the one before, which finance can still act on. A cause warns whenever it has an
amount there; a residual, and cost without an owner, above the policy's ratio. What residuals of all months come to is judged
by the whole bill too: nothing else would ever tell of an old one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

RESIDUALS = ("metering_residual", "residual")
CAUSES = ("unpriced_usage", "untracked_traffic", "duplicates", "repeated_requests", "other_cogs_left_out")
OPEN_LINES = (*CAUSES, *RESIDUALS)


@dataclass(frozen=True)
class BridgeMonth:
    """One open line of the bridge of one provider in one month, with the whole billed cost of the month and of all months."""

    provider: str
    bridge_line: str
    month: str
    amount: Decimal
    billed_cost: Decimal
    billed_in_all: Decimal


@dataclass(frozen=True)
class OpenAmount:
    """One line of one provider: this month, the month before, all months, and the months that warn. ``alarm_ratio`` of
    the billed cost is None where any amount warns, or where no ratio is known: then no residual is judged, nor whether it
    ``is_total_above``: what all months come to is above the ratio of their bill.
    """

    provider: str
    bridge_line: str
    month: str
    amount: Decimal
    previous_month: str
    previous_amount: Decimal
    total_amount: Decimal
    alarm_ratio: Decimal | None
    warned_months: tuple[str, ...]
    is_total_above: bool

    @property
    def warns(self) -> bool:
        return bool(self.warned_months) or self.is_total_above


@dataclass(frozen=True)
class OwnerlessShare:
    """Cost of a month without an owner; ``ratio`` is None for a month whose cost is not above zero."""

    month: str
    spend: Decimal
    unallocated: Decimal
    ratio: Decimal | None
    alarm_ratio: Decimal | None
    is_above_alarm: bool | None


def judged_months(as_of: date) -> tuple[str, str]:
    """The month of ``as_of`` and the one before, as YYYY-MM."""
    return f"{as_of:%Y-%m}", f"{as_of.replace(day=1) - timedelta(days=1):%Y-%m}"


def open_amounts(rows: Iterable[BridgeMonth], as_of: date, residual_alarm_ratio: Decimal | None) -> list[OpenAmount]:
    """Each line that has an amount in any month, by provider, in the order of :data:`OPEN_LINES`."""
    lines: dict[tuple[str, str], list[BridgeMonth]] = {}
    for row in rows:
        if row.amount:
            lines.setdefault((row.provider, row.bridge_line), []).append(row)
    ordered = sorted(lines, key=lambda key: (key[0], OPEN_LINES.index(key[1])))
    return [_open_amount(lines[key], as_of, residual_alarm_ratio) for key in ordered]


def _open_amount(rows: list[BridgeMonth], as_of: date, residual_alarm_ratio: Decimal | None) -> OpenAmount:
    months = judged_months(as_of)
    line = rows[0].bridge_line
    ratio = residual_alarm_ratio if line in RESIDUALS else None
    amounts = {month: sum((row.amount for row in rows if row.month == month), Decimal(0)) for month in months}
    total = sum((row.amount for row in rows), Decimal(0))
    return OpenAmount(
        provider=rows[0].provider,
        bridge_line=line,
        month=months[0],
        amount=amounts[months[0]],
        previous_month=months[1],
        previous_amount=amounts[months[1]],
        total_amount=total,
        alarm_ratio=ratio,
        warned_months=tuple(sorted({row.month for row in rows if row.month in months and _warns(row, ratio)})),
        is_total_above=ratio is not None and _is_above(total, ratio, rows[0].billed_in_all),
    )


def _warns(row: BridgeMonth, ratio: Decimal | None) -> bool:
    if row.bridge_line in CAUSES:
        return True
    return ratio is not None and _is_above(row.amount, ratio, row.billed_cost)


def _is_above(amount: Decimal, ratio: Decimal, billed: Decimal) -> bool:
    return abs(amount) > ratio * abs(billed)


def ownerless_share(month: str, spend: Decimal, unallocated: Decimal, alarm_ratio: Decimal | None) -> OwnerlessShare:
    """Nobody's part of a month's cost against the policy's ratio."""
    ratio = unallocated / spend if spend > 0 else None
    is_above = None if alarm_ratio is None else abs(unallocated) > alarm_ratio * max(spend, Decimal(0))
    return OwnerlessShare(month, spend, unallocated, ratio, alarm_ratio, is_above)
