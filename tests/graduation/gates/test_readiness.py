"""Gates 4 and 5 and readiness: statuses stand, and only required gates block."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.graduation.gates.readiness import (
    GraduationFacts,
    StabilityFacts,
    decide_graduation,
    decide_readiness,
    decide_stability,
)
from orchestration.graduation.gates.result import GateResult
from orchestration.policy.evidence import evidence_id

TODAY = date(2026, 10, 31)
STATUSES = ("pass", "fail", "insufficient", "deferred")


def facts(status, reasons=()):
    return StabilityFacts(
        status=status,
        reasons=reasons,
        first_day=date(2026, 10, 2),
        last_day=TODAY,
        window_days=30,
        variation=Decimal("0.10"),
        growth_low=Decimal("-0.15"),
        growth_high=Decimal("0.05"),
        max_variation=Decimal("0.25"),
        growth_margin=Decimal("0.20"),
    )


@pytest.mark.parametrize(
    ("verdict", "status"), [("stable", "pass"), ("fail", "fail"), ("insufficient", "insufficient")]
)
def test_the_stability_verdict_stands(verdict, status):
    reasons = () if verdict == "stable" else ("missing_days", "volatile")
    result = decide_stability(facts(verdict, reasons))
    assert (result.gate_number, result.status, result.metric_value) == (4, status, Decimal("0.15"))
    assert result.reason.startswith(", ".join(reasons) or "stable")


def test_graduation_waits_for_gates_then_for_approval_then_passes():
    blocked = decide_graduation(GraduationFacts(TODAY, (3, 4), None))
    waiting = decide_graduation(GraduationFacts(TODAY, (), None))
    booked = decide_graduation(GraduationFacts(TODAY, (), TODAY))
    ahead = decide_graduation(GraduationFacts(TODAY, (), date(2026, 11, 1)))
    assert [one.status for one in (blocked, waiting, booked, ahead)] == [
        "insufficient",
        "insufficient",
        "pass",
        "insufficient",
    ]
    assert "3, 4" in blocked.reason and "awaiting_approval" in waiting.reason


def result_of(number, status):
    return GateResult(number, status, None, None, "unit", "reason", "evidence")


@given(
    st.dictionaries(st.integers(1, 4), st.sampled_from(STATUSES)),
    st.sets(st.integers(1, 4), min_size=1),
)
def test_ready_exactly_when_every_required_gate_was_evaluated_and_passes(statuses, required):
    verdict = decide_readiness([result_of(number, status) for number, status in statuses.items()], required)
    missing = {number for number in required if statuses.get(number) != "pass"}
    assert set(verdict.blocking_gates) == missing
    assert verdict.is_ready == (not missing)
    assert verdict.blocking_text == ",".join(map(str, sorted(missing)))


def test_evidence_names_the_kind_of_facts_too():
    assert evidence_id(facts("stable")) == evidence_id(facts("stable"))
    assert evidence_id(facts("stable")) != evidence_id(facts("fail"))
    assert len(evidence_id(facts("stable"))) == 16
