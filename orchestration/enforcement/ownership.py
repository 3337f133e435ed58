"""Which fields of an entity are ours: by the stamp that it carries, else by the receipts. Pure."""

from typing import Any

from orchestration.enforcement.port import Capabilities, FieldName, Observation
from orchestration.enforcement.receipts import Action, Owned
from orchestration.enforcement.values import normal


def present_value(observed: Observation, name: FieldName) -> Any:
    """The field as the gateway shows it now, in the one way it is written."""
    return normal(name, observed.values[name])


def what_is_ours(observed: Observation, able: Capabilities, by_receipts: Owned | None, last: Action | None) -> Owned:
    """The fields that we own. Where the entity could carry a stamp and carries none, nothing is ours.

    A stamp that was written although its values were not (``last`` was cut short) is no claim: there the receipts rule.
    """
    if not able.holds_stamp:
        return by_receipts or Owned()
    if observed.stamp is None:
        return Owned()
    stamped = Owned(observed.stamp.before, observed.stamp.after)
    if last is None or last.outcome not in ("refused", "abandoned"):
        return stamped
    undone = [
        name
        for name in stamped.after
        if name in last.before and name not in last.landed and present_value(observed, name) == last.before[name]
    ]
    kept, known = stamped.without(undone), by_receipts or Owned()
    again = [name for name in undone if name in known.after]
    return Owned(
        {**kept.before, **{name: known.before[name] for name in again}},
        {**kept.after, **{name: known.after[name] for name in again}},
    )
