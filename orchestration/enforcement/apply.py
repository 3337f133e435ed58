"""A plan done at its gateway, with a receipt for every step: planned, written once, read back.

A receipt is on disk before the request leaves, so that a process killed anywhere leaves what the next :func:`settle` judges by
what the gateway shows: the planned values stand (verified, or pending while the change may be unseen by traffic), the
old ones stand (abandoned, to be planned again), or neither (drifted). Failure modes: a request that the gateway refuses
is a receipt and the next entity follows; a read that fails leaves its action open; nothing is sent twice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from orchestration.enforcement.ownership import present_value
from orchestration.enforcement.plan import Change, Plan, is_allowed
from orchestration.enforcement.port import FieldName, Gateway, Observation, Unsupported
from orchestration.enforcement.receipts import OPEN, Action, Outcome, Receipts
from orchestration.landing.errors import PermanentFailure, SourceError
from orchestration.registry.guardrails import AdapterConfig


class ApplyIsOff(Exception):
    """The adapter may not be written to; names the line of guardrails.yaml that would allow it."""


@dataclass(frozen=True)
class _Verdict:
    outcome: Outcome
    note: str = ""
    landed: tuple[FieldName, ...] = ()


def apply_plan(
    plan: Plan,
    gateway: Gateway,
    receipts: Receipts,
    config: AdapterConfig,
    *,
    run_id: str,
    now: Callable[[], datetime],
) -> tuple[Action, ...]:
    """Do ``plan`` and return the receipts of its changes. The caller holds ``receipts.alone()`` since before it read them.

    Raises :class:`ApplyIsOff` where ``apply`` is false, for an entity that the list does not name, and for more changes than
    ``max_changes``, whoever made the plan.
    """
    if not config.apply:
        raise ApplyIsOff(f"adapters.{config.name}.apply is false in guardrails.yaml; nothing was written")
    foreign = [one.observed.entity for one in plan.changes if not is_allowed(config, one.observed.entity)]
    if foreign or len(plan.changes) > config.max_changes:
        raise ApplyIsOff(f"the plan goes beyond adapters.{config.name}.entities or max_changes; nothing was written")
    return tuple(_do(change, gateway, receipts, run_id, now) for change in plan.changes)


def settle(
    actions: Sequence[Action],
    gateway: Gateway,
    now: datetime,
    receipts: Receipts | None = None,
) -> tuple[Action, ...]:
    """``actions`` with the open ones of this gateway judged by what it shows now; written down where ``receipts`` is given.

    Without ``receipts`` (a dry run) nothing is written. One that cannot be read stays open.
    """
    settled = []
    for one in actions:
        if one.adapter == gateway.name and one.outcome in OPEN:
            try:
                observed = gateway.observe(one.entity)
            except SourceError:
                settled.append(one)
                continue
            one = _follow(one, _judge(one, observed, now, None, _holds_stamp(gateway, one.entity)), now, receipts)
        settled.append(one)
    return tuple(settled)


def is_open(actions: Iterable[Action], entity: str) -> bool:
    """Whether something done to ``entity`` is not settled yet."""
    return any(one.entity == entity and one.outcome in OPEN for one in actions)


def _do(change: Change, gateway: Gateway, receipts: Receipts, run_id: str, now: Callable[[], datetime]) -> Action:
    action = receipts.plan(_action(change, run_id, now()))
    try:
        observed = gateway.observe(change.observed.entity)
    except SourceError as failure:
        return receipts.follow(action, "abandoned", now(), f"not written, since it could not be read: {failure}")
    moved = [name for name, value in change.before.items() if present_value(observed, name) != value]
    if moved or not observed.is_found or observed.stamp != change.observed.stamp:
        return receipts.follow(action, "abandoned", now(), "somebody changed it after it was planned")
    error: Exception | None = None
    try:
        gateway.write(observed, change.after, change.stamp)
    except (SourceError, Unsupported) as failure:
        error = failure
    if error is None:
        action = receipts.follow(action, "applied", now())
    try:
        seen = gateway.observe(change.observed.entity)
    except SourceError:
        return action
    at = now()
    return _follow(action, _judge(action, seen, at, error, _holds_stamp(gateway, action.entity)), at, receipts)


def _judge(
    action: Action, observed: Observation, now: datetime, error: Exception | None, holds_stamp: bool
) -> _Verdict | None:
    """What became of the action; None while nothing new is known."""
    if not observed.is_found:
        return _Verdict("abandoned", "the gateway does not know it any more")
    landed = tuple(name for name, value in action.after.items() if present_value(observed, name) == value)
    is_stamped = not holds_stamp or observed.stamp == action.stamp
    if len(landed) == len(action.after) and is_stamped:
        due_at = (action.applied_at or action.planned_at) + timedelta(seconds=action.seen_within_seconds)
        if now >= due_at:
            return _Verdict("verified")
        return (
            None
            if action.outcome == "pending"
            else _Verdict("pending", f"traffic may not see it until {due_at:%H:%M:%S}")
        )
    is_as_before = all(present_value(observed, name) == value for name, value in action.before.items())
    if error is not None:
        outcome: Outcome = "refused" if isinstance(error, (PermanentFailure, Unsupported)) else "abandoned"
        return _Verdict(outcome, str(error), landed)
    if action.outcome != "pending" and is_as_before:
        return _Verdict("abandoned", "the gateway shows what stood before", landed)
    if action.outcome == "planned" and _is_between(action, observed):
        return _Verdict("abandoned", "cut short; a part of it is written", landed)
    return _Verdict("drifted", "the gateway shows neither what was written nor what stood before", landed)


def _is_between(action: Action, observed: Observation) -> bool:
    """Whether every field shows either what stood before or what was to be written."""
    return all(present_value(observed, name) in (action.before[name], value) for name, value in action.after.items())


def _follow(action: Action, verdict: _Verdict | None, now: datetime, receipts: Receipts | None) -> Action:
    if verdict is None:
        return action
    if receipts is not None:
        return receipts.follow(action, verdict.outcome, now, verdict.note, verdict.landed)
    is_done = verdict.outcome == "verified"
    return replace(
        action,
        outcome=verdict.outcome,
        note=verdict.note,
        landed=verdict.landed,
        verified_at=now if is_done else action.verified_at,
    )


def _holds_stamp(gateway: Gateway, entity: str) -> bool:
    return gateway.capabilities(entity.partition(":")[0]).holds_stamp


def _action(change: Change, run_id: str, now: datetime) -> Action:
    return Action(
        action_id=uuid4().hex[:16],
        run_id=run_id,
        adapter=change.observed.adapter,
        entity=change.observed.entity,
        action=change.action,
        before=change.before,
        after=change.after,
        owned=change.owned,
        policy=change.policy,
        policy_version=change.policy_version,
        reason="; ".join((change.reason, *change.notes)),
        evidence_id=change.evidence_id,
        seen_within_seconds=change.seen_within_seconds,
        planned_at=now,
    )
