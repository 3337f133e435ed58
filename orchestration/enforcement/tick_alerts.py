"""What one tick tells: caps, margins, loops, breakers, drift and failures, each with the amount and the remedy.

Whether something is refused is said by what was read back from the gateway, never by what was asked of it.
"""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from orchestration.alerts.guardrail_messages import (
    CARRY_OUT,
    CappedWindow,
    breaker_changed,
    called,
    cap_reached,
    cap_unknown,
    cap_warned,
    enforcement_drift,
    enforcement_failed,
    enforcement_unread,
    feed_stale,
    loop_found,
)
from orchestration.alerts.message import Alert
from orchestration.enforcement.facts import Facts
from orchestration.enforcement.in_force import LIMITED, NOT_SEEN, REFUSES, at_gateway, missing_at_gateway
from orchestration.enforcement.live_breakers import BREAKER_ADAPTER
from orchestration.enforcement.live_caps import CapAtNow
from orchestration.enforcement.live_margins import HELD, POLICY, SPENT, MarginCapAtNow
from orchestration.enforcement.plan import HoldKind, Plan
from orchestration.enforcement.receipts import FAILED
from orchestration.enforcement.tick_result import TickResult
from orchestration.enforcement.values import in_words
from orchestration.glossary import in_words as code_in_words
from orchestration.policy.caps import HARD, REACHED, UNKNOWN, WARNED, requests_not_known
from orchestration.policy.circuit_breaker import CLOSED
from orchestration.policy.evidence import identity_of

if TYPE_CHECKING:
    from orchestration.registry.company import Company

FRESH_WITHIN = timedelta(minutes=3)
"""A log that could not be read for longer is stale."""
CURRENCY = "USD"
REMEDIES: dict[HoldKind, str] = {
    "not_found": "correct its name in guardrails.yaml or initiatives.yaml, or remove the cap",
    "not_allowed": "name it under entities of the adapter in guardrails.yaml",
    "unsupported": "choose another adapter or another window in guardrails.yaml",
    "drift": "set it back there, or set on_drift: reapply in guardrails.yaml",
    "over_max_changes": "raise max_changes of the adapter in guardrails.yaml",
}
"""What to do where a cap is not held at its gateway; the first that applies."""


def alerts_of(result: TickResult, company: "Company", facts: Facts) -> list[Alert]:
    """What is to be told of the tick; what was told before is known by its key."""
    alerts = []
    for name, reading in result.readings.items():
        if not reading.is_fresh(result.at, FRESH_WITHIN):
            alerts.append(
                feed_stale(source=name, last_seen_at=reading.until, expected_within=FRESH_WITHIN, reason=reading.fault)
            )
    for cap in result.caps:
        alerts += _cap_alerts(cap, result, company, facts)
    if company.guardrails.adapters[BREAKER_ADAPTER].apply:
        alerts += [alert for one in result.margins if one.acts for alert in _margin_alerts(one, result, company)]
    for loop in result.loops.decisions if result.loops else ():
        if loop.ended_at is None and not loop.is_repeat:
            alerts.append(
                loop_found(
                    adapter=next(iter(result.readings)),
                    incident_id=identity_of(loop.key, loop.kind, loop.started_at),
                    entity=f"key:{loop.key}",
                    loop_kind=loop.kind,
                    started_at=loop.started_at,
                    detected_at=loop.detected_at,
                    cost_so_far=loop.cost,
                    cost_per_hour=loop.cost_per_hour,
                    runway_days_lost=_days_lost(loop.cost, facts),
                    currency=CURRENCY,
                    evidence_id=loop.evidence_id,
                )
            )
    for one in result.breakers:
        if one.breaker.state != CLOSED:
            alerts.append(
                breaker_changed(
                    product_id=one.breaker.product_id,
                    from_state=one.breaker.before,
                    to_state=one.breaker.state,
                    changed_at=one.breaker.since,
                    reason=f"{one.breaker.reason}; {one.action.reason}",
                    margin_ratio=None,
                    floor_ratio=None,
                    evidence_id=one.breaker.evidence_id,
                )
            )
    for name, unread in result.unread.items():
        alerts.append(
            enforcement_unread(adapter=name, entities=unread.entities, reason=unread.reason, read_at=result.at)
        )
    for (adapter, entity), cap in missing_at_gateway(result, company).items():
        alerts.append(_missing_alert(adapter, entity, cap, result, facts))
    for found in result.plans:
        alerts += _plan_alerts(found, result)
        if result.is_applied and company.guardrails.adapters[found.adapter].apply:
            alerts += _waiting_alerts(found, result, facts)
    return alerts


