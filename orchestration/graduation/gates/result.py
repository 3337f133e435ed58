"""What a graduation gate answers."""

from dataclasses import dataclass
from decimal import Decimal

PASS, FAIL, INSUFFICIENT, DEFERRED = "pass", "fail", "insufficient", "deferred"

GATE_NAMES = {1: "return", 2: "model_audit", 3: "guardrail", 4: "stability", 5: "graduation"}
DAYS_PER_MONTH = Decimal("365.25") / 12


@dataclass(frozen=True)
class GateResult:
    """One gate's answer. ``metric_value`` and ``threshold_value`` share ``unit``; ``reason`` is never empty.

    A pass without its metric, its threshold or its evidence cannot be made.
    """

    gate_number: int
    status: str
    metric_value: Decimal | None
    threshold_value: Decimal | None
    unit: str
    reason: str
    evidence_id: str

    def __post_init__(self) -> None:
        if self.is_pass and (self.metric_value is None or self.threshold_value is None or not self.evidence_id):
            raise ValueError(f"gate {self.gate_number} cannot pass without a metric, a threshold and evidence")

    @property
    def gate_name(self) -> str:
        return GATE_NAMES[self.gate_number]

    @property
    def is_pass(self) -> bool:
        return self.status == PASS
