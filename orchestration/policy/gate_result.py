"""What a graduation gate answers, and the id of the evidence it rests on."""

import hashlib
import json
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

PASS, FAIL, INSUFFICIENT, DEFERRED = "pass", "fail", "insufficient", "deferred"

GATE_NAMES = {1: "return", 2: "model_audit", 3: "guardrail", 4: "stability", 5: "graduation"}
DAYS_PER_MONTH = Decimal("365.25") / 12


@dataclass(frozen=True)
class GateResult:
    """One gate's answer. ``metric_value`` and ``threshold_value`` share ``unit``; ``reason`` is never empty."""

    gate_number: int
    status: str
    metric_value: Decimal | None
    threshold_value: Decimal | None
    unit: str
    reason: str
    evidence_id: str

    @property
    def gate_name(self) -> str:
        return GATE_NAMES[self.gate_number]

    @property
    def is_pass(self) -> bool:
        return self.status == PASS


def evidence_id(facts: Any) -> str:
    """A hash of the facts (a dataclass) a decision was made on: equal facts give an equal id, in any process."""
    body = {"kind": type(facts).__name__, **asdict(facts)}
    text = json.dumps(body, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def rounded(value: Decimal, digits: int = 9) -> Decimal:
    """``value`` with ``digits`` decimals, half to even."""
    with localcontext() as context:
        context.prec = 50
        return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)


def words(value: Decimal, digits: int = 2) -> str:
    """A number as it stands in a reason."""
    return format(rounded(value, digits), "f")
