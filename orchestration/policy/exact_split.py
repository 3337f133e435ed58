"""An amount split by weights so that the parts add up to it exactly: largest remainder, ties by key."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

UNIT = Decimal("0.000000001")
"""Parts are whole multiples of it; what of the amount is finer is left out, never handed out twice."""


def split_exactly(amount: Decimal, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The part of each key of an amount of zero or more; evenly where no weight is above zero. ValueError for a negative
    amount or weight; no key, no part.
    """
    if amount < 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("neither an amount nor a weight may be negative")
    if not weights:
        return {}
    shares = {key: Fraction(weight) for key, weight in sorted(weights.items())}
    if not any(shares.values()):
        shares = dict.fromkeys(shares, Fraction(1))
    units, whole = Fraction(amount) // Fraction(UNIT), sum(shares.values())
    exact = {key: units * share / whole for key, share in shares.items()}
    parts = {key: int(value) for key, value in exact.items()}
    left = units - sum(parts.values())
    for key in sorted(exact, key=lambda one: (parts[one] - exact[one], one))[:left]:
        parts[key] += 1
    return {key: Decimal(part).scaleb(UNIT.as_tuple().exponent) for key, part in parts.items()}  # type: ignore[arg-type]
