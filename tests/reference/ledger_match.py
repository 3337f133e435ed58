"""Which months the postings of one provider pay for: plain fractions, no code and no SQL of the product.

Postings that state their service period pay for it; the others, credit notes first taken from the latest before them,
settle the oldest month that is open, none later than their own, and one whose rest is within five per cent of a month's
cost closes it. What is posted up to the first month with cost, its last week apart, is for service before it. What is
left over pays, oldest first, for months whose invoice has come and was short, or was taken back. Who is paid in arrears is
not paid before a month's last week for more of it than its bill shows by the day.

Tax that the bill states of a month is no cost and settles none: a posting holds it that fits cost and tax, or that ends
between the two, or that is the tax of the month closed before, or that is smaller by the tax that the bill gives back.
Not where the vendor's tax of the posting's month stands on lines of its own. Credit notes of what bills state as tax of a
month, or of several on end, take back tax where postings hold as much and usage would be left in part by it.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.months import month_end

TOLERANCE = Fraction(5, 100)
TAX_TOLERANCE = Fraction(1, 100)
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

    def __init__(
        self,
        costs: dict[str, Fraction],
        foreign: dict[str, Fraction] | None,
        taxes: dict[str, Fraction],
        taxed_apart: set[str],
        bills: dict[tuple[str, str], tuple[Fraction, Fraction]],
        used: dict[str, dict[date, Fraction]],
    ) -> None:
        """Costs by month in the reporting currency, and in the foreign one in which they are settled, if there is one.

        ``taxes``: what the bill states of a month, in the currency in which it is settled. ``taxed_apart``: the posting
        periods with tax on lines of its own. ``bills``: cost and tax by month and currency, where postings in the bill's own
        currency are settled in another. ``used``: what is due by month and day, of months that are billed whole.
        """
        self.used = used
        self.bills = bills
        self.costs = costs
        self.due = costs if foreign is None else foreign
        self.taxes = taxes
        self.taxed_apart = taxed_apart
        self.held: dict[str, Fraction] = {}
        """Tax in postings by their period, in reporting currency at their own rate."""
        self.tax = Fraction(0)
        """All of it, in the currency that is settled in."""
        self.unseen = Fraction(0)

    def match(self, postings: list["Valued"]) -> tuple[list[Settled], dict[str, Fraction], dict[str, Fraction]]:
        """What settled what; what stays open by month, in reporting currency; what credit notes took, by posting period."""
        known_from = max((one.posting_period for one in postings if one.service_period or one.amount < 0), default="")
        early = [one for one in postings if one.posting_period <= known_from]
        returns = [one for one in early if not one.service_period and self._is_stated_tax(one)]
        as_usage = self._read(early, [])[3]
        as_tax, returned = self._read(early, returns)[3], -sum(one.amount for one in returns)
        if as_tax >= as_usage or returned > self.tax + abs(self.tax) * TAX_TOLERANCE:
            returns = []
        return self._read(postings, returns)[:3]

    def _is_stated_tax(self, one: "Valued") -> bool:
        """Whether a credit note is the tax of a month up to its own that the bill states, or of several on end."""
        months = sorted(month for month in self.taxes if month in self.due and month <= one.posting_period)
        sums = {
            abs(sum(self.taxes[month] for month in months[first:last]))
            for last in range(len(months) + 1)
            for first in range(last)
        }
        return one.amount < 0 and any(abs(one.amount + tax) <= tax * TAX_TOLERANCE for tax in sums)

    def _read(
        self, postings: list["Valued"], returns: list["Valued"]
    ) -> tuple[list[Settled], dict[str, Fraction], dict[str, Fraction], int]:
        """The match where ``returns`` take back tax; and how many months it leaves paid in part and postings paying none."""
        self.held, self.tax, self.unseen = defaultdict(Fraction), Fraction(0), Fraction(0)
        self.in_arrears = False
        shares = {one: self._billed_tax(one) for one in postings if not one.service_period and one not in returns}
        opened = {month: due for month, due in self.due.items() if due}
        settled = self._stated([one for one in postings if one.service_period], opened)
        closed = {month for month in opened if not self._takes_more(month, opened[month])}
        self.told = {one for one, share in shares.items() if share}
        for one, share in shares.items():
            self.held[one.posting_period] += one.reporting * share / one.amount
            self.tax += share
        netted = _net(shares)
        taken: dict[str, Fraction] = defaultdict(Fraction)
        stated = {one.service_period for one in settled}
        paid: set[str] = set()
        invoiced: set[str] = set()
        left_over: list[tuple[Valued, Fraction]] = []
        for one, rest in netted:
            taken[one.posting_period] += one.reporting * (1 - (rest + shares[one]) / one.amount)
            if 0 <= rest < one.amount - shares[one]:
                invoiced |= {month for month in opened if _is_for(one, month)}
            if rest > 0:
                parts, unused = self._settle(one, rest, opened, closed)
                months = {part.service_period for part in parts}
                invoiced |= {month for month in opened if _is_invoice_of(one, month, months, months & paid)}
                paid |= months
                settled += parts
                left_over.append((one, unused))
        amiss = sum(opened[month] > 0 for month in paid) + sum(unused > 0 for _, unused in left_over)
        for one in returns:
            self.held[one.posting_period] += one.reporting
        settled += self._carry(left_over, (stated | invoiced) - closed, opened)
        left = {month: Fraction(0) if month in closed else opened[month] for month in opened}
        return settled, {month: self._worth(month, due) for month, due in left.items()}, taken, amiss

    def _stated(self, postings: list["Valued"], opened: dict[str, Fraction]) -> list[Settled]:
        settled = []
        sums: dict[tuple[str, str], list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
        for one in postings:
            month = one.service_period
            if month is None:
                raise ValueError("only postings that state their period are here")
            sums[one.posting_period, month][0] += one.amount
            sums[one.posting_period, month][1] += one.reporting
            if month in opened:
                opened[month] -= one.amount
        before: dict[str, Fraction] = defaultdict(Fraction)
        for (posting_period, month), (amount, reporting) in sorted(sums.items()):
            tax = self._beyond(month, before[month] + amount) - self._beyond(month, before[month])
            before[month] += amount
            if posting_period in self.taxed_apart:
                tax = Fraction(0)
            taxed = reporting * tax / amount if tax else Fraction(0)
            self.held[posting_period] += taxed
            posted = reporting - taxed
            cost = self._worth(month, amount - tax) if self.due.get(month) else posted
            settled.append(Settled(posting_period, month, cost, posted))
        return settled

    def _beyond(self, month: str, posted: Fraction) -> Fraction:
        """What of all that states the month exceeds its cost and is tax."""
        cost, tax = self.due.get(month), self.taxes.get(month, Fraction(0))
        if cost is None or cost < 0 or posted <= cost or tax <= 0:
            return Fraction(0)
        over = posted - cost
        if over <= cost * TOLERANCE and over <= tax - over:
            return Fraction(0)
        return min(over, tax)

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
        paid, passed = [], Fraction(0)
        first = min((month for month, due in self.due.items() if due > 0), default=None)
        known = first is None or _is_for(one, first)
        for month in [month for month in sorted(opened) if month not in closed and opened[month] and known]:
            if month > one.posting_period or rest == 0:
                break
            due = opened[month]
            tax = passed + self.taxes.get(month, Fraction(0))
            if not paid and self._is_early(one, month, rest, due + max(tax, Fraction(0))):
                return settled, rest
            share = self._tax_in(one, rest, due, tax, None if paid else self.due[month])
            closes = due > 0 and (share != 0 or abs(rest - due) <= abs(self.due[month]) * TOLERANCE)
            if not paid and not closes and self._is_unseen_tax(one, rest):
                break
            if closes:
                part, rest, opened[month] = due, Fraction(0), Fraction(0)
                self.held[one.posting_period] += one.reporting * share / one.amount
                self.tax += share
                self.unseen = Fraction(0) if share else tax
            else:
                part = min(rest, due)
                rest -= part
                opened[month] -= part
            passed = tax
            if not paid and not _is_for(one, one.posting_period):
                self.in_arrears = month < one.posting_period
            paid.append(month)
            settled.append(
                Settled(one.posting_period, month, self._worth(month, part), one.reporting * part / one.amount)
            )
        if not paid and self._is_unseen_tax(one, rest):
            self.held[one.posting_period] += one.reporting * min(rest, self.unseen) / one.amount
            self.tax += min(rest, self.unseen)
            self.unseen = rest = Fraction(0)
        return settled, rest

    def _is_early(self, one: "Valued", month: str, rest: Fraction, left: Fraction) -> bool:
        """Whether the posting is too large for its own month, by what the bill shows of it on the day, where the last posting
        before a month's last week was for an older month. ``left``: what is open of the month, and its tax.
        """
        if not self.in_arrears or month != one.posting_period or _is_for(one, month) or month not in self.used:
            return False
        used = sum((amount for day, amount in self.used[month].items() if day <= one.day), Fraction(0))
        return rest - (used - self.due[month] + left) > abs(self.due[month]) * TOLERANCE

    def _billed_tax(self, one: "Valued") -> Fraction:
        """What of the posting is tax, where it is cost and tax of the latest month that states as much in its own currency."""
        for (month, currency), (cost, tax) in sorted(self.bills.items(), reverse=True):
            is_gross = currency == one.currency and abs(one.posted - cost - tax) <= tax * TAX_TOLERANCE
            if is_gross and month <= one.posting_period and one.posting_period not in self.taxed_apart:
                return one.amount * tax / (cost + tax)
        return Fraction(0)

    def _tax_in(self, one: "Valued", rest: Fraction, due: Fraction, tax: Fraction, whole: Fraction | None) -> Fraction:
        """What of ``tax`` the posting holds if ``rest`` of it pays ``due``; ``whole``: the month's cost, where that is all."""
        over = rest - due
        if one in self.told or one.posting_period in self.taxed_apart:
            return Fraction(0)
        if tax < 0 < due and abs(over - tax) <= -tax * TAX_TOLERANCE:
            return over
        if min(tax, due, over) <= 0:
            return Fraction(0)
        if abs(over - tax) <= tax * TAX_TOLERANCE:
            return min(over, tax)
        if due != whole:
            return Fraction(0)
        tolerance = whole * TOLERANCE
        if abs(over - tax) <= (whole + tax) * TOLERANCE and abs(over - tax) < over:
            return min(over, tax)
        return over if tolerance < over < tax else Fraction(0)

    def _is_unseen_tax(self, one: "Valued", rest: Fraction) -> bool:
        """Whether the posting is the tax of the month that was closed last, without it."""
        if one in self.told or one.posting_period in self.taxed_apart or self.unseen <= 0:
            return False
        return abs(rest - self.unseen) <= self.unseen * TAX_TOLERANCE

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
    """A posting of usage: ``amount`` in the currency it is settled in, ``reporting`` at its own rate, ``posted`` as it is."""

    day: date
    entry: str
    posting_period: str
    service_period: str | None
    amount: Fraction
    reporting: Fraction
    currency: str
    posted: Fraction