def _cap_alerts(cap: CapAtNow, result: TickResult, company: "Company", facts: Facts) -> list[Alert]:
    alerts = []
    for line in cap.decision.lines:
        capped = CappedWindow(
            cap.adapter,
            cap.subject,
            cap.subject_id,
            cap.decision.cap_id,
            line.window,
            line.amount or Decimal(0),
            CURRENCY,
            facts.owners.get(cap.subject_id),
        )
        span: dict[str, Any] = {"window_starts_at": line.span.start, "resets_at": line.span.end}
        is_hard = cap.mode == HARD
        if line.status == REACHED and line.amount is not None:
            alerts.append(
                cap_reached(
                    capped,
                    **span,
                    spent_amount=line.amount if line.cost is None else line.cost,
                    is_hard=is_hard,
                    is_refused=is_hard and _are_blocked(cap, result),
                    remedy=_remedy(cap.adapter, cap.entities, result, company),
                    evidence_id=cap.decision.evidence_id,
                )
            )
        elif line.status == WARNED and line.cost is not None:
            standing = at_gateway(cap, line, result)
            alerts.append(
                cap_warned(
                    capped,
                    **span,
                    spent_amount=line.cost,
                    is_hard=is_hard,
                    is_held=None if standing == NOT_SEEN else standing in (REFUSES, LIMITED),
                    remedy=_remedy(cap.adapter, cap.entities, result, company),
                )
            )
        elif line.status == UNKNOWN:
            reading = result.readings.get(cap.adapter)
            reason = requests_not_known(cap.unpriced) if cap.unpriced else line.reason
            alerts.append(cap_unknown(capped, last_read_at=reading.until if reading else None, reason=reason))
    return alerts


def _remedy(adapter: str, entities: Collection[str], result: TickResult, company: "Company") -> str:
    """What to do so that the gateway holds a cap of these entities."""
    kinds = {
        hold.kind
        for found in result.plans
        if found.adapter == adapter
        for hold in found.holds
        if hold.entity in entities
    }
    for kind, remedy in REMEDIES.items():
        if kind in kinds:
            return remedy
    if not company.guardrails.adapters[adapter].apply:
        return f"set adapters.{adapter}.apply: true in guardrails.yaml, then tokenomics enforce --apply"
    return "tokenomics enforce says what stands in the way" if result.is_applied else CARRY_OUT


def _missing_alert(adapter: str, entity: str, cap: CapAtNow, result: TickResult, facts: Facts) -> Alert:
    amount, window = min(
        ((line.amount, line.window) for line in cap.decision.lines if line.amount is not None), default=(None, None)
    )
    return enforcement_failed(
        adapter=adapter,
        entity=entity,
        action="hold its cap" if amount is None else f"hold the {window} cap of {amount:,.2f} {CURRENCY}",
        reason=f"{code_in_words(adapter)} does not know it, or no longer",
        planned_at=result.at,
        remedy=REMEDIES["not_found"],
        owner=facts.owners.get(cap.subject_id),
        amount=amount,
        currency=None if amount is None else CURRENCY,
    )


def _margin_alerts(margin: MarginCapAtNow, result: TickResult, company: "Company") -> list[Alert]:
    decision, limits = margin.decision, sum(margin.limits.values(), Decimal(0))
    capped = CappedWindow(margin.adapter, "product", decision.product_id, POLICY, "daily", limits, CURRENCY)
    if margin.status == HELD:
        reading = result.readings.get(margin.adapter)
        return [cap_unknown(capped, last_read_at=reading.until if reading else None, reason=decision.reason)]
    if margin.status == SPENT:
        return [
            cap_reached(
                capped,
                window_starts_at=margin.begins_at,
                resets_at=None,
                spent_amount=margin.ai_cogs or Decimal(0),
                is_hard=True,
                is_refused=_are_limited(margin, result),
                remedy=_remedy(margin.adapter, [f"key:{key}" for key in margin.limits], result, company),
                evidence_id=decision.evidence_id,
            )
        ]
    return []


def _are_blocked(cap: CapAtNow, result: TickResult) -> bool:
    """Whether the gateway was seen to refuse every entity of the cap; a cap that no entity holds refuses nothing."""
    return bool(cap.entities) and all(
        result.values_at(cap.adapter, entity).get("is_blocked") is True for entity in cap.entities
    )


def _are_limited(margin: MarginCapAtNow, result: TickResult) -> bool:
    """Whether the gateway was seen to hold the daily limit of every key, or a stricter one."""
    for key, amount in margin.limits.items():
        limits = result.values_at(margin.adapter, f"key:{key}").get("limits") or ()
        if not any(one.window == "daily" and one.amount <= amount for one in limits):
            return False
    return bool(margin.limits)


