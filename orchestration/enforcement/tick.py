"""One tick of the minute path: observe, decide, plan, apply, verify, tell. The clock and the gateways are injected.

Order, so that a process killed between any two steps loses nothing and repeats nothing: what was read is counted in one
transaction; decisions are in their journal before anybody acts on them; changes have their receipts (``apply.py``); alerts go
out; only then is the state kept from which the next tick goes on. Whoever is killed earlier decides the same again.

Budgets: at most :data:`MOST_OBSERVED` entities are looked at in one tick, those with news first and the longest unseen next;
changes are limited by ``max_changes``, alerts per tick and hour by alerts.yaml. A feed that is stale lifts and raises nothing.
What cannot be done at one gateway holds up no other.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from orchestration.alerts.guardrail_messages import (
    breaker_changed,
    cap_reached,
    cap_unknown,
    enforcement_drift,
    enforcement_failed,
    feed_stale,
    loop_found,
)
from orchestration.alerts.message import Alert
from orchestration.enforcement.adapters.policy_file import PolicyFile
from orchestration.enforcement.apply import apply_plan, settle
from orchestration.enforcement.decisions import Decided, Decisions
from orchestration.enforcement.facts import Facts
from orchestration.enforcement.feed import Log, Reading, poll
from orchestration.enforcement.letting_go import let_go
from orchestration.enforcement.live_breakers import BreakerAtNow, breaker_wishes, breakers_at
from orchestration.enforcement.live_caps import STATE, CapAtNow, caps_at, earliest_needed, seen_state, states_of
from orchestration.enforcement.live_loops import LoopRound, watch_loops
from orchestration.enforcement.live_margins import (
    HELD,
    POLICY,
    SPENT,
    MarginCapAtNow,
    margin_caps_at,
    margin_states,
    margin_wishes,
)
from orchestration.enforcement.live_usage import LiveUsage
from orchestration.enforcement.plan import Plan, kind_of, plan
from orchestration.enforcement.port import Capabilities, Desired, FieldName, Gateway, Limit, Observation
from orchestration.enforcement.receipts import OPEN, Action, Receipts, owned_entities
from orchestration.landing.errors import PermanentFailure, SourceError
from orchestration.policy.cap_windows import first_instant
from orchestration.policy.caps import HARD, REACHED, UNKNOWN
from orchestration.policy.circuit_breaker import CLOSED
from orchestration.policy.evidence import evidence_id
from orchestration.policy.loop_detector import NO_BASELINE
from orchestration.prices.calls import CallPrices
from orchestration.project import Home

if TYPE_CHECKING:
    from orchestration.registry.company import Company

MOST_OBSERVED = 100
FRESH_WITHIN = timedelta(minutes=3)
"""A log that could not be read for longer is stale."""
KEPT = timedelta(days=40)
"""Counted requests are older than every window by then."""
CURRENCY = "USD"
BREAKER_ADAPTER = "litellm"
"""The one gateway whose keys can be told to be a product's by its log."""
POLICY_OF = {"developer": "developer_cap", "key": "key_cap", "team": "team_cap", "initiative": "initiative_cap"}

OpenGateway = Callable[[str], AbstractContextManager[Gateway]]
Tell = Callable[[Sequence[Alert], Sequence[str]], Sequence[str]]
"""Sends what is new in the alerts; an open one whose condition begins as one of the second list and is not brought any more
is over. Answers what did not arrive, in words.
"""


@dataclass(frozen=True)
class Site:
    """What a tick works on. ``open_gateway`` by adapter name; ``logs``: adapter name to the log of its requests."""

    home: Home
    company: "Company"
    prices: CallPrices
    logs: Mapping[str, Log]
    open_gateway: OpenGateway
    tell: Tell
    clock: Callable[[], datetime]