def _is_for(one: Valued, month: str) -> bool:
    """Whether a posting that states no month may be for the service of this one: dated in its last week, or later."""
    last_week = month_end(month) - timedelta(days=LAST_DAYS_OF_A_MONTH)
    return one.posting_period > month or (one.posting_period == month and one.day > last_week)


def _is_invoice_of(one: Valued, month: str, settled: set[str], again: set[str]) -> bool:
    """Whether the posting is the month's invoice, though it may have settled an older month that was short instead."""
    return _is_for(one, month) and (month in settled or any(older < month for older in again))


def _net(taxes: dict[Valued, Fraction]) -> list[tuple[Valued, Fraction]]:
    """Each posting, less its tax, with what credit notes leave of it, in order; credit that finds nothing waits for the
    next.
    """
    ordered = sorted(taxes, key=lambda one: (one.posting_period, one.day, one.amount < 0, one.entry))
    rests = [one.amount - taxes[one] for one in ordered]
    for number in range(len(ordered)):
        for earlier in reversed(range(number)):
            if rests[number] * rests[earlier] < 0:
                taken = min(abs(rests[number]), abs(rests[earlier]))
                rests[number] -= taken if rests[number] > 0 else -taken
                rests[earlier] -= taken if rests[earlier] > 0 else -taken
    return list(zip(ordered, rests, strict=True))
