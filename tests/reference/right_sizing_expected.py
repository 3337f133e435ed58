"""What the same tokens would have cost on the model that the work needs: plain fractions, no code of the product.

Written from the rules: usage is on a higher tier where its model's tier is dearer than the dearest that the initiative's
complexity needs (else its department's, else standard work). It is set against the same tokens at the list price of
the tier's reference model, at the rate of the same day: times 0.9; and, cache reads as uncached input, times 1.3. Usage
that neither a list nor a contract prices is on neither side. Savings are never below zero, and unknown where the
reference model has no price.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tests.reference.billing import holds
from tests.reference.company import LIST_PRICES, Call, Tiers
from tests.reference.expected import Reference

FEWER, MORE = Fraction(9, 10), Fraction(13, 10)
Months = dict[tuple[str, str], dict[str, Fraction | None]]


class Part(NamedTuple):
    """A part of a call and whose it is."""

    call: Call
    day: date
    initiative: str | None
    department: str | None
    ratio: Fraction


class RightSizing:
    """The audit of a company that declares tiers."""

    def __init__(self, reference: Reference, tiers: Tiers) -> None:
        self.reference = reference
        self.tiers = tiers
        self.parts = [Part(*one) for one in reference.attributed()]

    def by_initiative(self) -> Months:
        return self._by(lambda part: part.initiative)

    def by_department(self) -> Months:
        return self._by(lambda part: part.department)

    def by_developer(self) -> Months:
        return self._by(lambda part: "u1")

    def by_function(self) -> Months:
        """Of the person, else of the department."""
        people, departments = self.reference.company.people, self.reference.company.departments

        def function(part: Part) -> str | None:
            person = next((one.function for one in people if holds(one, part.day)), None)
            return person or next((one.function for one in departments if one.name == part.department), None)

        return self._by(function)

    def _by(self, entity: Callable[[Part], str | None]) -> Months:
        sums: dict[tuple[str, str], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 4)
        unknown = set()
        for part in self.parts:
            name = entity(part)
            if name is None:
                continue
            key = f"{part.day:%Y-%m}", name
            reference_model = self._needed(part)
            costs = [
                sum((self.reference.billing.list_cost(part.call, one) for one in part.call.tokens), Fraction(0))
                * part.ratio
            ]
            costs += [costs[0], self._list(part, reference_model), self._without_cache(part, reference_model)]
            is_priced = self.reference.billing.is_priced(part.call)
            if reference_model is None or not is_priced:
                costs = [costs[0], *[Fraction(0)] * 3]
            if reference_model is not None and reference_model not in LIST_PRICES:
                unknown.add(key)
            sums[key] = [one + more for one, more in zip(sums[key], costs, strict=True)]
        return {key: _row(*costs, is_known=key not in unknown) for key, costs in sums.items()}

    def _needed(self, part: Part) -> str | None:
        """The reference model of usage on a higher tier than its work needs; None: it is on none."""
        tier = self.tiers.models.get(part.call.seller.model)
        initiative = self.reference.on(part.initiative, part.day) if part.initiative else None
        complexity = initiative and initiative.complexity
        for one in self.reference.company.departments:
            if one.name == part.department:
                complexity = complexity or one.complexity
        needed = self.tiers.complexity[complexity or "standard"]
        ranks = list(self.tiers.references)
        is_higher = tier is not None and ranks.index(tier) < ranks.index(needed)
        return self.tiers.references[needed] if is_higher else None

    def _list(self, part: Part, model: str | None) -> Fraction:
        return sum((self._cost(part, model, one, one) for one in part.call.tokens), Fraction(0))

    def _without_cache(self, part: Part, model: str | None) -> Fraction:
        as_input = {"cache_read": "input_uncached"}
        return sum((self._cost(part, model, one, as_input.get(one, one)) for one in part.call.tokens), Fraction(0))

    def _cost(self, part: Part, model: str | None, token_class: str, at_price_of: str) -> Fraction:
        if model not in LIST_PRICES:
            return Fraction(0)
        price = Fraction(LIST_PRICES[model][at_price_of])
        return (
            price * self.reference.billing.list_rate(part.call) * part.call.tokens[token_class] / 1_000_000 * part.ratio
        )


def _row(
    actual: Fraction, higher: Fraction, same: Fraction, lost: Fraction, is_known: bool
) -> dict[str, Fraction | None]:
    low, high, nothing = same * FEWER, lost * MORE, Fraction(0)
    return {
        "actual_cost": actual,
        "higher_tier_cost": higher,
        "counterfactual_low": low if is_known else None,
        "counterfactual_high": high if is_known else None,
        "saving_low": max(higher - high, nothing) if is_known else None,
        "saving_high": max(higher - low, nothing) if is_known else None,
    }
