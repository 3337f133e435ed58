"""Which months the postings of one provider pay for: plain fractions, no code and no SQL of the product.

Postings that state their service period pay for it; the others, credit notes first taken from the latest before them,
settle the oldest month that is open, none later than their own, and one whose rest is within five per cent of a month's
cost closes it. What is posted up to the first month with cost, its last week apart, is for service before it. What is
left over pays, oldest first, for months whose invoice has come and was short.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.months import month_end

TOLERANCE = Fraction(5, 100)
LAST_DAYS_OF_A_MONTH = 7


@dataclass
class Settled:
    """What a posting of ``posting_period`` paid of ``service_period``: worth ``cost`` there, posted as ``posted``."""

    posting_period: str
    service_period: str
    cost: Fraction
    posted: Fraction


class Vendor:
    """The match of one provider's postings with its months, as known from the postings up to a period."""

    def __init__(self, costs: dict[str, Fraction], foreign: dict[str, Fraction] | None) -> None:
        """Costs by month in the reporting currency, and in the foreign one in which they are settled, if there is one."""
        self.costs = costs
        self.due = costs if foreign is None else foreign

    def match(self, postings: list["Valued"]) -> tuple[list[Settled], dict[str, Fraction], dict[str, Fraction]]:
        """What settled what; what stays open by month, in reporting currency; what credit notes took, by posting period."""
        opened = {month: due for month, due in self.due.items() if due}
        settled = self._stated([one for one in postings if one.service_period], opened)
        closed = {month for month in opened if not self._takes_more(month, opened[month])}
        netted = _net([one for one in postings if not one.service_period])
        taken: dict[str, Fraction] = defaultdict(Fraction)
        stated = {one.service_period for one in settled}
        paid: set[str] = set()
        invoiced: set[str] = set()
        left_over: list[tuple[Valued, Fraction]] = []
        for one, rest in netted:
            taken[one.posting_period] += one.reporting * (1 - rest / one.amount)
            if rest > 0:
                parts, unused = self._settle(one, rest, opened, closed)
                months = {part.service_period for part in parts}
                invoiced |= {month for month in opened if _is_invoice_of(one, month, months, months & paid)}
                paid |= months
                settled += parts
                left_over.append((one, unused))
        settled += self._carry(left_over, (stated | invoiced) - closed, opened)
        left = {month: Fraction(0) if month in closed else opened[month] for month in opened}
        return settled, {month: self._worth(month, due) for month, due in left.items()}, taken

    def _stated(self, postings: list["Valued"], opened: dict[str, Fraction]) -> list[Settled]:
        settled = []
        for one in postings:
            month = one.service_period
            cost = self._worth(month, one.amount) if self.due.get(month) else one.reporting
            settled.append(Settled(one.posting_period, month, cost, one.reporting))
            if month in opened:
                opened[month] -= one.amount
        return settled

    def _takes_more(self, month: str, left: Fraction) -> bool:
        """Whether postings that state no period may still pay for the month: nothing stated pays it in full already."""
        due = self.due[month]
        if left == due:
            return True
        return left > 0 and left > abs(due) * TOLERANCE

    def _settle(
        self, one: "Valued", rest: Fraction, opened: dict[str, Fraction], closed: set[str]
    ) -> tuple[list[Settled], Fraction]:
        """What of the posting settled which month, and what of it is left over."""
        settled: list[Settled] = []
        first = min((month for month, due in self.due.items() if due > 0), default=None)
        if first and not _is_for(one, first):
            return settled, rest
        for month in sorted(opened):
            if month in closed or opened[month] == 0:
                continue
            if month > one.posting_period or rest == 0:
                break
            due = opened[month]
            if due > 0 and abs(rest - due) <= abs(self.due[month]) * TOLERANCE:
                part, rest, opened[month] = due, Fraction(0), Fraction(0)
            else:
                part = min(rest, due)
                rest -= part
                opened[month] -= part
            settled.append(
                Settled(one.posting_period, month, self._worth(month, part), one.reporting * part / one.amount)
            )
        return settled, rest

    def _carry(
        self, left_over: list[tuple["Valued", Fraction]], invoiced: set[str], opened: dict[str, Fraction]
    ) -> list[Settled]:
        """What is left over of postings in months with a bill pays what is short of months whose invoice has come."""
        settled: list[Settled] = []
        usable = [
            (one, rest) for one, rest in left_over if one.posting_period in self.due and _is_for(one, min(self.due))
        ]
        for month in sorted(month for month in invoiced if self.due.get(month, 0) > 0 and opened[month] > 0):
            short = opened[month]
            for at, (one, rest) in enumerate(usable):
                part = min(rest, opened[month])
                usable[at] = one, rest - part
                opened[month] -= part
                settled.append(
                    Settled(one.posting_period, month, self._worth(month, part), one.reporting * part / one.amount)
                )
            if opened[month] < short and opened[month] <= self.due[month] * TOLERANCE:
                opened[month] = Fraction(0)
        return settled

    def _worth(self, month: str, amount: Fraction) -> Fraction:
        """The amount in reporting currency, at the rate of the month's cost."""
        return self.costs[month] * amount / self.due[month]


@dataclass(frozen=True)
class Valued:
    """A posting of usage: ``amount`` in the currency it is settled in, ``reporting`` at its own rate."""

    day: date
    entry: str
    posting_period: str
    service_period: str | None
    amount: Fraction
    reporting: Fraction


def _is_for(one: Valued, month: str) -> bool:
    """Whether a posting that states no month may be for the service of this one: dated in its last week, or later."""
    last_week = month_end(month) - timedelta(days=LAST_DAYS_OF_A_MONTH)
    return one.posting_period > month or (one.posting_period == month and one.day > last_week)


def _is_invoice_of(one: Valued, month: str, settled: set[str], again: set[str]) -> bool:
    """Whether the posting is the month's invoice, though it may have settled an older month that was short instead."""
    return _is_for(one, month) and (month in settled or any(older < month for older in again))


def _net(postings: list[Valued]) -> list[tuple[Valued, Fraction]]:
    """Each posting with what credit notes leave of it, in order; credit that finds nothing waits for the next."""
    ordered = sorted(postings, key=lambda one: (one.posting_period, one.day, one.amount < 0, one.entry))
    rests = [one.amount for one in ordered]
    for number in range(len(ordered)):
        for earlier in reversed(range(number)):
            if rests[number] * rests[earlier] < 0:
                taken = min(abs(rests[number]), abs(rests[earlier]))
                rests[number] -= taken if rests[number] > 0 else -taken
                rests[earlier] -= taken if rests[earlier] > 0 else -taken
    return list(zip(ordered, rests, strict=True))
