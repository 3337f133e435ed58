"""Why a cost differs between two periods: an exact decomposition that no order of rows or factors changes.

Per model, cost = units x tokens per unit x share of tokens x cost per token. Logarithmic mean Divisia weights split
the difference of the models that both periods used into volume, intensity, mix and price; models used in one period
only are entry and exit; what is not tokens, and everything of a period without units of work, is ``other``. Periods of
unequal days are compared per day: the caller scales the earlier one, and says what that moved (``days``). The parts are
rounded to minor units by largest remainder, so that they sum to the difference.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext

COMPONENTS = ("days", "volume", "mix", "intensity", "price", "entry", "exit", "other")


@dataclass(frozen=True)
class ModelUse:
    """Tokens of one model in a period and what they cost, other lines of the model left out."""

    tokens: float
    cost: float


@dataclass(frozen=True)
class PeriodCost:
    """One period of an initiative. ``total``: everything it cost; ``units``: its work, None without a metric or where the
    metric changed within it; ``unit``: what that counts. Work of two kinds compares with nothing.
    """

    total: Decimal
    units: float | None
    models: Mapping[str, ModelUse]
    unit: str | None = None


def decompose(
    before: PeriodCost, after: PeriodCost, minor_unit: Decimal, days: Decimal = Decimal(0)
) -> dict[str, Decimal]:
    """Amounts of all eight components, in whole ``minor_unit``, which sum to ``after.total - before.total + days`` so rounded."""
    parts: dict[str, list[float]] = {name: [] for name in COMPONENTS}
    units = (before.units, after.units) if before.unit == after.unit else (None, None)
    nothing = ModelUse(0.0, 0.0)
    tokens = tuple(math.fsum(max(use.tokens, 0.0) for use in side.models.values()) for side in (before, after))
    for model in before.models.keys() | after.models.keys():
        earlier, later = before.models.get(model, nothing), after.models.get(model, nothing)
        for component, amount in _model_parts(earlier, later, tokens, *units).items():
            parts[component].append(amount)
    with localcontext() as context:
        context.prec = 60
        exact = {name: Decimal(math.fsum(amounts)) for name, amounts in parts.items()}
        exact["days"] = days
        exact["other"] = after.total - before.total + days - sum(exact.values(), Decimal(0))
        return round_to_sum(exact, minor_unit)


def _model_parts(
    earlier: ModelUse, later: ModelUse, tokens: tuple[float, ...], units_before: float | None, units_after: float | None
) -> dict[str, float]:
    """Components of one model's difference; what they leave out falls to ``other``."""
    if earlier.tokens <= 0 < later.tokens:
        return {"entry": later.cost}
    if later.tokens <= 0 < earlier.tokens:
        return {"exit": -earlier.cost}
    if earlier.tokens <= 0 or not units_before or not units_after or units_before < 0 or units_after < 0:
        return {}
    if earlier.cost <= 0 or later.cost <= 0:
        return {"price": later.cost - earlier.cost}
    weight = log_mean(earlier.cost, later.cost)
    volume = math.log(units_after / units_before)
    mix = math.log((later.tokens / tokens[1]) / (earlier.tokens / tokens[0]))
    price = math.log((later.cost / later.tokens) / (earlier.cost / earlier.tokens))
    intensity = math.log((tokens[1] / units_after) / (tokens[0] / units_before))
    return {"volume": weight * volume, "mix": weight * mix, "intensity": weight * intensity, "price": weight * price}


def log_mean(one: float, other: float) -> float:
    """Logarithmic mean of two positive numbers, symmetric; their common value where they hardly differ."""
    ratio = math.log(other / one)
    return (one + other) / 2 if abs(ratio) < 1e-6 else (other - one) / ratio


def round_to_sum(parts: Mapping[str, Decimal], unit: Decimal) -> dict[str, Decimal]:
    """Each part a multiple of ``unit``, all together the rounded sum (half to even); ties go by name."""
    with localcontext() as context:
        context.prec = 60
        scaled = {name: amount / unit for name, amount in parts.items()}
        floors = {name: amount.to_integral_value(ROUND_FLOOR) for name, amount in scaled.items()}
        whole = sum(scaled.values(), Decimal(0)).to_integral_value(ROUND_HALF_EVEN)
        left = int(whole - sum(floors.values(), Decimal(0)))
        by_remainder = sorted(parts, key=lambda name: (floors[name] - scaled[name], name))
        lifted = set(by_remainder[:left])
        return {name: (floors[name] + (name in lifted)) * unit for name in parts}
