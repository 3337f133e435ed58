"""Gates 4 and 5, and readiness: what the stability verdict means for graduation, and which gates still block it.

Ready on the first day on which every required gate passes; ready it stays while the other gates pass, until gate 4 was
not stable on 3 of the last 5 days since. The first ready day of a life never moves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.result import FAIL, INSUFFICIENT, PASS, GateResult
from orchestration.policy.evidence import evidence_id, figure
from orchestration.statistics.holding import HELD_DAYS, keeps_ready

STABILITY = 4
CYCLES = {7: "weekly", 30: "monthly"}


@dataclass(frozen=True)
class StabilityFacts:
    """A stability verdict (stable, fail or insufficient) with the numbers behind it; growth ratios per 30 days, run-rate a
    month. ``cycle_days``: 7 or 30 where a job is judged on its whole weeks or months.
    """

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
    run_rate: Decimal | None
    cycle_days: int = 1

    @property
    def is_proven(self) -> bool:
        """Stable, with every number that a graduation would rest on."""
        numbers = (self.variation, self.growth_low, self.growth_high, self.run_rate)
        return self.status == "stable" and all(number is not None for number in numbers)


@dataclass(frozen=True)
class GraduationFacts:
    """Which gates stand in the way, and whether the approval movement is booked."""

    as_of: date
    blocking_gates: tuple[int, ...]
    graduated_on: date | None


@dataclass(frozen=True)
class Readiness:
    """``blocking_gates``: required gates that stand in the way, ascending; none while it is ready. ``first_ready``: the
    first ready day of this life, None before. ``stable_days``: gate 4 on the latest days since it became ready, at most 5.
    """

    is_ready: bool
    blocking_gates: tuple[int, ...]
    first_ready: date | None = None
    stable_days: tuple[bool, ...] = ()

    @property
    def blocking_text(self) -> str:
        return ",".join(map(str, self.blocking_gates))


NEVER_READY = Readiness(is_ready=False, blocking_gates=())


def decide_stability(facts: StabilityFacts) -> GateResult:
    """Stable passes, if every number stands behind it; fail and insufficient stand. The metric is the growth bound farther
    from zero.
    """
    bound = None
    if facts.growth_low is not None and facts.growth_high is not None:
        bound = max(abs(facts.growth_low), abs(facts.growth_high))
    status = FAIL if facts.status == "fail" else PASS if facts.is_proven else INSUFFICIENT
    return GateResult(
        STABILITY,
        status,
        bound,
        facts.growth_margin,
        "growth_30d_ratio_bound",
        _stability_reason(facts),
        evidence_id(facts),
    )


def _stability_reason(facts: StabilityFacts) -> str:
    parts = [", ".join(facts.reasons) or ("stable" if facts.is_proven else "no_evidence")]
    if facts.cycle_days in CYCLES:
        parts.append(f"judged on its {CYCLES[facts.cycle_days]} cycle")
    if facts.first_day is not None and facts.last_day is not None:
        parts.append(f"{facts.window_days} days {facts.first_day} to {facts.last_day}")
    if facts.variation is not None:
        parts.append(f"variation {figure(facts.variation, 3)} (at most {figure(facts.max_variation, 3)})")
    if facts.growth_low is not None and facts.growth_high is not None:
        interval = f"{_percent(facts.growth_low)} to {_percent(facts.growth_high)}"
        parts.append(f"growth in 30 days {interval} (at most {_percent(facts.growth_margin)} either way)")
    return "; ".join(parts)


def _percent(ratio: Decimal) -> str:
    return f"{figure(ratio * 100, 1)} %"


def decide_graduation(facts: GraduationFacts) -> GateResult:
    """Pass once the approval movement is booked; until then insufficient, saying what it waits for."""
    if facts.graduated_on is not None and facts.graduated_on <= facts.as_of:
        reason = f"graduated: approved and booked with effect from {facts.graduated_on}"
        return GateResult(5, PASS, Decimal(1), Decimal(1), "approval_movements", reason, evidence_id(facts))
    if facts.blocking_gates:
        reason = f"not_ready: blocked by gate {', '.join(map(str, facts.blocking_gates))}"
    else:
        reason = "awaiting_approval: ready, no approval is booked"
    return GateResult(5, INSUFFICIENT, Decimal(0), Decimal(1), "approval_movements", reason, evidence_id(facts))


def decide_readiness(
    results: Iterable[GateResult], required_gates: Iterable[int], before: Readiness, day: date
) -> Readiness:
    """Readiness of ``day`` from its gates and that of the day ``before`` in the same life (``NEVER_READY`` on its first).

    A required gate without a result blocks.
    """
    required = set(required_gates)
    passed = {result.gate_number for result in results if result.is_pass}
    missing = required - passed
    is_stable = STABILITY not in missing
    if before.is_ready:
        lately = (*before.stable_days, is_stable)[-HELD_DAYS:]
        if not missing - {STABILITY} and keeps_ready(lately):
            return Readiness(True, (), before.first_ready, lately)
    elif not missing:
        return Readiness(True, (), before.first_ready or day, (True,))
    return Readiness(False, tuple(sorted(missing)), before.first_ready)
