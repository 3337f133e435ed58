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
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from orchestration.alerts.message import Alert
from orchestration.enforcement.adapters.policy_file import PolicyFile
from orchestration.enforcement.apply import apply_plan, settle
from orchestration.enforcement.decisions import Decided, Decisions
from orchestration.enforcement.facts import Facts
from orchestration.enforcement.feed import Log, poll
from orchestration.enforcement.letting_go import let_go
from orchestration.enforcement.live_breakers import BREAKER_ADAPTER, breaker_wishes, breakers_at
from orchestration.enforcement.live_caps import (
    STATE,
    CapAtNow,
    caps_at,
    earliest_needed,
    seen_state,
    states_of,
    uncounted_states,
)
from orchestration.enforcement.live_loops import LoopRound, watch_loops
from orchestration.enforcement.live_margins import (
    POLICY,
    margin_caps_at,
    margin_states,
    margin_wishes,
)
from orchestration.enforcement.live_usage import LiveUsage
from orchestration.enforcement.plan import plan
from orchestration.enforcement.port import Capabilities, Desired, FieldName, Gateway, Limit, Observation, kind_of
from orchestration.enforcement.receipts import OPEN, Receipts, owned_entities
from orchestration.enforcement.tick_alerts import alerts_of, judged_by
from orchestration.enforcement.tick_result import TickResult, Unread
from orchestration.landing.errors import PermanentFailure, SourceError
from orchestration.policy.cap_windows import first_instant
from orchestration.policy.caps import HARD
from orchestration.policy.evidence import identity_of
from orchestration.policy.loop_detector import NO_BASELINE
from orchestration.prices.calls import CallPrices
from orchestration.project import Home

if TYPE_CHECKING:
    from orchestration.registry.company import Company

MOST_OBSERVED = 100
KEPT = timedelta(days=40)
"""Counted requests are older than every window by then."""
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
            result.notes.append(f"{name}: {reading.bad} rows of its log are malformed: what they cost is not known")
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
    result.alerts = alerts_of(result, site.company, facts)
    if not is_preview:
        result.faults += site.tell(result.alerts, judged_by(result))
        usage.keep({**states, **uncounted_states(result.caps, result.observations, usage), **seen})
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
                        identity_of(cap.adapter, cap.name, line.window, line.span.start, was, line.status),
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
                    identity_of(
                        margin.adapter, POLICY, margin.decision.product_id, margin.day, margin.before, margin.status
                    ),
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
                identity_of("loop", loop.key, loop.kind, loop.started_at, is_over),
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
                wanted = {wish.entity for wish in wishes if not _asks_nothing(wish)}
                _not_shown(name, sorted(wanted), [error], result)
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

    def due(entity: str) -> tuple[int, str, bool, str]:
        last = seen.get(seen_state(gateway.name, entity))
        is_unread = last is not None and last.get("is_unread", False)
        has_news = entity in opened or last is None or last["wish"] != digests[entity]
        return (0 if has_news and not is_unread else 1, "" if last is None else last["at"], is_unread, entity)

    looked_at = sorted(wanted, key=due)[:MOST_OBSERVED]
    if len(wanted) > MOST_OBSERVED:
        result.notes.append(f"{gateway.name}: {len(looked_at)} of {len(wanted)} entities were looked at in this tick")
    observations, failed = _observed(gateway, looked_at)
    at = result.at.isoformat()
    kept: dict[str, Any] = {}
    if failed:
        unread = [entity for entity in looked_at if entity not in observations]
        _not_shown(gateway.name, unread, list(failed.values()), result)
        for name in (seen_state(gateway.name, entity) for entity in failed):
            kept[name] = {"wish": None, **(seen.get(name) or {}), "at": at, "is_unread": True}
        if not observations:
            return kept
    elif len(looked_at) == len(wanted) and facts.run_id is not None and not facts.absent:
        result.seen_whole.add(gateway.name)
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
    return kept | {
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


def _observed(gateway: Gateway, entities: Sequence[str]) -> tuple[dict[str, Observation], dict[str, SourceError]]:
    """The entities as the gateway shows them now, and what failed. One that it cannot show holds up no other; of a kind (keys,
    teams) of which one read failed through every retry no more are asked for in this tick.
    """
    found: dict[str, Observation] = {}
    failed: dict[str, SourceError] = {}
    away: set[str] = set()
    for entity in entities:
        if kind_of(entity) in away:
            continue
        try:
            found[entity] = gateway.observe(entity)
        except SourceError as error:
            failed[entity] = error
            if not isinstance(error, PermanentFailure):
                away.add(kind_of(entity))
    return found, failed


def _not_shown(name: str, entities: Sequence[str], errors: Sequence[SourceError], result: TickResult) -> None:
    result.faults += dict.fromkeys(str(error) for error in errors)
    if entities:
        result.unread[name] = Unread(tuple(entities), str(errors[0]).removeprefix(f"{errors[0].source}: "))


def _asks_nothing(wish: Desired) -> bool:
    return not any(wish.values.values())


def _wished(wishes: Sequence[Desired], entity: str) -> str:
    """A hash of what is wanted of the entity: while it stays the same, there is no news."""
    return identity_of(
        *sorted((wish.policy, repr(sorted(wish.values.items()))) for wish in wishes if wish.entity == entity)
    )


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
