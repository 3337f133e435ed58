"""Values of an entity's settings: which of two is stricter, and how they are written as JSON.

Every field has a loosest value (no limit, every model, no alias, not blocked), and two values have one strictest value that
allows nothing that either forbids. So "never looser than what a person chose" is a comparison, not a judgement.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from orchestration.enforcement.port import FieldName, Limit

LOOSEST: Mapping[FieldName, Any] = {
    "limits": (),
    "requests_per_minute": None,
    "allowed_models": None,
    "aliases": {},
    "is_blocked": False,
}
"""Settings that restrict nothing: what holds of an entity to which nothing was ever written."""
AMOUNT_DIGITS = 2
"""Decimals of a dollar that are written to a gateway: every gateway keeps whole cents exactly."""


def strictest(field: FieldName, one: Any, other: Any) -> Any:
    """The value that forbids what either forbids. Of two aliases for one name the first stands: no order says which is
    cheaper. An intersection of model lists may be empty, which no gateway can be told; the caller must refuse it.
    """
    if field == "limits":
        return limits((*one, *other))
    if field == "aliases":
        return {**other, **one}
    if field == "is_blocked":
        return one or other
    if one is None or other is None:
        return other if one is None else one
    return min(one, other) if field == "requests_per_minute" else tuple(sorted(set(one) & set(other)))


def normal(field: FieldName, value: Any) -> Any:
    """The one way a value is written, so that equal settings compare equal."""
    if field == "limits":
        return limits(value)
    if field == "allowed_models":
        return None if value is None else tuple(sorted(value))
    return dict(value) if field == "aliases" else value


def limits(several: Iterable[Limit]) -> tuple[Limit, ...]:
    """The smallest limit of each window, in order of window."""
    smallest: dict[str, Limit] = {}
    for one in several:
        known = smallest.get(one.window)
        smallest[one.window] = one if known is None or one.amount < known.amount else known
    return tuple(smallest[window] for window in sorted(smallest))


def rounded_down(field: FieldName, value: Any) -> Any:
    """``value`` as it will be read back: limits in whole cents, rounded down."""
    if field != "limits":
        return normal(field, value)
    unit = Decimal(1).scaleb(-AMOUNT_DIGITS)
    return limits(Limit(one.window, one.amount.quantize(unit, ROUND_FLOOR).normalize()) for one in value)


def to_plain(values: Mapping[FieldName, Any]) -> dict[str, Any]:
    """The values as JSON can hold them; amounts are text."""
    return {field: _plain(field, value) for field, value in sorted(values.items())}


def from_plain(plain: Mapping[str, Any]) -> dict[FieldName, Any]:
    """What :func:`to_plain` wrote. Raises KeyError, TypeError, ValueError or ArithmeticError for anything else."""
    return {field: _value(field, value) for field, value in plain.items()}  # type: ignore[arg-type,misc]


def _plain(field: FieldName, value: Any) -> Any:
    if field == "limits":
        return [{"window": one.window, "amount": f"{one.amount:f}"} for one in value]
    return list(value) if field == "allowed_models" and value is not None else value


def _value(field: FieldName, plain: Any) -> Any:
    if field == "limits":
        return limits(Limit(one["window"], Decimal(one["amount"])) for one in plain)
    if field not in ("requests_per_minute", "allowed_models", "aliases", "is_blocked"):
        raise KeyError(field)
    return normal(field, plain)


def in_words(value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(value, tuple) and all(isinstance(one, Limit) for one in value):
        return " and ".join(f"{one.amount:f} USD {one.window}" for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{asked} as {served}" for asked, served in sorted(value.items())) or "none"
    return "none" if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)
