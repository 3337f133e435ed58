"""Which fields of an entity are ours: by the stamp that it carries, else by the receipts. Pure."""

from collections.abc import Collection
from typing import Any

from orchestration.enforcement.port import Capabilities, FieldName, Observation
from orchestration.enforcement.receipts import Owned
from orchestration.enforcement.values import normal


def present_value(observed: Observation, name: FieldName) -> Any:
    """The field as the gateway shows it now, in the one way it is written."""
    return normal(name, observed.values[name])


def what_is_ours(
    observed: Observation, able: Capabilities, by_receipts: Owned | None, undone: Collection[FieldName]
) -> Owned:
    """The fields that we own. Where the entity could carry a stamp and carries none, nothing is ours.

    Of a field that a stamp claims, or gave up, although its value was never written (``undone``), the receipts know more.
    """
    known = by_receipts or Owned()
    if not able.holds_stamp:
        return known
    if observed.stamp is None:
        return Owned()
    stamped = Owned(observed.stamp.before, observed.stamp.after)
    kept = stamped.without(undone)
    again = [name for name in undone if name in known.after]
    return Owned(
        {**kept.before, **{name: known.before[name] for name in again}},
        {**kept.after, **{name: known.after[name] for name in again}},
    )