@dataclass
class TickResult:
    """What one tick saw and did. ``faults``: what failed, in words; ``notes``: what its reader must know."""

    at: datetime
    is_applied: bool
    readings: dict[str, Reading] = field(default_factory=dict)
    caps: list[CapAtNow] = field(default_factory=list)
    breakers: list[BreakerAtNow] = field(default_factory=list)
    margins: list[MarginCapAtNow] = field(default_factory=list)
    loops: LoopRound | None = None
    desired: list[Desired] = field(default_factory=list)
    observations: dict[tuple[str, str], Observation] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    decisions: list[Decided] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def tick(
    site: Site, facts: Facts, usage: LiveUsage, *, apply: bool, is_preview: bool = False, run_id: str | None = None
) -> TickResult:
    """One round at the clock's now. ``apply``: write where guardrails.yaml allows it; without it nothing is written to any
    gateway. A preview counts what is new in the log, decides, and records and tells nothing. The caller holds the tick's lock.
    """
    now = site.clock()
    result = TickResult(now, apply, notes=list(facts.missing))
    zone = site.company.config.zone
    since = min(earliest_needed(facts, zone, now), now - timedelta(hours=1))
    if facts.product_days:
        since = min(since, first_instant(now.astimezone(zone).date(), zone))
    for name, log in site.logs.items():
        result.readings[name] = reading = poll(log, site.prices, usage, since, now)
        if reading.fault:
            result.faults.append(reading.fault)
        if reading.bad:
            result.notes.append(f"{name}: {reading.bad} rows of its log are malformed and left out")
    usage.forget_before(now - KEPT)
    result.caps = caps_at(facts, site.company, usage, result.readings, now)
    result.notes += [note for cap in result.caps for note in cap.notes]
    result.desired = cap_wishes(result.caps, site.company.policy.version)
    result.breakers = breakers_at(facts, site.company, BREAKER_ADAPTER, now.astimezone(site.company.config.zone).date())
    result.desired += breaker_wishes(result.breakers, site.company.guardrails.adapters[BREAKER_ADAPTER])
    result.margins = margin_caps_at(
        facts, site.company, BREAKER_ADAPTER, usage, result.readings.get(BREAKER_ADAPTER), now
    )
    result.desired += margin_wishes(result.margins, site.company.policy.version)
    states = states_of(result.caps) | margin_states(result.margins)
    result.loops = _loops(site, facts, usage, result, now)
    if result.loops is not None:
        states |= result.loops.states
    result.decisions = _decided(result, site.company.policy.version, now)
    if not is_preview:
        result.decisions = Decisions(site.home.root).record(result.decisions, now)
    seen = _enforce(site, facts, result, usage, apply=apply, run_id=run_id or uuid4().hex[:12])
    result.alerts = _alerts(result, site.company, facts)
    if not is_preview:
        result.faults += site.tell(result.alerts, _judged(result))
        usage.keep({**states, **seen})
    return result


def cap_wishes(caps: Sequence[CapAtNow], policy_version: str) -> list[Desired]:
    """What the decisions on caps want of entities. Nothing where nothing fresh is known, but for a refusal; an alert-mode cap
    wants what stood before, which matters only where a hard one was written.
    """
    wishes = []
    for cap in caps:
        decision = cap.decision
        is_known = all(line.is_fresh and line.amount is not None for line in decision.lines)
        for entity in cap.entities:
            values: dict[Any, Any] = {}
            if cap.mode == HARD:
                limits = tuple(
                    Limit(line.window, line.limits[entity])  # type: ignore[arg-type]
                    for line in decision.lines
                    if entity in line.limits
                )
                if limits:
                    values["limits"] = limits
                if decision.refuse:
                    values["is_blocked"] = True
                elif is_known:
                    values["is_blocked"] = False
            else:
                values = {"limits": (), "is_blocked": False}
            if values:
                policy = POLICY_OF[cap.subject]
                wishes.append(
                    Desired(cap.adapter, entity, values, policy, decision.reason, decision.evidence_id, policy_version)
                )
    return wishes


def _loops(site: Site, facts: Facts, usage: LiveUsage, result: TickResult, now: datetime) -> LoopRound | None:
    """Loops are watched in the log of each gateway, as far as it is counted; keys of two gateways never have one name."""
    until = [one.until for one in result.readings.values() if one.until is not None]
    if not until:
        return None
    return watch_loops(usage, min(until), facts.baselines or (lambda key, moment: NO_BASELINE), now)


