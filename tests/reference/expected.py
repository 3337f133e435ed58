"""What a company's money comes to, from the facts alone: plain fractions, no code and no SQL of the product.

Written from the rules: quantity x contracted price x rate of the billing day; a seller's day is billed from its first
charge day to the last day for which bills are complete, metered on the others; a billed day's amount is shared out over
that day's usage by its list cost, which no drawn model has, hence by its tokens; an amount without usage belongs to
nobody; the owner of a key is the one on the day of the cost.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, timedelta
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.reference.company import Call, Company, Initiative, Owner, Ownership, Revenue, Seller, Share
from tests.reference.contracts import Drawable, Row, contract_rows
from tests.reference.sharing import Part, Sharing


class Piece(NamedTuple):
    """Cost of one day by who caused it; ``key``: None where no usage did."""

    day: date
    provider: str
    basis: str
    key: str | None
    amount: Fraction


class Cost(NamedTuple):
    """What an allocated cost says of itself: a key of ``fct_allocated_costs``."""

    day: date
    provider: str
    basis: str
    method: str
    budget_class: str | None
    cost_class: str | None
    initiative: str | None
    department: str | None
    product: str | None
    customer: str | None


class Reference:
    """The reference's answers for one company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.zone = ZoneInfo(company.zone)
        self.rates: dict[tuple[str, date], Fraction] = {}
        for one in company.rates:
            if one.to == company.currency:
                self.rates[one.currency, one.day] = Fraction(one.rate)
            else:
                self.rates[one.to, one.day] = 1 / Fraction(one.rate)
        self.metered = {call: self._metered(call) for call in self._counted() if not self._is_billed(call)}
        self.bills = [*self._charges(), *self._contracts()]
        self.costs = self._allocated()

    def _allocated(self) -> dict[Cost, Fraction]:
        found: dict[Cost, Fraction] = defaultdict(Fraction)
        pieces = [one for one in self.pieces() if one.day <= self.company.as_of]
        ruled = [(one, self._ownership(one.key, one.day)) for one in pieces]
        direct = [(one.day, owner, one.amount) for one, owner in ruled if isinstance(owner, Owner)]
        sharing = Sharing(self.company, self._on, direct, self._revenue_by_initiative())
        nobody = [Part(Fraction(1), Owner(), "unallocated")]
        for one, owner in ruled:
            if isinstance(owner, Owner):
                parts = [Part(Fraction(1), owner, "direct")]
            elif owner is None:
                parts = nobody
            else:
                parts = list(sharing.parts(owner, one.day)) or nobody
            for part in parts:
                found[self._described(one, part)] += one.amount * part.ratio
        return {key: amount for key, amount in found.items() if amount}

    def pieces(self) -> Iterator[Piece]:
        """All cost, by day and key."""
        for call, amount in self.metered.items():
            yield Piece(self._usage_day(call), call.seller.name, "metered", call.key, amount)
        effective: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
        for row in self.bills:
            if row.call is None:
                effective[row.provider, row.day] += row.effective
            else:
                yield Piece(row.day, row.provider, "billed", row.call.key, row.effective)
        by_day: dict[tuple[str, date], list[Call]] = defaultdict(list)
        for call in self._counted():
            by_day[call.seller.name, _billing_day(call)].append(call)
        for (provider, day), amount in effective.items():
            calls = by_day[provider, day]
            for call, share in zip(calls, self._shares(calls), strict=True):
                yield Piece(day, provider, "billed", call.key, amount * share)
            if not calls:
                yield Piece(day, provider, "billed", None, amount)

    def billed(self) -> dict[tuple[date, str, str], tuple[Fraction, Fraction]]:
        """Billed and effective cost by day, provider and category."""
        found: dict[tuple[date, str, str], tuple[Fraction, Fraction]] = {}
        for row in self.bills:
            key = row.day, row.provider, row.category
            billed, effective = found.get(key, (Fraction(0), Fraction(0)))
            found[key] = billed + row.billed, effective + row.effective
        return found

    def _charges(self) -> Iterator[Row]:
        for one in self.company.charges:
            if one.day <= self.company.as_of:
                amount = self._converted(one.amount, one.currency, one.day)
                yield Row(one.day, one.seller.name, "credit" if one.is_credit else "usage", amount, amount)

    def _contracts(self) -> Iterable[Row]:
        drawables = [
            *(Drawable(row.day, row.provider, row.billed) for row in self._charges() if row.category == "usage"),
            *(Drawable(self._usage_day(call), call.seller.name, cost, call) for call, cost in self.metered.items()),
        ]
        balances = [
            (one, self._converted(one.amount, one.currency, one.valid_from))
            for one in self.company.balances
            if one.valid_from <= self.company.as_of
        ]
        return contract_rows(balances, drawables, self.company.as_of)

    def margins(self, by: str) -> dict[tuple[str | None, str], tuple[Fraction, Fraction]]:
        """Revenue and AI cost of goods sold by month and product, customer or initiative, for months with either; of a
        product the revenue of days on which it is known.
        """
        found: dict[tuple[str | None, str], list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
        known = {product: self._known_through(product) for product in {one.product for one in self.company.revenue}}
        for one in self.company.revenue:
            for day, amount in self._recognised(one):
                if by != "product" or day <= known[one.product]:
                    found[getattr(one, by), f"{day:%Y-%m}"][0] += amount
        for cost, amount in self.costs.items():
            if cost.cost_class == "cost_of_goods_sold":
                found[getattr(cost, by), f"{cost.day:%Y-%m}"][1] += amount
        return {key: (revenue, cost) for key, (revenue, cost) in found.items()}

    def _known_through(self, product: str) -> date:
        """The last day on which each regular buyer, with revenue on half of the 28 days before its last, has some; without
        one the last day of anybody's.
        """
        days: dict[str | None, set[date]] = defaultdict(set)
        for one in self.company.revenue:
            if one.product == product:
                days[one.customer] |= {day for day, _ in self._recognised(one)}
        last = {customer: max(found) for customer, found in days.items() if found}
        regular = [
            day for customer, day in last.items() if sum(one > day - timedelta(days=28) for one in days[customer]) >= 14
        ]
        return min(regular or [max(last.values())])

    def _recognised(self, one: Revenue) -> Iterator[tuple[date, Fraction]]:
        """Revenue by day, evenly over its days."""
        days = (one.last_day - one.day).days + 1
        for number in range(days):
            day = one.day + timedelta(days=number)
            if day <= self.company.as_of:
                yield day, self._converted(one.amount, one.currency, one.day) / days

    def _revenue_by_initiative(self) -> Iterator[tuple[date, str, str | None, Fraction]]:
        for one in self.company.revenue:
            for day, amount in self._recognised(one):
                yield day, one.product, one.initiative, amount

    def _counted(self) -> Iterable[Call]:
        return (call for call in self.company.calls if call.succeeded and self._usage_day(call) <= self.company.as_of)

    def _usage_day(self, call: Call) -> date:
        return call.started_at.astimezone(self.zone).date()

    def _is_billed(self, call: Call) -> bool:
        days = [charge.day for charge in self.company.charges if charge.seller.name == call.seller.name]
        through = self.company.billed_through
        return bool(days) and through is not None and min(days) <= _billing_day(call) <= through

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

    def _ownership(self, key: str | None, day: date) -> Owner | Share | None:
        return next((one.owner for one in self.company.ownership if one.key == key and _holds(one, day)), None)

    def _on(self, initiative: str, day: date) -> Initiative:
        (version,) = [one for one in self.company.initiatives if one.name == initiative and _holds(one, day)]
        return version

    def _described(self, piece: Piece, part: Part) -> Cost:
        """The cost with what its owner is on its day. Experiments are research and development, what customers use is
        cost of goods sold, everything else selling and administration.
        """
        owner = part.owner
        one = self._on(owner.initiative, piece.day) if owner.initiative else None
        department, product, customer = (
            owner.department or (one and one.department),
            owner.product or (one and one.product),
            owner.customer or (one and one.customer),
        )
        is_experiment = one is not None and one.stage == "experimentation"
        is_sold = one.product is not None if one else bool(product or customer)
        if part.method == "unallocated":
            budget_class, cost_class = None, None
        elif is_experiment:
            budget_class, cost_class = "experimentation", "research_and_development"
        else:
            budget_class, cost_class = "core", "cost_of_goods_sold" if is_sold else "selling_and_administration"
        kept = (part.method, budget_class, cost_class, owner.initiative, department, product, customer)
        return Cost(piece.day, piece.provider, piece.basis, *kept)


def _holds(version: Ownership | Initiative, day: date) -> bool:
    return (not version.valid_from or version.valid_from <= day) and (not version.valid_to or day < version.valid_to)


def _billing_day(call: Call) -> date:
    return call.started_at.astimezone(UTC).date()
