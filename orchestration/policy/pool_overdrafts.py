"""Which grants and adjustments took more out of an experimentation pool than it held, and whether that still lasts.

Pure decisions on what came into one pool and went out of it. Within a day, what comes in comes before what goes out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

DRAWS = ("grant", "adjust")


@dataclass(frozen=True)
class Flow:
    """One posting of a movement on the pool's account: positive into it, negative out of it."""

    movement_id: str
    kind: str
    effective_on: date
    amount: Decimal


@dataclass(frozen=True)
class Overdraft:
    """A draw after which the pool was ``overdrawn`` by an amount above zero. ``is_cured``: it was at zero or above since."""

    flow: Flow
    overdrawn: Decimal
    is_cured: bool


def overdrafts(flows: Iterable[Flow]) -> list[Overdraft]:
    """The overdrafts of one pool, in the order in which they happened."""
    balance = Decimal(0)
    drawn: list[tuple[int, Flow, Decimal]] = []
    last_in_credit = -1
    ordered = sorted(flows, key=lambda flow: (flow.effective_on, flow.amount < 0, flow.movement_id))
    for position, flow in enumerate(ordered):
        balance += flow.amount
        if balance >= 0:
            last_in_credit = position
        elif flow.amount < 0 and flow.kind in DRAWS:
            drawn.append((position, flow, -balance))
    return [Overdraft(flow, overdrawn, position < last_in_credit) for position, flow, overdrawn in drawn]
