"""What the owner of an allocation should hear: half spent, four fifths spent, exhausted, about to run out, expired.

Pure decisions on one allocation as it stands on one day; who was told before is the concern of the delivery. Amounts are
in the reporting currency.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

THRESHOLDS = (Decimal("1"), Decimal("0.8"), Decimal("0.5"))
"""Parts of the allocation, largest first, that are told when they are spent."""
CLOSED = ("expired", "graduated")


@dataclass(frozen=True)
class AllocationState:
    """One allocation on its as-of day. ``status`` as published; the projected day on which it is exhausted is None where
    nothing is projected.
    """

    initiative_id: str
    starts_on: date
    expires_on: date
    allocated: Decimal
    spent: Decimal
    status: str
    projected_exhaustion: date | None


@dataclass(frozen=True)
class Crossing:
    """One thing that happened to an allocation. ``key`` is the same for as long as it is the same fact."""

    kind: str
    key: str
    text: str


def decide_crossings(state: AllocationState) -> tuple[Crossing, ...]:
    """The highest threshold that is reached, and a projected exhaustion on or before the last day of the allocation.

    A closed allocation has no more crossings but its expiry; a graduated one has none.
    """
    if state.status in CLOSED:
        return _expired(state) if state.status == "expired" else ()
    reached = next((part for part in THRESHOLDS if state.allocated > 0 and state.spent >= part * state.allocated), None)
    crossings = [] if reached is None else [_reached(state, reached)]
    projected = state.projected_exhaustion
    if reached != 1 and projected is not None and projected <= state.expires_on:
        text = f"will be exhausted on {projected} at the likely pace, before it expires on {state.expires_on}"
        crossings.append(_crossing(state, "projected_exhaustion", text))
    return tuple(crossings)


def _reached(state: AllocationState, part: Decimal) -> Crossing:
    percent = int(part * 100)
    spent = f"{state.spent:,.2f} of {state.allocated:,.2f} spent"
    if part == 1:
        return _crossing(state, "exhausted", f"is exhausted: {spent}")
    return _crossing(state, f"spent_{percent}", f"is spent to {percent} % or more: {spent}")


def _expired(state: AllocationState) -> tuple[Crossing, ...]:
    text = f"expired after {state.expires_on} with {state.spent:,.2f} of {state.allocated:,.2f} spent"
    return (_crossing(state, "expired", text),)


def _crossing(state: AllocationState, kind: str, text: str) -> Crossing:
    key = f"budget_{kind}:{state.initiative_id}:{state.starts_on}"
    return Crossing(kind, key, f"the allocation of {state.initiative_id} {text}")