def _decided(result: TickResult, version: str, now: datetime) -> list[Decided]:
    """Changes of state, each with an id that is the same whenever it is decided again."""
    found = []
    for cap in result.caps:
        before, decision = cap.decision.before, cap.decision
        for line in decision.lines:
            was = before.line(line.window).status if before.lines else "none"
            if was != line.status:
                found.append(
                    Decided(
                        _id(cap.adapter, cap.name, line.window, line.span.start, was, line.status),
                        now,
                        POLICY_OF[cap.subject],
                        decision.entity,
                        f"{line.window}_{was}",
                        f"{line.window}_{line.status}",
                        line.reason,
                        decision.evidence_id,
                        version,
                    )
                )
    for margin in result.margins:
        if margin.acts and margin.before != margin.status:
            found.append(
                Decided(
                    _id(margin.adapter, POLICY, margin.decision.product_id, margin.day, margin.before, margin.status),
                    now,
                    POLICY,
                    f"product:{margin.decision.product_id}",
                    margin.before,
                    margin.status,
                    margin.decision.reason,
                    margin.decision.evidence_id,
                    version,
                )
            )
    for loop in result.loops.decisions if result.loops else ():
        is_over = loop.ended_at is not None
        states = (loop.kind, "over") if is_over else ("none", loop.kind)
        found.append(
            Decided(
                _id("loop", loop.key, loop.kind, loop.started_at, is_over),
                now,
                "loop",
                f"key:{loop.key}",
                *states,
                loop.reason,
                loop.evidence_id,
                version,
            )
        )
    return found


def _enforce(
    site: Site, facts: Facts, result: TickResult, usage: LiveUsage, *, apply: bool, run_id: str
) -> dict[str, Any]:
    """Look at the entities, plan and, if it may be, apply; answers when each entity was seen."""
    by_adapter: dict[str, list[Desired]] = defaultdict(list)
    for wish in result.desired:
        by_adapter[wish.adapter].append(wish)
    receipts = Receipts(site.home.root)
    for one in receipts.read():
        by_adapter[one.adapter] += []
    seen: dict[str, Any] = {}
    with receipts.alone():
        for name, wishes in sorted(by_adapter.items()):
            try:
                with site.open_gateway(name) as gateway:
                    seen |= _at_one_gateway(
                        site, facts, result, usage, gateway, wishes, receipts, apply=apply, run_id=run_id
                    )
            except SourceError as error:
                result.faults.append(str(error))
            except (ImportError, KeyError):
                result.faults.append(f"{name}: no adapter can write to it; remove it from guardrails.yaml")
    return seen


def _at_one_gateway(
    site: Site,
    facts: Facts,
    result: TickResult,
    usage: LiveUsage,
    gateway: Gateway,
    wishes: list[Desired],
    receipts: Receipts,
    *,
    apply: bool,
    run_id: str,
) -> dict[str, Any]:
    config = site.company.guardrails.adapters[gateway.name]
    may_write = apply and config.apply
    actions = settle(receipts.read(), gateway, site.clock(), receipts if may_write else None)
    ours = {entity: one for (adapter, entity), one in owned_entities(actions).items() if adapter == gateway.name}
    owned = set(ours)
    released = let_go(
        gateway.name,
        ours,
        wishes,
        facts,
        result.caps,
        result.breakers,
        result.margins,
        usage.states(f"{STATE}{gateway.name}:"),
        site.company.policy.version,
        result.at,
    )
    result.desired += released
    wishes = [*wishes, *released]
    opened = {one.entity for one in actions if one.adapter == gateway.name and one.outcome in OPEN}
    wanted = {wish.entity for wish in wishes if not _asks_nothing(wish) or wish.entity in owned}
    seen = usage.states(seen_state(gateway.name, ""))
    digests = {entity: _wished(wishes, entity) for entity in wanted}

    def due(entity: str) -> tuple[int, str, str]:
        last = seen.get(seen_state(gateway.name, entity))
        has_news = entity in opened or last is None or last["wish"] != digests[entity]
        return (0 if has_news else 1, "" if last is None else last["at"], entity)

    looked_at = sorted(wanted, key=due)[:MOST_OBSERVED]
    if len(wanted) > MOST_OBSERVED:
        result.notes.append(f"{gateway.name}: {len(looked_at)} of {len(wanted)} entities were looked at in this tick")
    observations = _observed(gateway, looked_at, result)
    result.observations |= {(gateway.name, entity): one for entity, one in observations.items()}
    able: dict[str, Capabilities] = {
        kind: gateway.capabilities(kind) for kind in {kind_of(one) for one in observations}
    }
    chosen = [_held_by(wish, able[kind_of(wish.entity)]) for wish in wishes if wish.entity in observations]
    found = plan(config, chosen, observations, able, actions)
    result.plans.append(found)
    if may_write:
        result.actions += apply_plan(found, gateway, receipts, config, run_id=run_id, now=site.clock)
        if isinstance(gateway, PolicyFile):
            gateway.refresh()
    elif apply and found.changes:
        result.notes.append(
            f"{gateway.name}: nothing was written; set adapters.{gateway.name}.apply: true in guardrails.yaml"
        )
    done = {
        entity for entity in observations if may_write or not any(c.observed.entity == entity for c in found.changes)
    }
    at = result.at.isoformat()
    return {
        seen_state(gateway.name, entity): {
            "at": at,
            "wish": digests[entity],
            "limits": _limits_of(observations[entity]),
        }
        for entity in done
    }


