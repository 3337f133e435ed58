"""Gates 4 and 5 and readiness: statuses stand, and only required gates block."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.graduation.gates.readiness import (
    NEVER_READY,
    GraduationFacts,
    StabilityFacts,
    decide_graduation,
    decide_readiness,
    decide_stability,
)
from orchestration.graduation.gates.result import GateResult
from orchestration.policy.evidence import evidence_id
from orchestration.statistics.stable_series import ready_days

TODAY = date(2026, 10, 31)
STATUSES = ("pass", "fail", "insufficient", "deferred")


def facts(status, reasons=(), **changed):
    found = StabilityFacts(
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
        run_rate=Decimal("305.1"),
    )
    return replace(found, **changed)


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


@pytest.mark.parametrize("missing", ["variation", "growth_low", "growth_high", "run_rate"])
def test_stable_without_one_of_its_numbers_does_not_pass(missing):
    result = decide_stability(facts("stable", **{missing: None}))
    assert (result.status, result.reason.split(";")[0]) == ("insufficient", "no_evidence")


@pytest.mark.parametrize(("metric", "threshold", "evidence"), [(None, "1", "e"), ("1", None, "e"), ("1", "1", "")])
def test_a_pass_without_metric_threshold_or_evidence_cannot_be_made(metric, threshold, evidence):
    numbers = [None if one is None else Decimal(one) for one in (metric, threshold)]
    with pytest.raises(ValueError, match="cannot pass"):
        GateResult(1, "pass", *numbers, "unit", "reason", evidence)
    assert GateResult(1, "fail", *numbers, "unit", "reason", evidence).status == "fail"


def test_a_job_is_said_to_be_judged_on_its_cycle():
    assert "; judged on its weekly cycle; " in decide_stability(facts("stable", cycle_days=7)).reason
    assert "cycle" not in decide_stability(facts("stable")).reason


def result_of(number, status):
    return GateResult(number, status, Decimal(1), Decimal(1), "unit", "reason", "evidence")


def walk(history, required=(1, 2, 3, 4)):
    """Readiness day by day; each day names the gates that do not pass."""
    before, rows = NEVER_READY, []
    for n, missing in enumerate(history):
        results = [result_of(gate, "fail" if gate in missing else "pass") for gate in range(1, 5)]
        before = decide_readiness(results, required, before, TODAY + timedelta(days=n))
        rows.append(before)
    return rows


@given(
    st.dictionaries(st.integers(1, 4), st.sampled_from(STATUSES)),
    st.sets(st.integers(1, 4), min_size=1),
)
def test_ready_at_first_exactly_when_every_required_gate_was_evaluated_and_passes(statuses, required):
    results = [result_of(number, status) for number, status in statuses.items()]
    verdict = decide_readiness(results, required, NEVER_READY, TODAY)
    missing = {number for number in required if statuses.get(number) != "pass"}
    assert set(verdict.blocking_gates) == missing
    assert verdict.is_ready == (not missing)
    assert verdict.first_ready == (None if missing else TODAY)
    assert verdict.blocking_text == ",".join(map(str, sorted(missing)))


def test_two_unstable_days_of_five_hold_readiness_and_the_third_ends_it():
    calm, restless = set(), {4}
    rows = walk([calm, restless, restless, calm, calm, calm, restless, restless, restless, calm])
    assert [row.is_ready for row in rows] == [True] * 8 + [False, True]
    assert rows[1].blocking_gates == () and rows[8].blocking_gates == (4,)
    assert {row.first_ready for row in rows} == {TODAY}


def test_days_before_it_was_ready_do_not_count_against_it():
    assert [row.is_ready for row in walk([{4}, {4}, {4}, {4}, set(), {4}, {4}])] == [False] * 4 + [True] * 3


def test_another_gate_ends_readiness_at_once():
    assert [row.is_ready for row in walk([set(), {3}, {3, 4}, set()])] == [True, False, False, True]


@given(
    st.lists(st.sets(st.integers(1, 4), max_size=2), min_size=1, max_size=40), st.sets(st.integers(1, 4), min_size=1)
)
def test_readiness_follows_the_rule_on_every_history(history, required):
    rows = walk(history, required)
    since = None
    for n, missing in enumerate(history):
        stands = missing & required
        if since is not None:
            lately = [4 in one and 4 in required for one in history[max(since, n - 4) : n + 1]]
            since = since if not stands - {4} and sum(lately) < 3 else None
        elif not stands:
            since = n
        assert rows[n].is_ready == (since is not None)
        assert rows[n].is_ready == (not rows[n].blocking_gates)
        assert not rows[n].is_ready or rows[n].blocking_gates == ()
    first = next((n for n, missing in enumerate(history) if not missing & required), None)
    expected = [None if first is None or n < first else TODAY + timedelta(days=first) for n in range(len(history))]
    assert [row.first_ready for row in rows] == expected


@given(st.lists(st.booleans(), max_size=40))
def test_days_ready_of_a_series_alone_follow_the_same_rule(stable):
    expected = [row.is_ready for row in walk([set() if one else {4} for one in stable], {4})]
    assert ready_days(np.array(stable, dtype=bool)).tolist() == expected


def test_evidence_names_the_kind_of_facts_too():
    assert evidence_id(facts("stable")) == evidence_id(facts("stable"))
    assert evidence_id(facts("stable")) != evidence_id(facts("fail"))
    assert len(evidence_id(facts("stable"))) == 16
