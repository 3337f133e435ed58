"""A declared amount in a currency without an exchange rate: the gate that compares it has nothing to compare."""

from dataclasses import dataclass
from datetime import date

from orchestration.graduation.gates.result import INSUFFICIENT, GateResult
from orchestration.policy.evidence import evidence_id


@dataclass(frozen=True)
class UnconvertedAmount:
    """Which amount of the registry is in which currency; ``unit`` is that of the gate."""

    gate_number: int
    as_of: date
    amount_of: str
    currency: str
    unit: str


def decide_unconverted(facts: UnconvertedAmount) -> GateResult:
    """Insufficient, saying which rate is missing."""
    reason = (
        f"no_exchange_rate: the {facts.amount_of} is in {facts.currency}, and no rate of the seven days to {facts.as_of} "
        "into the reporting currency is known; add it to the exchange_rates ledger"
    )
    return GateResult(facts.gate_number, INSUFFICIENT, None, None, facts.unit, reason, evidence_id(facts))