def _limits_of(observed: Observation) -> dict[str, str]:
    """The limits that the gateway shows, by window, as JSON."""
    return {limit.window: f"{limit.amount:f}" for limit in observed.values.get("limits") or ()}


def _observed(gateway: Gateway, entities: Sequence[str], result: TickResult) -> dict[str, Observation]:
    """The entities as the gateway shows them now. One that it cannot show is a fault and holds up no other; raises the first
    fault where it shows none, and a :class:`TransientFailure` at once.
    """
    found: dict[str, Observation] = {}
    faults: list[PermanentFailure] = []
    for entity in entities:
        try:
            found[entity] = gateway.observe(entity)
        except PermanentFailure as error:
            faults.append(error)
    if faults and not found:
        raise faults[0]
    result.faults += [str(one) for one in faults]
    return found


@dataclass(frozen=True)
class _Identity:
    parts: tuple[Any, ...]


def _id(*parts: Any) -> str:
    return evidence_id(_Identity(parts))


def _asks_nothing(wish: Desired) -> bool:
    return not any(wish.values.values())


def _wished(wishes: Sequence[Desired], entity: str) -> str:
    """A hash of what is wanted of the entity: while it stays the same, there is no news."""
    return _id(*sorted((wish.policy, repr(sorted(wish.values.items()))) for wish in wishes if wish.entity == entity))


def _held_by(wish: Desired, able: Capabilities) -> Desired:
    """The wish without limits of windows that the gateway has none of: a block on the polled path holds those."""
    if "limits" not in wish.values or "is_blocked" not in able.writable:
        return wish
    held = (
        tuple(one for one in wish.values["limits"] if one.window in able.windows) if "limits" in able.writable else ()
    )
    values: dict[FieldName, Any] = {name: value for name, value in wish.values.items() if name != "limits"}
    if held or not wish.values["limits"]:
        values["limits"] = held
    return Desired(wish.adapter, wish.entity, values, wish.policy, wish.reason, wish.evidence_id, wish.policy_version)