def _plan_alerts(found: Plan, result: TickResult) -> list[Alert]:
    alerts = []
    for hold in found.holds:
        observed = result.observations.get((found.adapter, hold.entity))
        if hold.kind == "drift" and hold.field is not None and observed is not None and observed.stamp is not None:
            alerts.append(
                enforcement_drift(
                    adapter=found.adapter,
                    entity=hold.entity,
                    written={hold.field: in_words(observed.stamp.after.get(hold.field))},
                    found={hold.field: in_words(observed.values.get(hold.field))},
                    read_at=observed.read_at,
                )
            )
        elif hold.kind == "unsupported":
            alerts.append(
                enforcement_failed(
                    adapter=found.adapter,
                    entity=hold.entity,
                    action=f"set {code_in_words(hold.field) or 'the guardrail'}",
                    reason=hold.reason,
                    planned_at=result.at,
                    remedy=REMEDIES["unsupported"],
                )
            )
    for one in result.actions:
        if one.adapter == found.adapter and one.outcome in FAILED:
            alerts.append(
                enforcement_failed(
                    adapter=one.adapter,
                    entity=one.entity,
                    action=f"carry out {code_in_words(one.action, 'action')!r}",
                    reason=one.note,
                    planned_at=one.planned_at,
                    remedy="it is tried again at the next tick",
                    policy=one.policy,
                )
            )
    return alerts


def _waiting_alerts(found: Plan, result: TickResult, facts: Facts) -> list[Alert]:
    """Entities that a reached cap should block and that wait for a later round, since so many others change in this one."""
    alerts = []
    for entity in dict.fromkeys(hold.entity for hold in found.holds if hold.kind == "over_max_changes"):
        reached = [
            (line.amount, line.window, cap)
            for cap in result.caps
            if cap.mode == HARD and cap.adapter == found.adapter and entity in cap.entities
            for line in cap.decision.lines
            if line.status == REACHED and line.amount is not None
        ]
        if not reached or result.values_at(found.adapter, entity).get("is_blocked") is True:
            continue
        amount, window, cap = min(reached, key=lambda one: (one[0], one[1]))
        subject = f"{cap.subject}:{cap.subject_id}"
        whose = "" if entity == subject else f" of {called(subject)}"
        alerts.append(
            enforcement_failed(
                adapter=found.adapter,
                entity=entity,
                action=f"refuse requests over the {window} cap of {amount:,.2f} {CURRENCY}{whose}",
                reason="more entities would change than max_changes lets one round change",
                planned_at=result.at,
                remedy=f"it waits for a later round; raise max_changes of adapters.{found.adapter} in guardrails.yaml",
                owner=facts.owners.get(cap.subject_id),
                amount=amount,
                currency=CURRENCY,
            )
        )
    return alerts


def _days_lost(cost: Decimal, facts: Facts) -> Decimal | None:
    return None if not facts.daily_burn_usd else cost / facts.daily_burn_usd


def judged_by(result: TickResult) -> list[str]:
    """Beginnings of the conditions that this tick could judge: of a stale feed none but that it is stale, and not whether a write
    still fails that waits for a later round.
    """
    judged = [f"feed_stale:{name}" for name in result.readings]
    for name, reading in result.readings.items():
        if reading.is_fresh(result.at, FRESH_WITHIN):
            judged += [f"{kind}:{name}" for kind in ("cap_reached", "cap_warned", "cap_unknown")]
    for loop in result.loops.decisions if result.loops else ():
        if loop.ended_at is not None:
            judged.append(
                f"loop_found:{next(iter(result.readings))}:{identity_of(loop.key, loop.kind, loop.started_at)}"
            )
    touched = {found.adapter for found in result.plans} | set(result.unread)
    judged += [f"enforcement_failed:{adapter}:unread" for adapter in sorted(touched)]
    waiting = {
        (hold.adapter, hold.entity) for found in result.plans for hold in found.holds if hold.kind == "over_max_changes"
    }
    is_known = (
        all(reading.is_fresh(result.at, FRESH_WITHIN) for reading in result.readings.values())
        and all(line.status != UNKNOWN for cap in result.caps for line in cap.decision.lines)
        and all(margin.status != HELD for margin in result.margins)
    )
    if is_known and not waiting:
        for adapter in sorted(result.seen_whole):
            judged += [f"enforcement_drift:{adapter}:", f"enforcement_failed:{adapter}:"]
    judged += [f"breaker_changed:{one.breaker.product_id}" for one in result.breakers]
    for adapter, entity in result.observations:
        judged.append(f"enforcement_drift:{adapter}:{entity}")
        if (adapter, entity) not in waiting:
            judged.append(f"enforcement_failed:{adapter}:{entity}")
    return judged
