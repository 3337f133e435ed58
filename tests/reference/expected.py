"""What a company's money comes to, from the facts alone: plain fractions, no code and no SQL of the product.

Written from the rules: quantity x contracted price x rate of the billing day; a seller's day is billed from its first
charge day to the last day for which bills are complete, metered on the others; a billed day's amount is shared out over
that day's usage by its list cost, which no drawn model has, hence by its tokens; an amount without usage belongs to
nobody; the owner of a key is the one on the day of the cost.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.reference.company import Call, Company, Owner, Seller

Key = tuple[date, str, str, str | None, str | None, str | None]
"""Day, provider, basis, initiative, department, product."""


class Reference:
    """The reference's answers for one company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.zone = ZoneInfo(company.zone)
        self.initiatives = {one.name: one for one in company.initiatives}
        self.rates: dict[tuple[str, date], Fraction] = {}
        for one in company.rates:
            if one.to == company.currency:
                self.rates[one.currency, one.day] = Fraction(one.rate)
            else:
                self.rates[one.to, one.day] = 1 / Fraction(one.rate)

    def allocated(self) -> dict[Key, Fraction]:
        """Cost by day, provider, basis and owner."""
        found: dict[Key, Fraction] = defaultdict(Fraction)
        by_day: dict[tuple[str, date], list[Call]] = defaultdict(list)
        for call in self._counted():
            if self._is_billed(call.seller.name, _billing_day(call)):
                by_day[call.seller.name, _billing_day(call)].append(call)
            else:
                found[
                    self._usage_day(call), call.seller.name, "metered", *self._owner(call, self._usage_day(call))
                ] += self._metered(call)
        for (provider, day), amount in self.effective().items():
            calls = by_day[provider, day]
            for call, share in zip(calls, self._shares(calls), strict=True):
                found[day, provider, "billed", *self._owner(call, day)] += amount * share
            if not calls:
                found[day, provider, "billed", None, None, None] += amount
        return {key: amount for key, amount in found.items() if amount and key[0] <= self.company.as_of}

    def effective(self) -> dict[tuple[str, date], Fraction]:
        """What the bills say by provider and day, in the reporting currency."""
        found: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
        for charge in self.company.charges:
            found[charge.seller.name, charge.day] += self._converted(charge.amount, charge.currency, charge.day)
        return found

    def margins(self) -> dict[tuple[str, str], tuple[Fraction, Fraction]]:
        """Revenue and cost of goods sold by product and month, for months with either."""
        found: dict[tuple[str, str], list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
        for one in self.company.revenue:
            days = (one.last_day - one.day).days + 1
            for number in range(days):
                day = one.day + timedelta(days=number)
                if day <= self.company.as_of:
                    amount = self._converted(one.amount, one.currency, day) / days
                    found[one.product, f"{day:%Y-%m}"][0] += amount
        for (day, _, _, initiative, _, product), amount in self.allocated().items():
            if product and self._is_cost_of_goods_sold(initiative):
                found[product, f"{day:%Y-%m}"][1] += amount
        return {key: (revenue, cost) for key, (revenue, cost) in found.items()}

    def _counted(self) -> Iterable[Call]:
        return (call for call in self.company.calls if call.succeeded and self._usage_day(call) <= self.company.as_of)

    def _is_cost_of_goods_sold(self, initiative: str | None) -> bool:
        if initiative is None:
            return True
        one = self.initiatives[initiative]
        return one.product is not None and one.stage == "core"

    def _usage_day(self, call: Call) -> date:
        return call.started_at.astimezone(self.zone).date()

    def _is_billed(self, provider: str, day: date) -> bool:
        days = [charge.day for charge in self.company.charges if charge.seller.name == provider]
        through = self.company.billed_through
        return bool(days) and through is not None and min(days) <= day <= through

    def _metered(self, call: Call) -> Fraction:
        day = _billing_day(call)
        total = Fraction(0)
        for token_class, quantity in call.tokens.items():
            if quantity:
                price, currency = self._price(call.seller, token_class, day)
                total += self._converted(price, currency, day) * quantity / 1_000_000
        return total

    def _price(self, seller: Seller, token_class: str, day: date) -> tuple[Fraction, str]:
        (price,) = [
            one
            for one in self.company.prices
            if one.seller == seller
            and one.token_class == token_class
            and one.valid_from <= day
            and (one.valid_to is None or day < one.valid_to)
        ]
        return Fraction(price.per_million), price.currency

    def _shares(self, calls: list[Call]) -> list[Fraction]:
        weights = [sum(call.tokens.values()) for call in calls]
        return [Fraction(weight, sum(weights)) for weight in weights]

    def _converted(self, amount: object, currency: str, day: date) -> Fraction:
        if currency == self.company.currency:
            return Fraction(amount)  # type: ignore[arg-type]
        for age in range(8):
            rate = self.rates.get((currency, day - timedelta(days=age)))
            if rate is not None:
                return Fraction(amount) * rate  # type: ignore[arg-type]
        raise LookupError(f"the drawn company has no rate for {currency} on {day}")

    def _owner(self, call: Call, day: date) -> tuple[str | None, str | None, str | None]:
        for one in self.company.ownership:
            if (
                one.key == call.key
                and (not one.valid_from or one.valid_from <= day)
                and (not one.valid_to or day < one.valid_to)
            ):
                return self._described(one.owner)
        return None, None, None

    def _described(self, owner: Owner) -> tuple[str | None, str | None, str | None]:
        if owner.initiative is None:
            return None, owner.department, owner.product
        one = self.initiatives[owner.initiative]
        return one.name, one.department, one.product


def _billing_day(call: Call) -> date:
    return call.started_at.astimezone(UTC).date()
