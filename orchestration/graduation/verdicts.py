"""What an evaluation says, as rows of the streams ``statistics/run_rates``, ``gates`` and ``readiness``."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.result import GateResult


@dataclass(frozen=True)
class RunRateRow:
    """One entity's run-rate and stability on one as-of day."""

    entity_type: str
    entity_id: str
    as_of_date: date
    run_rate_monthly: Decimal | None
    run_rate_low: Decimal | None
    run_rate_high: Decimal | None
    run_rate_annual: Decimal | None
    days_observed: int
    variation_ratio: float | None
    growth_30d_ratio: float | None
    growth_30d_low_ratio: float | None
    growth_30d_high_ratio: float | None
    stability_status: str
    stability_reasons: str
    observation_start_date: date | None
    observation_end_date: date | None
    window_days: int


@dataclass(frozen=True)
class GateRow:
    """One gate's answer on one initiative and as-of day."""

    initiative_id: str
    as_of_date: date
    gate_number: int
    gate_name: str
    status: str
    metric_value: Decimal | None
    threshold_value: Decimal | None
    unit: str
    reason: str
    evidence_id: str
    policy_version: str

    @classmethod
    def of(cls, initiative_id: str, day: date, result: GateResult, policy_version: str) -> "GateRow":
        return cls(
            initiative_id=initiative_id,
            as_of_date=day,
            gate_number=result.gate_number,
            gate_name=result.gate_name,
            status=result.status,
            metric_value=result.metric_value,
            threshold_value=result.threshold_value,
            unit=result.unit,
            reason=result.reason,
            evidence_id=result.evidence_id,
            policy_version=policy_version,
        )


@dataclass(frozen=True)
class ReadinessRow:
    """Whether an initiative is ready on an as-of day; the verified values stand only while it is."""

    initiative_id: str
    as_of_date: date
    is_ready: bool
    first_ready_date: date | None
    blocking_gates: str
    verified_run_rate: Decimal | None
    verified_run_rate_low: Decimal | None
    verified_run_rate_high: Decimal | None
    verified_unit_cost: Decimal | None


@dataclass(frozen=True)
class Evaluation:
    """Every row of one evaluation."""

    run_rates: list[RunRateRow]
    gates: list[GateRow]
    readiness: list[ReadinessRow]
