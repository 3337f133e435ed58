"""What a breaker's state asks for, and whether it is done or told."""

from datetime import date
from decimal import Decimal

import pytest

from orchestration.policy.breaker_action import Milestone, decide_action, floor_in_force, tolerance
from orchestration.policy.circuit_breaker import STATES

D = Decimal
DUE = date(2026, 9, 30)
LATER = date(2026, 10, 1)
ASKED = {
    "closed": "none",
    "degraded": "downgrade",
    "throttled": "throttle",
    "open": "block",
    "cool_down": "block",
    "half_open": "probe",
}


def milestone(status: str = "active", by: date = DUE, floor: str = "0.25", name: str = "chat") -> Milestone:
    return Milestone(name, by, status, D(floor))


@pytest.mark.parametrize("state", STATES)
def test_automatic_does_what_the_state_asks_for(state):
    decision = decide_action(state, "automatic", [], LATER)
    assert (decision.action, decision.asked) == (ASKED[state], ASKED[state])
    assert decision.is_alert == (state != "closed")


@pytest.mark.parametrize("state", STATES)
def test_alert_tells_and_does_nothing(state):
    decision = decide_action(state, "alert", [milestone("lapsed")], LATER)
    assert (decision.action, decision.asked, decision.is_alert) == ("none", ASKED[state], state != "closed")


@pytest.mark.parametrize(
    ("milestones", "today", "action"),
    [
        ([], LATER, "none"),
        ([milestone()], DUE, "none"),
        ([milestone()], LATER, "block"),
        ([milestone("lapsed")], DUE, "block"),
        ([milestone("met")], LATER, "none"),
        ([milestone("met"), milestone(name="b")], LATER, "block"),
    ],
    ids=["no milestone", "its last day", "the day after, by itself", "as computed", "met in time", "one of two"],
)
def test_alert_unless_a_milestone_lapsed_acts_from_the_day_after_it(milestones, today, action):
    decision = decide_action("open", "alert_unless_milestone_lapsed", milestones, today)
    assert (decision.action, decision.asked, decision.is_alert) == (action, "block", True)
    assert ("lapsed after 2026-09-30" in decision.reason) == (action == "block")


def test_a_tolerance_is_met_or_ends_with_its_date():
    assert [tolerance(milestone(), day) for day in (DUE, LATER)] == ["active", "lapsed"]
    assert [tolerance(milestone(status), LATER) for status in ("met", "lapsed")] == ["met", "lapsed"]


def test_the_floor_is_the_tolerated_one_while_the_tolerance_is_active():
    floors = [milestone(floor="0.25"), milestone(floor="0.10", by=date(2026, 8, 31)), milestone(floor="0.9")]
    assert floor_in_force(D("0.5"), floors, date(2026, 8, 31)) == D("0.10")
    assert floor_in_force(D("0.5"), floors, DUE) == D("0.25")
    assert floor_in_force(D("0.5"), floors, LATER) == D("0.5")
    assert floor_in_force(D("0.5"), [milestone("met", floor="0.1")], DUE) == D("0.5")


@pytest.mark.parametrize(
    ("state", "allowed", "action"),
    [
        ("open", {"downgrade", "throttle"}, "throttle"),
        ("open", {"downgrade"}, "downgrade"),
        ("throttled", {"block"}, "none"),
        ("degraded", {"throttle", "block"}, "none"),
        ("half_open", {"block"}, "probe"),
        ("half_open", {"downgrade"}, "downgrade"),
        ("cool_down", set(), "none"),
    ],
)
def test_what_is_not_allowed_gives_way_to_something_milder_and_never_to_something_harsher(state, allowed, action):
    decision = decide_action(state, "automatic", [], LATER, allowed)
    assert (decision.action, decision.is_alert) == (action, True)
    assert action == decision.asked or f"{decision.asked} is not allowed" in decision.reason


@pytest.mark.parametrize(
    ("state", "mode", "allowed"), [("ajar", "alert", ()), ("open", "soft", ()), ("open", "alert", ("shout",))]
)
def test_what_is_no_state_mode_or_action_is_refused(state, mode, allowed):
    with pytest.raises(ValueError, match="no such state, mode or action"):
        decide_action(state, mode, [], LATER, allowed)
