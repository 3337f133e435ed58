"""What a company's books come to, from the facts alone: plain fractions, no code and no SQL of the product.

Written from the rules. A month's cost of a provider is what its bill says of it, and what was metered on the days that
no bill covers. The liability at a month's end is what the postings up to it leave open of the months up to it. Where a
provider bills, and the ledger posts, in one foreign currency alone, the two meet in that; else in the reporting
currency, at the booked rate or that of the day of posting.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.bridge_expected import bridge
from tests.reference.company import Charge, Company
from tests.reference.expected import Reference
from tests.reference.ledger_company import AI_ACCOUNTS, SEATS, Books, Posting
from tests.reference.ledger_match import Settled, Valued, Vendor
from tests.reference.months import month_end, months_between

FIRST_LEG = ("metered_list_cost", "discount", "unpriced_usage", "untracked_traffic", "credits", "metering_residual")
NOBODY = "unmatched"
CLASS_OF_NOBODY = "selling_and_administration"


def rate_of(reference: Reference, currency: str, day: date) -> Fraction:
    """Reporting currency per unit of ``currency``: the latest of the eight days up to ``day``."""
    if currency == reference.company.currency:
        return Fraction(1)
    return next(
        reference.rates[currency, day - timedelta(days=age)]
        for age in range(8)
        if (currency, day - timedelta(days=age)) in reference.rates
    )


@dataclass(frozen=True)
class Cost:
    """Cost of a day and its owner, in the reporting currency."""

    day: date
    provider: str
    initiative: str | None
    department: str | None
    product: str | None
    amount: Fraction

    @property
    def month(self) -> str:
        return f"{self.day:%Y-%m}"


def costs_of(reference: Reference) -> list[Cost]:
    """All cost of the company."""
    return [
        Cost(one.day, one.provider, one.initiative, one.department, one.product, amount)
        for one, amount in reference.costs.items()
    ]


def period_costs(reference: Reference) -> dict[tuple[str, str], Fraction]:
    """Cost by provider and month, in the reporting currency."""
    found: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for one in costs_of(reference):
        found[one.provider, one.month] += one.amount
    return dict(found)


class LedgerReference:
    """The reference's answers about a company's books."""

    def __init__(self, company: Company, books: Books) -> None:
        self.company = company
        self.books = books
        self.reference = Reference(company)
        self.costs = period_costs(self.reference)
        self.postings = [one for one in books.postings if one.day <= company.as_of]

    def bridge(self) -> dict[tuple[str, str, str], Fraction]:
        """Both legs and what our own journals come to, by provider, month and line; no line is zero."""
        found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
        found |= {key: amount for key, amount in bridge(self.reference).items() if key[2] in FIRST_LEG}
        for (provider, month), cost in self.costs.items():
            found[provider, month, "billed_cost"] += cost
        for one in self._ai_postings():
            provider = self.provider(one) or NOBODY
            kind, amount = self._kind(one), self.reporting(one)
            if kind != "own":
                found[provider, one.posting_period, "ledger_posting"] += amount
            if provider != NOBODY and kind in ("tax", "subscription"):
                found[provider, one.posting_period, kind] += amount
            if kind == "own":
                found[provider, one.posting_period, "accrual_reversal" if one.is_reversal else "accrual"] += amount
        for provider in self._providers():
            settled, left, taken, held = self._matched(provider, "9999-12")
            for one in settled:
                found[provider, one.posting_period, "currency"] += one.posted - one.cost
                if one.posting_period != one.service_period:
                    found[provider, one.posting_period, "cut_off"] += one.cost
                    found[provider, one.service_period, "cut_off"] -= one.cost
            for month, amount in held.items():
                found[provider, month, "tax"] += amount
            for month, amount in taken.items():
                found[provider, month, "cut_off"] += amount
            for month, amount in left.items():
                found[provider, month, "unposted_accrual"] -= amount
        legs: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for (provider, month, line), amount in found.items():
            if line not in FIRST_LEG and line not in ("accrual", "accrual_reversal"):
                legs[provider, month] += amount if line == "ledger_posting" else -amount
        for (provider, month), amount in legs.items():
            found[provider, month, "residual"] = amount
        return {key: amount for key, amount in found.items() if amount}

    def owed(self) -> dict[tuple[str, str, str], Fraction]:
        """What is open by provider, month end and month that used it, at the end of every month that has ended."""
        found = {}
        for provider in self._providers():
            first = min((month for name, month in self.costs if name == provider), default=None)
            if first is None:
                continue
            for end in months_between(first, f"{self.company.as_of:%Y-%m}"):
                if month_end(end) <= self.company.as_of:
                    _, left, _, _ = self._matched(provider, end)
                    found |= {(provider, end, month): amount for month, amount in left.items() if amount}
        return found

    def parts(
        self, provider: str, month: str, amount: Fraction, unit: Fraction
    ) -> dict[tuple[str, str | None], Fraction]:
        """What is open of a month's cost by cost class and department: the same share of each, credits too. What is no share of
        the month's cost goes to the charges alone, or to the credits, by its sign.
        """
        found: dict[tuple[str, str | None], Fraction] = defaultdict(Fraction)
        for one in costs_of(self.reference):
            if (one.provider, one.month) == (provider, month):
                found[self.cost_class(one), one.department] += one.amount
        cost = sum(found.values(), Fraction(0))
        if amount * cost <= 0 or abs(amount) > abs(cost) + unit:
            alike = {key: part for key, part in found.items() if part * amount > 0}
            found = defaultdict(Fraction, alike or found)
            cost = sum(found.values(), Fraction(0))
        return {key: amount * part / cost for key, part in found.items() if part}

    def cost_class(self, cost: Cost) -> str:
        """Experiments are research; what a customer uses is cost of goods sold; the rest, nobody's too, administration."""
        if cost.initiative is None:
            return "cost_of_goods_sold" if cost.product else CLASS_OF_NOBODY
        if self.is_experiment(cost):
            return "research_and_development"
        return "cost_of_goods_sold" if cost.product else CLASS_OF_NOBODY

    def is_experiment(self, cost: Cost) -> bool:
        """Whether the cost is that of an initiative in experimentation."""
        stages = {one.name: one.stage for one in self.company.initiatives}
        return cost.initiative is not None and stages[cost.initiative] == "experimentation"

    def posts_usage(self, provider: str) -> bool:
        """Whether the provider's usage is posted in an AI account at all."""
        return any(self.provider(one) == provider and self._kind(one) == "usage" for one in self._ai_postings())

    def _ai_postings(self) -> list[Posting]:
        return [one for one in self.postings if one.account in AI_ACCOUNTS]

    def _providers(self) -> set[str]:
        return {provider for provider, _ in self.costs} | {
            name for one in self._ai_postings() if (name := self.provider(one))
        }

    def provider(self, one: Posting) -> str | None:
        """Whom the counterparty stands for; of our own journals the number alone says it."""
        if one.is_own:
            return one.entry[len("TKN-ACC-") : -len("-2026-07")]
        return self.books.counterparties[one.counterparty]

    def _kind(self, one: Posting) -> str:
        if one.is_own:
            return "own"
        if one.is_tax:
            return "tax"
        return "subscription" if SEATS in one.description and self.provider(one) in self.books.seats else "usage"

    def reporting(self, one: Posting) -> Fraction:
        if one.currency == self.company.currency:
            return Fraction(one.amount)
        rate = Fraction(one.exchange_rate) if one.exchange_rate else rate_of(self.reference, one.currency, one.day)
        return Fraction(one.amount) * rate

    def _matched(
        self, provider: str, through: str
    ) -> tuple[list[Settled], dict[str, Fraction], dict[str, Fraction], dict[str, Fraction]]:
        """The match of months up to ``through`` as the postings up to it tell it, and the tax in these by their period."""
        ours = [one for one in self._ai_postings() if self.provider(one) == provider]
        usage = [one for one in ours if self._kind(one) == "usage"]
        costs = {month: cost for (name, month), cost in self.costs.items() if name == provider}
        foreign = self._foreign(provider, costs, usage)
        known = {month: cost for month, cost in costs.items() if month <= through}
        due = None if foreign is None else {month: cost for month, cost in foreign.items() if month <= through}
        valued = [
            Valued(
                one.day,
                one.entry,
                one.posting_period,
                one.service_period,
                self.reporting(one) if foreign is None else Fraction(one.amount),
                self.reporting(one),
                one.currency,
                Fraction(one.amount),
            )
            for one in usage
            if one.posting_period <= through and one.amount
        ]
        taxed_apart = {one.posting_period for one in ours if self._kind(one) == "tax" and one.amount > 0}
        bills = {} if foreign is not None else self._bills(provider)
        vendor = Vendor(
            known,
            due,
            self._taxes(provider, foreign),
            taxed_apart,
            bills,
            self._used(provider, known if due is None else due),
        )
        return *vendor.match(valued), vendor.held

    def _foreign(self, provider: str, costs: dict[str, Fraction], usage: list[Posting]) -> dict[str, Fraction] | None:
        """The months' costs in the one foreign currency in which they are both billed and posted; None: there is none.

        What was metered in a month is worth the rate that the month's bill has.
        """
        charges = self._charges(provider, is_tax=False)
        billed = {one.currency for one in charges}
        posted = {one.currency for one in usage}
        months: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
        for one in charges:
            sums = months[f"{one.day:%Y-%m}"]
            sums[0] += Fraction(one.amount)
            sums[1] += Fraction(one.amount) * rate_of(self.reference, one.currency, one.day)
        if len(billed) != 1 or billed != posted or billed == {self.company.currency} or set(costs) - set(months):
            return None
        return {month: cost * months[month][0] / months[month][1] for month, cost in costs.items()}

    def _taxes(self, provider: str, foreign: dict[str, Fraction] | None) -> dict[str, Fraction]:
        """What the bill states as tax by month, in the currency of its costs where that is what is paid.

        There tax in any other currency than that of the month's charges is worth what these are worth.
        """
        found: dict[str, Fraction] = defaultdict(Fraction)
        stated: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for one in self._charges(provider, is_tax=True):
            month = f"{one.day:%Y-%m}"
            found[month] += Fraction(one.amount) * rate_of(self.reference, one.currency, one.day)
            stated[month][one.currency] += Fraction(one.amount)
        if foreign is None:
            return found
        (charged,) = {one.currency for one in self._charges(provider, is_tax=False)}
        return {
            month: stated[month][charged]
            if set(stated[month]) == {charged}
            else tax * foreign[month] / self.costs[provider, month]
            for month, tax in found.items()
            if month in foreign
        }

    def _used(self, provider: str, due: dict[str, Fraction]) -> dict[str, dict[date, Fraction]]:
        """What is due by month and day, of months whose cost is all billed."""
        found: dict[str, dict[date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for one, amount in self.reference.costs.items():
            if one.provider == provider and one.basis == "billed":
                found[f"{one.day:%Y-%m}"][one.day] += amount
        return {
            month: {day: amount * due[month] / self.costs[provider, month] for day, amount in days.items()}
            for month, days in found.items()
            if month in due and sum(days.values()) == self.costs[provider, month] > 0
        }

    def _bills(self, provider: str) -> dict[tuple[str, str], tuple[Fraction, Fraction]]:
        """Cost and tax by month and currency of a provider that bills in another currency than the books are in."""
        found: dict[tuple[str, str], list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
        for is_tax in (False, True):
            for one in self._charges(provider, is_tax):
                found[f"{one.day:%Y-%m}", one.currency][is_tax] += Fraction(one.amount)
        if {currency for _, currency in found} <= {self.company.currency}:
            return {}
        return {key: (cost, tax) for key, (cost, tax) in found.items() if min(cost, tax) > 0}

    def _charges(self, provider: str, is_tax: bool) -> list[Charge]:
        """The provider's charges that are known."""
        return [
            one
            for one in self.company.charges
            if one.seller.name == provider and one.day <= self.company.as_of and (one.category == "Tax") == is_tax
        ]
