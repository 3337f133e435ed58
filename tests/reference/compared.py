"""Whole rows of a published table beside those of the reference: money, quotients, days, words and null."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

TOLERANCE = Fraction(1, 10**6)
"""Amounts are split in units of 10^-9, so that one of many parts is off by a few of them."""


class Quotient(NamedTuple):
    """``over`` / ``under``, compared by what times ``under`` it comes to; null where ``under`` is zero."""

    over: Fraction
    under: Fraction


def disagreements(
    expected: Mapping[tuple, Mapping[str, Any]],
    rows: list[dict[str, Any]],
    keys: Collection[str],
    weight: str | None = None,
) -> dict[tuple, tuple[Any, Any]]:
    """Expected and found of every column of ``expected`` that differs, by key and column; of a row that only one of them
    has, the row. A row whose column ``weight`` is nothing may be missing.
    """
    found = {tuple(row[name] for name in keys): row for row in rows}
    assert len(found) == len(rows), "keys repeat"
    differing: dict[tuple, tuple[Any, Any]] = {}
    for key in expected.keys() | found.keys():
        ours, theirs = expected.get(key), found.get(key)
        if ours is None or theirs is None:
            there: Mapping[str, Any] = ours if ours is not None else theirs or {}
            if weight is None or not _agree(Fraction(0), there[weight]):
                differing[key] = (ours, theirs)
            continue
        differing |= {
            (*key, name): (_shown(ours[name]), theirs[name]) for name in ours if not _agree(ours[name], theirs[name])
        }
    return differing


def _agree(expected: Any, found: Any) -> bool:
    if isinstance(expected, Quotient):
        if not expected.under:
            return found is None
        return found is not None and _near(expected.over, Fraction(found) * expected.under)
    if isinstance(expected, Fraction):
        return isinstance(found, (Decimal, Fraction, int, float)) and _near(expected, Fraction(found))
    return bool(expected == found)


def _near(expected: Fraction, found: Fraction) -> bool:
    return abs(expected - found) <= TOLERANCE * max(1, abs(expected))


def _shown(value: Any) -> Any:
    if isinstance(value, Quotient):
        return float(value.over / value.under) if value.under else None
    return float(value) if isinstance(value, Fraction) else value
