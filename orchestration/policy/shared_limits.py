"""Limits of several keys that spend from one capacity, such that together they never allow more than it.

Each key may spend what it has spent and its part of what is left. What is left moves between keys as they spend, but a
limit is raised only by what no other key could still spend under the limit that is in force for it: a key whose limit is
lowered in the same tick may yet reach the old one, so what it gives up is handed out one tick later. At any moment the sum over
the keys of the greater of limit and cost is therefore at most the capacity, or what it was before if that was more; beyond
it there are only requests in flight.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from orchestration.policy.exact_split import split_exactly


@dataclass(frozen=True)
class KeySpend:
    """One key in one window, amounts in US dollars.

    ``cost``: what it has cost so far, None where not known; ``in_force``: the limit that was last decided for it, None
    where it has none; ``weight``: of its part of what is left.
    """

    key: str
    cost: Decimal | None
    in_force: Decimal | None
    weight: Decimal = Decimal(0)


def shared_limits(capacity: Decimal, keys: Iterable[KeySpend], *, may_raise: bool) -> dict[str, Decimal]:
    """The limit of each key. Without ``may_raise`` (data that is stale) no limit that is in force is raised; a key
    without one gets one in any case, which is stricter than none.
    """
    known = {one.key: one for one in keys}
    cost = {key: max(one.cost or Decimal(0), Decimal(0)) for key, one in known.items()}
    left = max(capacity - sum(cost.values(), Decimal(0)), Decimal(0))
    parts = split_exactly(left, {key: one.weight for key, one in known.items()})
    reserved = {key: max(one.in_force or Decimal(0), cost[key]) for key, one in known.items()}
    wanted = {key: cost[key] + parts[key] for key in known}
    raises = {
        key: max(wanted[key] - reserved[key], Decimal(0))
        for key, one in known.items()
        if may_raise or one.in_force is None
    }
    free = max(capacity - sum(reserved.values(), Decimal(0)), Decimal(0))
    if sum(raises.values(), Decimal(0)) > free:
        raises = split_exactly(free, raises)
    limits = {key: min(wanted[key], reserved[key] + raises.get(key, Decimal(0))) for key in sorted(known)}
    if may_raise:
        return limits
    standing = {key: one.in_force for key, one in known.items()}
    return {key: limit if (held := standing[key]) is None else min(limit, held) for key, limit in limits.items()}
