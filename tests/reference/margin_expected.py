"""What a company's products earn, from the facts alone: plain fractions, no code and no SQL of the product.

Written from the rules. Revenue is spread evenly over the days of its recognition, at the rate of its first. Other cost
of goods sold of a month that has ended is spread evenly over its days; a month that has not ended, or has no posting,
takes the daily rate of the last month that has one. What an AI provider posts there is left out where its AI usage is
posted in no AI account. A product's revenue is known up to the last row of each of its regular customers (revenue on at
least half of the 28 days that end with his last row), else to its own last row; who has been silent for more than 45
days before that is a customer no more. A product without any revenue is known to have none as far as any is known.
Of a product with AI cost no day is compared that is before the first that anything is known of AI cost.
"""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.reference.ledger_company import Invoice, Posting
from tests.reference.ledger_expected import LedgerReference, costs_of, rate_of
from tests.reference.months import month_end, months_between

SILENT_DAYS = 45
Months = dict[tuple[str, str], Fraction]


class MarginReference:
    """The reference's answers about margins, by product (or customer) and month."""

    def __init__(self, ledger: LedgerReference) -> None:
        self.ledger = ledger
        self.company = ledger.company
        self.as_of = ledger.company.as_of
        self.revenue: dict[tuple[str, str | None, date], Fraction] = defaultdict(Fraction)
        for invoice in ledger.books.invoices:
            for day, amount in self._recognised(invoice):
                self.revenue[invoice.product, invoice.customer, day] += amount
        self.ai_cogs: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
        self.ai_cost: dict[tuple[str, date, bool], Fraction] = defaultdict(Fraction)
        for one in costs_of(ledger.reference):
            if one.product:
                self.ai_cost[one.product, one.day, not ledger.is_experiment(one)] += one.amount
                if ledger.cost_class(one) == "cost_of_goods_sold":
                    self.ai_cogs[one.product, one.day] += one.amount
        logged = [one.started_at.astimezone(ZoneInfo(self.company.zone)).date() for one in self.company.calls]
        costly = [one.day for one in costs_of(ledger.reference)]
        self.first_covered = min([*costly, *logged, *(one.day for one in self.company.charges)], default=date.min)
        self.other_cogs = {key: amount for key, amount in self._other_cogs().items() if key[1] <= self.as_of}
        self.known = self._known_through()

    def by_day(self) -> dict[tuple[str, date], tuple[Fraction | None, Fraction, Fraction]]:
        """Revenue (None: not reported), AI and other cost of goods sold by product, on all days from its first."""
        found = {}
        firsts: dict[str, date] = {}
        sources = [(product, day) for product, _, day in self.revenue]
        for product, day in [*sources, *self.ai_cogs, *self.other_cogs]:
            firsts[product] = min(day, firsts.get(product, day))
        for product, first in firsts.items():
            known = self.known.get(product, max(self.known.values(), default=None))
            for number in range((self.as_of - first).days + 1):
                day = first + timedelta(days=number)
                revenue = sum((a for (p, _, d), a in self.revenue.items() if (p, d) == (product, day)), Fraction(0))
                found[product, day] = (
                    revenue if known and day <= known else None,
                    self.ai_cogs.get((product, day), Fraction(0)),
                    self.other_cogs.get((product, day), Fraction(0)),
                )
        return found

    def by_month(self) -> dict[str, Months]:
        """Columns of the product months: whole costs, and profit of the days that can be compared. Null is left out."""
        found: dict[str, Months] = defaultdict(lambda: defaultdict(Fraction))
        with_ai_cost = {product for product, _ in self.ai_cogs}
        for (product, day), (revenue, ai_cogs, other_cogs) in self.by_day().items():
            key = product, f"{day:%Y-%m}"
            found["ai_cogs"][key] += ai_cogs
            found["other_cogs"][key] += other_cogs
            is_compared = revenue is not None and (product not in with_ai_cost or day >= self.first_covered)
            found["compared_ai_cogs"][key] += ai_cogs if is_compared else 0
            found["compared_other_cogs"][key] += other_cogs if is_compared else 0
            if revenue is not None:
                found["revenue"][key] += revenue
            if revenue is not None and is_compared:
                found["compared_revenue"][key] += revenue
                found["gross_profit"][key] += revenue - ai_cogs - other_cogs
                found["days_compared"][key] += 1
        return found

    def by_classification(self) -> dict[tuple[str, str, str], Fraction]:
        """AI cost by product, month and what of it counts: the policy's, all, core alone, none."""
        found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
        for (product, day), amount in self.ai_cogs.items():
            found[product, f"{day:%Y-%m}", "policy"] += amount
        for (product, day, is_core), amount in self.ai_cost.items():
            found[product, f"{day:%Y-%m}", "all_ai_cost"] += amount
            if is_core:
                found[product, f"{day:%Y-%m}", "core_only"] += amount
        return found

    def by_customer(self) -> Months:
        """Revenue by customer and month; of nobody: (unattributed)."""
        found: Months = defaultdict(Fraction)
        for (_, customer, day), amount in self.revenue.items():
            found[customer or "(unattributed)", f"{day:%Y-%m}"] += amount
        return found

    def _recognised(self, one: Invoice) -> list[tuple[date, Fraction]]:
        if one.day > self.as_of:
            return []
        days = [one.day + timedelta(days=number) for number in range((one.last_day - one.day).days + 1)]
        amount = Fraction(one.amount) * rate_of(self.ledger.reference, one.currency, one.day) / len(days)
        return [(day, amount) for day in days if day <= self.as_of]

    def _other_cogs(self) -> dict[tuple[str, date], Fraction]:
        posted: dict[str, Months] = defaultdict(lambda: defaultdict(Fraction))
        for one in self.ledger.postings:
            if one.account.startswith("50") and one.product and not self._is_ai_bill(one):
                month = one.service_period or one.posting_period
                if month_end(month) <= self.as_of:
                    posted[one.product][month] += self.ledger.reporting(one)
        found = {}
        for product, months in posted.items():
            rate = Fraction(0)
            for month in months_between(min(months), f"{self.as_of:%Y-%m}"):
                last = month_end(month)
                rate = months[month] / last.day if month in months else rate
                found |= {(product, last.replace(day=number + 1)): rate for number in range(last.day)}
        return found

    def _is_ai_bill(self, one: Posting) -> bool:
        """Whether it can only be the bill of a provider whose usage is posted nowhere else."""
        provider = self.ledger.provider(one)
        used = {call.seller.name for call in self.company.calls} | {one.seller.name for one in self.company.charges}
        return provider in used and not self.ledger.posts_usage(provider)

    def _known_through(self) -> dict[str, date]:
        found = {}
        for product in {product for product, _, _ in self.revenue}:
            days: dict[str | None, set[date]] = defaultdict(set)
            for name, customer, day in self.revenue:
                if name == product:
                    days[customer].add(day)
            last = max(max(own) for own in days.values())
            regular = [
                max(own)
                for own in days.values()
                if len([day for day in own if day > max(own) - timedelta(days=28)]) >= 14
                and max(own) >= last - timedelta(days=SILENT_DAYS)
            ]
            found[product] = min(regular, default=last)
        return found
