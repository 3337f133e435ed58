"""Which initiatives to flag as ready to graduate: each once in its life. A pure decision on published readiness."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Flagging:
    """``initiatives`` to flag now; ``reason`` says why there are none."""

    initiatives: tuple[str, ...]
    reason: str


def decide_flags(evaluated: Collection[str], ready: Collection[str], flagged: Collection[str]) -> Flagging:
    """Flag what is ready and was never flagged. No ``evaluated``: nothing is published yet."""
    fresh = tuple(sorted(set(ready) - set(flagged)))
    if fresh:
        return Flagging(fresh, "")
    if not evaluated:
        return Flagging((), "no initiative has been evaluated yet")
    if ready:
        return Flagging((), f"all {len(set(ready))} ready initiatives were flagged before")
    return Flagging((), f"none of {len(set(evaluated))} evaluated initiatives is ready")