def _alerts(result: TickResult, company: "Company", facts: Facts) -> list[Alert]:
    alerts = []
    for name, reading in result.readings.items():
        if not reading.is_fresh(result.at, FRESH_WITHIN):
            alerts.append(
                feed_stale(source=name, last_seen_at=reading.until, expected_within=FRESH_WITHIN, reason=reading.fault)
            )
    for cap in result.caps:
        alerts += _cap_alerts(cap, result, facts)
    if company.guardrails.adapters[BREAKER_ADAPTER].apply:
        alerts += [alert for one in result.margins if one.acts for alert in _margin_alerts(one, result)]
    for loop in result.loops.decisions if result.loops else ():
        if loop.ended_at is None and not loop.is_repeat:
            alerts.append(
                loop_found(
                    adapter=next(iter(result.readings)),
                    incident_id=_id(loop.key, loop.kind, loop.started_at),
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
    for found in result.plans:
        alerts += _plan_alerts(found, result)
    return alerts


def _cap_alerts(cap: CapAtNow, result: TickResult, facts: Facts) -> list[Alert]:
    alerts = []
    for line in cap.decision.lines:
        shared: dict[str, Any] = {
            "adapter": cap.adapter,
            "subject": cap.subject,
            "entity_id": cap.subject_id,
            "cap_id": cap.decision.cap_id,
            "window": line.window,
            "currency": CURRENCY,
            "owner": facts.owners.get(cap.subject_id),
        }
        if line.status == REACHED and line.amount is not None:
            spent = line.cost if line.cost is not None else line.amount
            alerts.append(
                cap_reached(
                    **shared,
                    cap_amount=line.amount,
                    spent_amount=spent,
                    window_starts_at=line.span.start,
                    resets_at=line.span.end,
                    is_refused=cap.mode == HARD and result.is_applied,
                    evidence_id=cap.decision.evidence_id,
                )
            )
        elif line.status == UNKNOWN:
            reading = result.readings.get(cap.adapter)
            reason = f"{cap.unpriced} requests have no price" if cap.unpriced else line.reason
            alerts.append(
                cap_unknown(
                    **shared,
                    cap_amount=line.amount or Decimal(0),
                    last_read_at=reading.until if reading else None,
                    reason=reason,
                )
            )
    return alerts


def _margin_alerts(margin: MarginCapAtNow, result: TickResult) -> list[Alert]:
    decision = margin.decision
    shared: dict[str, Any] = {
        "adapter": margin.adapter,
        "subject": "product",
        "entity_id": decision.product_id,
        "cap_id": POLICY,
        "window": "daily",
        "currency": CURRENCY,
    }
    if margin.status == HELD:
        reading = result.readings.get(margin.adapter)
        standing = sum(decision.limits.values(), Decimal(0))
        last = reading.until if reading else None
        return [cap_unknown(**shared, cap_amount=standing, last_read_at=last, reason=decision.reason)]
    if margin.status == SPENT:
        spent = margin.ai_cogs or Decimal(0)
        return [
            cap_reached(
                **shared,
                cap_amount=sum(decision.limits.values(), Decimal(0)),
                spent_amount=spent,
                window_starts_at=margin.begins_at,
                resets_at=None,
                is_refused=result.is_applied,
                evidence_id=decision.evidence_id,
            )
        ]
    return []


def _plan_alerts(found: Plan, result: TickResult) -> list[Alert]:
    alerts = []
    for hold in found.holds:
        observed = result.observations.get((found.adapter, hold.entity))
        if hold.kind == "drift" and hold.field is not None and observed is not None and observed.stamp is not None:
            alerts.append(
                enforcement_drift(
                    adapter=found.adapter,
                    entity=hold.entity,
                    written={hold.field: str(observed.stamp.after.get(hold.field))},
                    found={hold.field: str(observed.values.get(hold.field))},
                    read_at=observed.read_at,
                )
            )
        elif hold.kind == "unsupported":
            alerts.append(
                enforcement_failed(
                    adapter=found.adapter,
                    entity=hold.entity,
                    action=f"set {hold.field or 'the guardrail'}",
                    reason=hold.reason,
                    planned_at=result.at,
                    remedy="choose another adapter or another window in guardrails.yaml",
                )
            )
    for one in result.actions:
        if one.adapter == found.adapter and one.outcome in ("refused", "abandoned", "drifted"):
            alerts.append(
                enforcement_failed(
                    adapter=one.adapter,
                    entity=one.entity,
                    action=one.action,
                    reason=one.note,
                    planned_at=one.planned_at,
                    remedy="it is tried again at the next tick",
                    policy=one.policy,
                )
            )
    return alerts


def _days_lost(cost: Decimal, facts: Facts) -> Decimal | None:
    return None if not facts.daily_burn_usd else cost / facts.daily_burn_usd


def _judged(result: TickResult) -> list[str]:
    """Beginnings of the conditions that this tick could judge: of a stale feed none but that it is stale."""
    judged = [f"feed_stale:{name}" for name in result.readings]
    for name, reading in result.readings.items():
        if reading.is_fresh(result.at, FRESH_WITHIN):
            judged += [f"cap_reached:{name}", f"cap_unknown:{name}"]
    for loop in result.loops.decisions if result.loops else ():
        if loop.ended_at is not None:
            judged.append(f"loop_found:{next(iter(result.readings))}:{_id(loop.key, loop.kind, loop.started_at)}")
    judged += [f"breaker_changed:{one.breaker.product_id}" for one in result.breakers]
    for adapter, entity in result.observations:
        judged += [f"enforcement_drift:{adapter}:{entity}", f"enforcement_failed:{adapter}:{entity}"]
    return judged
