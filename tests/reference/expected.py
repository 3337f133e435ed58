"""What a company's money comes to, from the facts alone: plain fractions, no code and no SQL of the product.

Written from the rules: a cost is owned by whose key it is on the day of the cost, and is what its owner is on that day. What
usage costs says ``billing``, how balances pay it ``contracts``, how it is shared ``sharing``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.reference.billing import Billing, Piece, days_of, holds
from tests.reference.company import Call, Company, Initiative, Owner, Share
from tests.reference.sharing import Part, Sharing


class Revenue(NamedTuple):
    """Whose revenue of a day it is: a key of ``fct_revenue``."""

    day: date
    product: str
    customer: str | None
    initiative: str | None


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
        self.billing = Billing(company)
        self.rates = self.billing.rates
        self.revenue = self._recognised()
        self.costs = self._allocated()

    def _recognised(self) -> dict[Revenue, Fraction]:
        """Revenue, evenly over the days of its period, at the rate of the first."""
        found: dict[Revenue, Fraction] = defaultdict(Fraction)
        for one in self.company.revenue:
            days = list(days_of(one.day, one.last_day))
            amount = self.billing.converted(one.amount, one.currency, one.day) / len(days)
            for day in days:
                if day <= self.company.as_of:
                    found[Revenue(day, one.product, one.customer, one.initiative)] += amount
        return found

    def _allocated(self) -> dict[Cost, Fraction]:
        ruled = [(one, self._ownership(one.call, one.day)) for one in self.billing.pieces()]
        direct = [(one.day, owner, one.amount) for one, owner in ruled if isinstance(owner, Owner)]
        self.sharing = Sharing(self.company, self.on, direct, self.revenue)
        found: dict[Cost, Fraction] = defaultdict(Fraction)
        for one, owner in ruled:
            for part in self._parts(owner, one.day):
                found[self._described(one, part)] += one.amount * part.ratio
        return found

    def _parts(self, owner: Owner | Share | None, day: date) -> list[Part]:
        nobody = [Part(Fraction(1), Owner(), "unallocated")]
        if isinstance(owner, Owner):
            return [Part(Fraction(1), owner, "direct")]
        return nobody if owner is None else list(self.sharing.parts(owner, day)) or nobody

    def attributed(self) -> Iterator[tuple[Call, date, str | None, str | None, Fraction]]:
        """Each call with its day, and the initiative, the department and the part of it that is theirs."""
        for call in self.billing.calls:
            day = self.billing.usage_day(call)
            for part in self._parts(self._ownership(call, day), day):
                yield call, day, part.owner.initiative, self._department(part.owner, day), part.ratio

    def usage(self, value: Callable[[Call, str], Fraction]) -> dict[tuple, Fraction]:
        """A value of usage by day, provider, model, class, and the initiative and department that alone own it."""
        found: dict[tuple, Fraction] = defaultdict(Fraction)
        for call in self.billing.calls:
            day = self.billing.usage_day(call)
            owner = self._ownership(call, day)
            named = (owner.initiative, self._department(owner, day)) if isinstance(owner, Owner) else (None, None)
            for token_class in call.tokens:
                key = (day, call.seller.name, call.seller.model, token_class, *named)
                found[key] += value(call, token_class)
        return found

    def margins(self, by: str) -> dict[tuple[str | None, str], tuple[Fraction, Fraction]]:
        """Revenue and AI cost of goods sold by month and product, customer or initiative, for months with either; of a
        product the revenue of days on which it is known.
        """
        found: dict[tuple[str | None, str], list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
        known = {product: self.known_through(product) for product in {one.product for one in self.revenue}}
        for one, amount in self.revenue.items():
            if by != "product" or one.day <= known[one.product]:
                found[getattr(one, by), f"{one.day:%Y-%m}"][0] += amount
        for cost, amount in self.costs.items():
            if cost.cost_class == "cost_of_goods_sold":
                found[getattr(cost, by), f"{cost.day:%Y-%m}"][1] += amount
        return {key: (revenue, cost) for key, (revenue, cost) in found.items()}

    def known_through(self, product: str) -> date:
        """The last day on which each regular buyer, with revenue on half of the 28 days before its last, has some; without
        one the last day of anybody's.
        """
        days: dict[str | None, set[date]] = defaultdict(set)
        for one in self.revenue:
            if one.product == product:
                days[one.customer].add(one.day)
        regular = [
            max(found) for found in days.values() if sum(day > max(found) - timedelta(days=28) for day in found) >= 14
        ]
        return min(regular or [max(max(found) for found in days.values())])

    def _ownership(self, call: Call | None, day: date) -> Owner | Share | None:
        for one in self.company.ownership if call else ():
            if holds(one, day) and one.key in (None, call.key) and one.team in (None, call.team):
                return one.owner
        return None

    def on(self, initiative: str, day: date) -> Initiative:
        (version,) = [one for one in self.company.initiatives if one.name == initiative and holds(one, day)]
        return version

    def _department(self, owner: Owner, day: date) -> str | None:
        return self.on(owner.initiative, day).department if owner.initiative else owner.department

    def _described(self, piece: Piece, part: Part) -> Cost:
        """The cost with what its owner is on its day. Experiments are research and development, what customers use is
        cost of goods sold, everything else selling and administration.
        """
        owner = part.owner
        one = self.on(owner.initiative, piece.day) if owner.initiative else None
        department = self._department(owner, piece.day)
        product, customer = owner.product or (one and one.product), owner.customer or (one and one.customer)
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
