"""What a company's usage costs, before anybody owns it: plain fractions from the facts, no code and no SQL of the product.

Written from the rules: a seller's day is billed where a bill of any of its accounts covers it, from the account's first
charge day to the last day for which it is complete, and metered on the others: quantity x negotiated price x rate of
the billing day, or list price less a discount. A model that no list prices lists at its negotiated price. A billed
day's amount is shared out over that day's usage by its list cost, where any has one, else by its tokens; an amount
without usage belongs to nobody.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, timedelta
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.reference.company import (
    LIST_PRICES,
    Call,
    Charge,
    Company,
    Discount,
    Initiative,
    Ownership,
    Person,
    Price,
    Seller,
)
from tests.reference.contracts import Drawable, Row, contract_rows


class Piece(NamedTuple):
    """Cost of one day by the call that caused it; None where none did."""

    day: date
    provider: str
    basis: str
    call: Call | None
    amount: Fraction


class Billing:
    """The cost of one company's calls and bills, up to its as-of day, in its currency."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.zone = ZoneInfo(company.zone)
        self.rates: dict[tuple[str, date], Fraction] = {}
        for one in (rate for rate in company.rates if rate.day <= company.as_of):
            if one.to == company.currency:
                self.rates[one.currency, one.day] = Fraction(one.rate)
            else:
                self.rates[one.to, one.day] = 1 / Fraction(one.rate)
        self.calls = [one for one in company.calls if one.succeeded and self.usage_day(one) <= company.as_of]
        self.covered = self._covered()
        self.metered = {
            one: self._metered(one) for one in self.calls if (one.seller.name, billing_day(one)) not in self.covered
        }
        self.rows = [*(row for _, row in self._charges()), *self._contracts()]

    def pieces(self) -> Iterator[Piece]:
        """All cost by day and call."""
        for call, amount in self.metered.items():
            yield Piece(self.usage_day(call), call.seller.name, "metered", call, amount)
        effective: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
        for row in self.rows:
            if row.category == "draw":
                continue
            if row.call is None:
                effective[row.provider, row.day] += row.effective
            else:
                yield Piece(row.day, row.provider, "billed", row.call, row.effective)
        by_day: dict[tuple[str, date], list[Call]] = defaultdict(list)
        for call in self.calls:
            by_day[call.seller.name, billing_day(call)].append(call)
        for (provider, day), amount in effective.items():
            calls = by_day[provider, day]
            for call, share in zip(calls, self._shares(calls), strict=True):
                yield Piece(day, provider, "billed", call, amount * share)
            if not calls:
                yield Piece(day, provider, "billed", None, amount)

    def billed(self) -> dict[tuple[date, str, str], tuple[Fraction, Fraction]]:
        """Billed and effective cost by day, provider and category."""
        found: dict[tuple[date, str, str], tuple[Fraction, Fraction]] = {}
        for row in self.rows:
            if row.category == "draw":
                continue
            key = row.day, row.provider, row.category
            billed, effective = found.get(key, (Fraction(0), Fraction(0)))
            found[key] = billed + row.billed, effective + row.effective
        return found

    def by_person(self) -> dict[tuple[str, date], Fraction]:
        """Cost by who made the calls, always the same person, and day; without cost that no usage caused."""
        found: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
        for one in self.pieces():
            if one.call:
                found["u1", one.day] += one.amount
        return found

    def _charges(self) -> Iterator[tuple[Charge, Row]]:
        """What the bills say of AI, each charge evenly over its days. Tax is no cost."""
        for one in self.company.charges:
            days = [] if one.is_hosting else list(days_of(one.day, one.last_day))
            for day in days:
                if day <= self.company.as_of:
                    amount = self.converted(one.amount, one.currency, day) / len(days)
                    used = amount if one.effective is None else self.converted(one.effective, one.currency, day)
                    effective = Fraction(0) if one.category == "Tax" else used
                    category = "credit" if one.is_credit else one.category.lower()
                    at_list = None
                    if one.at_list is not None:
                        at_list = self.converted(one.at_list, one.currency, day) / len(days)
                    row = Row(day, one.seller.name, category, amount, effective, None, one.account, one.currency)
                    yield one, row._replace(at_list=at_list)

    def _contracts(self) -> Iterable[Row]:
        charged: dict[tuple[date, str, str, str], Fraction] = defaultdict(Fraction)
        for charge, row in self._charges():
            if row.category == "usage":
                charged[row.day, row.provider, charge.account, charge.currency] += row.billed
        drawables = [
            *(
                Drawable(day, provider, amount, None, account, currency)
                for (day, provider, account, currency), amount in charged.items()
            ),
            *(Drawable(self.usage_day(call), call.seller.name, cost, call) for call, cost in self.metered.items()),
        ]
        balances = [
            (one, self.converted(one.amount, one.currency, one.valid_from))
            for one in self.company.balances
            if one.valid_from <= self.company.as_of
        ]
        return contract_rows(balances, drawables, self.company.as_of)

    def usage_day(self, call: Call) -> date:
        return call.started_at.astimezone(self.zone).date()

    def _covered(self) -> set[tuple[str, date]]:
        """The providers' days that a bill covers: of any of its accounts, from the first charge for AI up to the day before
        its last for anything, or as declared. A charge for many days proves them only in an account that has no others.
        """
        accounts: dict[tuple[str, str], list[Charge]] = defaultdict(list)
        for one in self.company.charges:
            accounts[one.seller.name, one.account].append(one)
        found: set[tuple[str, date]] = set()
        for (provider, _), charges in accounts.items():
            ours = [one for one in charges if not one.is_hosting]
            daily = [one.day for one in ours if not one.last_day]
            charged = daily or [day for one in ours for day in days_of(one.day, one.last_day)]
            last = [one.day - timedelta(days=1) for one in charges if not one.last_day]
            if self.company.billed_through:
                last.append(self.company.billed_through)
            covered = {*charged, *days_of(min(charged), max(last, default=date.min))}
            found |= {(provider, day) for day in covered if day <= self.company.as_of}
        return found

    def _metered(self, call: Call) -> Fraction:
        return sum((self.contracted_cost(call, one) for one in call.tokens), Fraction(0))

    def contracted_cost(self, call: Call, token_class: str) -> Fraction:
        """What a call's tokens of the class cost at the negotiated price, else at list price less a discount."""
        day = billing_day(call)
        price = self._price(call.seller, token_class, day)
        if price is None and call.seller.model not in LIST_PRICES:
            raise LookupError(f"the drawn company has no price for {call.seller.model} on {day}")
        if price is None:
            return self.list_cost(call, token_class) * (1 - self._discount(call.seller, day))
        return self.converted(price.per_million, price.currency, day) * call.tokens[token_class] / 1_000_000

    def list_cost(self, call: Call, token_class: str) -> Fraction:
        """What a call's tokens of the class cost at the list price, without one at the negotiated price; zero without either."""
        if call.seller.model in LIST_PRICES:
            price = Fraction(LIST_PRICES[call.seller.model][token_class]) * self.list_rate(call)
        else:
            agreed = self._price(call.seller, token_class, billing_day(call))
            if agreed is None:
                return Fraction(0)
            price = self.converted(agreed.per_million, agreed.currency, billing_day(call))
        return price * call.tokens[token_class] / 1_000_000

    def is_priced(self, call: Call) -> bool:
        """Whether a list or a contract has a price for some of the call's tokens."""
        day = billing_day(call)
        return call.seller.model in LIST_PRICES or any(self._price(call.seller, one, day) for one in call.tokens)

    def list_rate(self, call: Call) -> Fraction:
        """What a US dollar, in which list prices are, is worth on the call's billing day."""
        return self.converted(1, "USD", billing_day(call))

    def _price(self, seller: Seller, token_class: str, day: date) -> Price | None:
        found = (one for one in self.company.prices if one.seller == seller and one.token_class == token_class)
        return next((one for one in found if holds(one, day)), None)

    def _discount(self, seller: Seller, day: date) -> Fraction:
        found = (one for one in self.company.discounts if one.seller == seller and holds(one, day))
        return Fraction(next((one.ratio for one in found), 0))

    def _shares(self, calls: list[Call]) -> list[Fraction]:
        costs = [sum((self.list_cost(call, one) for one in call.tokens), Fraction(0)) for call in calls]
        weights = costs if any(costs) else [Fraction(sum(call.tokens.values())) for call in calls]
        return [weight / sum(weights) for weight in weights]

    def converted(self, amount: object, currency: str, day: date) -> Fraction:
        if currency == self.company.currency:
            return Fraction(amount)  # type: ignore[arg-type]
        for age in range(8):
            rate = self.rates.get((currency, day - timedelta(days=age)))
            if rate is not None:
                return Fraction(amount) * rate  # type: ignore[arg-type]
        raise LookupError(f"the drawn company has no rate for {currency} on {day}")


def days_of(first: date, last: date | None) -> Iterator[date]:
    """From ``first`` to ``last``, both inclusive; None: that one day."""
    for number in range(((last or first) - first).days + 1):
        yield first + timedelta(days=number)


def holds(version: Ownership | Initiative | Person | Price | Discount, day: date) -> bool:
    """Whether a version is in force on the day."""
    return (not version.valid_from or version.valid_from <= day) and (not version.valid_to or day < version.valid_to)


def billing_day(call: Call) -> date:
    return call.started_at.astimezone(UTC).date()
