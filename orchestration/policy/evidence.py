"""The id of the evidence a decision rests on, and numbers as they stand in a decision's reason."""

import hashlib
import json
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

_WIDE = Context(prec=50)


def evidence_id(facts: Any) -> str:
    """A hash of the facts (a dataclass) a decision was made on: equal facts give an equal id, in any process."""
    body = {"kind": type(facts).__name__, **asdict(facts)}
    text = json.dumps(body, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def rounded(value: Decimal, digits: int = 9) -> Decimal:
    """``value`` with ``digits`` decimals, half to even."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN, _WIDE)


def figure(value: Decimal, digits: int = 2) -> str:
    """A number as it stands in a reason."""
    return format(rounded(value, digits), "f")


@dataclass(frozen=True)
class _Identity:
    parts: tuple[Any, ...]


def identity_of(*parts: Any) -> str:
    """An id that is the same whenever it is made of the same parts."""
    return evidence_id(_Identity(parts))
