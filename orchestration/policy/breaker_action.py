"""What a margin breaker's state asks for at the gateway, by the policy's ``breaker_mode`` and the actions that are allowed.

degraded asks for a downgrade, throttled for a throttle, open and cool_down for a block, half_open for a probe (a little
traffic), closed for nothing. In mode automatic it is done, in mode alert it is told; in alert_unless_milestone_lapsed it is
told as long as no milestone of the product has lapsed and done from then on. A milestone's tolerance ends by itself when
its date has passed, whether or not anything was computed since. Where an action is not allowed, the harshest milder one is
taken; where none is, it is told. Nothing here depends on how fresh the data is: a breaker holds its state on stale data,
and with it the action.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.policy.circuit_breaker import CLOSED, COOL_DOWN, DEGRADED, HALF_OPEN, OPEN, STATES, THROTTLED
from orchestration.policy.evidence import evidence_id

AUTOMATIC, ALERT, UNLESS_LAPSED = "automatic", "alert", "alert_unless_milestone_lapsed"
MODES = (AUTOMATIC, ALERT, UNLESS_LAPSED)
NONE, DOWNGRADE, THROTTLE, BLOCK, PROBE = "none", "downgrade", "throttle", "block", "probe"
ACTIONS = (DOWNGRADE, THROTTLE, BLOCK)
"""What an initiative's guardrail may allow, mildest first."""
ACTIVE, MET, LAPSED = "active", "met", "lapsed"
_ASKED = {CLOSED: NONE, DEGRADED: DOWNGRADE, THROTTLED: THROTTLE, OPEN: BLOCK, COOL_DOWN: BLOCK, HALF_OPEN: PROBE}


@dataclass(frozen=True)
class Milestone:
    """Why a lower margin is tolerated: until ``by``, inclusive. ``status`` as last computed: active, met or lapsed;
    ``floor_ratio``: the margin floor that is tolerated meanwhile.
    """

    initiative_id: str
    by: date
    status: str
    floor_ratio: Decimal


@dataclass(frozen=True)
class BreakerAction:
    """``action`` to take now; ``asked``: what the breaker's state asks for; ``is_alert``: somebody must hear of it."""

    action: str
    asked: str
    reason: str
    is_alert: bool
    evidence_id: str


@dataclass(frozen=True)
class _Evidence:
    state: str
    mode: str
    milestones: tuple[Milestone, ...]
    allowed: tuple[str, ...]
    today: date


def tolerance(milestone: Milestone, today: date) -> str:
    """active, met or lapsed on ``today``: a tolerance that was not met ends with its date, by itself."""
    if milestone.status == MET:
        return MET
    return LAPSED if milestone.status == LAPSED or today > milestone.by else ACTIVE


def floor_in_force(floor_ratio: Decimal, milestones: Collection[Milestone], today: date) -> Decimal:
    """The product's floor, or the lowest that an active milestone tolerates where that is lower."""
    tolerated = [one.floor_ratio for one in milestones if tolerance(one, today) == ACTIVE]
    return min([floor_ratio, *tolerated])


def decide_action(
    state: str, mode: str, milestones: Collection[Milestone], today: date, allowed: Collection[str] = ACTIONS
) -> BreakerAction:
    """What to do for a product whose breaker is in ``state``; ValueError for a state, mode or action that is none."""
    if state not in STATES or mode not in MODES or not set(allowed) <= set(ACTIONS):
        raise ValueError(f"no such state, mode or action: {state}, {mode}, {', '.join(allowed)}")
    proof = evidence_id(_Evidence(state, mode, tuple(milestones), tuple(sorted(allowed)), today))
    asked = _ASKED[state]
    if asked == NONE:
        return BreakerAction(NONE, NONE, "the breaker is closed", False, proof)
    is_automatic, why = _is_automatic(mode, milestones, today)
    if not is_automatic:
        return BreakerAction(NONE, asked, f"the breaker is {state} and asks for {asked}; {why}", True, proof)
    action = _allowed(asked, allowed)
    reason = f"the breaker is {state}; {why}"
    if action != asked:
        reason += f"; {asked} is not allowed, {'nothing milder is' if action == NONE else f'{action} is'}"
    return BreakerAction(action, asked, reason, True, proof)


def _is_automatic(mode: str, milestones: Collection[Milestone], today: date) -> tuple[bool, str]:
    if mode == AUTOMATIC:
        return True, "the policy acts by itself"
    if mode == ALERT:
        return False, "the policy alerts"
    lapsed = sorted(
        (one for one in milestones if tolerance(one, today) == LAPSED), key=lambda one: (one.by, one.initiative_id)
    )
    if lapsed:
        return True, f"the milestone of {lapsed[0].initiative_id} lapsed after {lapsed[0].by}"
    return False, "the policy alerts as long as no milestone has lapsed"


def _allowed(asked: str, allowed: Collection[str]) -> str:
    """The asked action, else the harshest milder one; a probe is a throttle, in place of a block."""
    if asked == PROBE:
        return PROBE if THROTTLE in allowed or BLOCK in allowed else _allowed(DOWNGRADE, allowed)
    milder = [one for one in ACTIONS[: ACTIONS.index(asked) + 1] if one in allowed]
    return milder[-1] if milder else NONE
