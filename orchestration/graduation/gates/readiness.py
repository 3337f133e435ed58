"""Gates 4 and 5, and readiness: what the stability verdict means for graduation, and which gates still block it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.result import FAIL, INSUFFICIENT, PASS, GateResult
from orchestration.policy.evidence import evidence_id, figure


@dataclass(frozen=True)
class StabilityFacts:
    """A stability verdict (stable, fail or insufficient) with the numbers behind it; growth ratios per 30 days."""

    status: str
    reasons: tuple[str, ...]
    first_day: date | None
    last_day: date | None
    window_days: int
    variation: Decimal | None
    growth_low: Decimal | None
    growth_high: Decimal | None
    max_variation: Decimal
    growth_margin: Decimal


@dataclass(frozen=True)
class GraduationFacts:
    """Which gates stand in the way, and whether the approval movement is booked."""

    as_of: date
    blocking_gates: tuple[int, ...]
    graduated_on: date | None


@dataclass(frozen=True)
class Readiness:
    """``blocking_gates``: required gates that do not pass, ascending."""

    is_ready: bool
    blocking_gates: tuple[int, ...]

    @property
    def blocking_text(self) -> str:
        return ",".join(map(str, self.blocking_gates))


def decide_stability(facts: StabilityFacts) -> GateResult:
    """Stable passes; fail and insufficient stand. The metric is the growth bound farther from zero."""
    bound = None
    if facts.growth_low is not None and facts.growth_high is not None:
        bound = max(abs(facts.growth_low), abs(facts.growth_high))
    status = {"stable": PASS, "fail": FAIL, "insufficient": INSUFFICIENT}[facts.status]
    return GateResult(
        4, status, bound, facts.growth_margin, "growth_30d_ratio_bound", _stability_reason(facts), evidence_id(facts)
    )


def _stability_reason(facts: StabilityFacts) -> str:
    parts = [", ".join(facts.reasons) or "stable"]
    if facts.first_day is not None and facts.last_day is not None:
        parts.append(f"{facts.window_days} days {facts.first_day} to {facts.last_day}")
    if facts.variation is not None:
        parts.append(f"variation {figure(facts.variation, 3)} (at most {figure(facts.max_variation, 3)})")
    if facts.growth_low is not None and facts.growth_high is not None:
        interval = f"{figure(facts.growth_low, 3)} to {figure(facts.growth_high, 3)}"
        parts.append(f"growth in 30 days {interval} (inside +-{figure(facts.growth_margin, 3)})")
    return "; ".join(parts)


def decide_graduation(facts: GraduationFacts) -> GateResult:
    """Pass once the approval movement is booked; until then insufficient, saying what it waits for."""
    if facts.graduated_on is not None and facts.graduated_on <= facts.as_of:
        reason = f"graduated: approved and booked with effect from {facts.graduated_on}"
        return GateResult(5, PASS, Decimal(1), Decimal(1), "approval_movements", reason, evidence_id(facts))
    if facts.blocking_gates:
        reason = f"not_ready: blocked by gate {', '.join(map(str, facts.blocking_gates))}"
    else:
        reason = "awaiting_approval: every required gate passes, no approval is booked"
    return GateResult(5, INSUFFICIENT, Decimal(0), Decimal(1), "approval_movements", reason, evidence_id(facts))


def decide_readiness(results: Iterable[GateResult], required_gates: Iterable[int]) -> Readiness:
    """Ready when every required gate was evaluated and passes; a required gate without a result blocks."""
    passed = {result.gate_number for result in results if result.is_pass}
    blocking = tuple(sorted(set(required_gates) - passed))
    return Readiness(is_ready=not blocking, blocking_gates=blocking)
