"""What every cap asks for at this minute: published cost of complete days and what was counted live since, by key.

Which amounts hold for whom is published (``guardrail_caps``, in US dollars); what follows decides ``policy/caps.py``. An entity
is refused by a block until the cap's reset instant, and limits are written ahead for the gateway to enforce by itself. A
key that several people or initiatives use is nobody's: its cost counts, and it is neither limited nor blocked for one of them.
Which overrides are approved says guardrails.yaml as it stands; what they are in US dollars is published, and one in another
currency that was not published yet does not hold, which is told.
Failure modes: cost that is not counted whole is not known, which holds what stands; a request without a price makes the cost a
lower bound, which may refuse and lifts nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from orchestration.enforcement.facts import Facts, PublishedCap
from orchestration.enforcement.feed import Reading
from orchestration.enforcement.live_usage import DEVELOPER, KEY, TEAM, LiveUsage
from orchestration.enforcement.port import Observation
from orchestration.policy.cap_windows import first_instant, window_at
from orchestration.policy.caps import (
    ApprovedOverride,
    CapDecision,
    CapFacts,
    CapLine,
    CapState,
    KeyCost,
    LineState,
    decide_cap,
)

if TYPE_CHECKING:
    from orchestration.registry.company import Company
    from orchestration.registry.guardrails import Cap, CapOverride

MAX_AGE = timedelta(minutes=5)
"""How old the counted log may be for a decision to lift or raise anything."""
STATE = "cap:"
UNCOUNTED = "uncounted:"
NEW_IDS = timedelta(days=3)
"""How far back ids that were not published are looked for."""
INITIATIVE = "initiative"
DOLLAR = "USD"
SHARE_DAYS = 7
NOBODYS = "shared"
"""Stands for the keys that the capped one shares with others."""


@dataclass(frozen=True)
class CapAtNow:
    """One capped id at one adapter: its decision, the entities that hold it, how much of its use has no price, and what its
    reader must know.
    """

    adapter: str
    subject: str
    subject_id: str
    mode: str
    decision: CapDecision
    entities: tuple[str, ...]
    unpriced: int
    costs: Mapping[str, Mapping[str, Decimal]]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.decision.cap_id}:{self.subject}:{self.subject_id}"


@dataclass(frozen=True)
class _Use:
    """Cost by entity in one window, and from when on the live log must be counted for it."""

    costs: dict[str, Decimal]
    unpriced: int
    needed_since: datetime


def earliest_needed(facts: Facts, zone: ZoneInfo, now: datetime) -> datetime:
    """From when on the log must be counted live for every published cap."""
    caps = [one for one in facts.caps if _holds(one, now)]
    starts = [window_at(one.window, now, one.time_zone, one.reset_day).start for one in caps]
    split = _split(facts, zone)
    needed = [
        max(start, split) if split is not None and one.time_zone == zone.key else start
        for one, start in zip(caps, starts, strict=True)
    ]
    return min(needed, default=now - timedelta(hours=1))


def caps_at(
    facts: Facts, company: "Company", usage: LiveUsage, readings: Mapping[str, Reading], now: datetime
) -> list[CapAtNow]:
    """Every published cap decided at ``now``. Keeps nothing: see :func:`states_of`."""
    grouped: dict[tuple[str, str, str, str], list[PublishedCap]] = defaultdict(list)
    for one in _for_ids([one for one in facts.caps if _holds(one, now)], usage, set(readings), now):
        assert one.subject_id is not None
        grouped[one.adapter, one.cap_id, one.subject, one.subject_id].append(one)
    return [
        _cap_at(lines, facts, company, usage, readings.get(lines[0].adapter), now)
        for _, lines in sorted(grouped.items())
    ]


def _holds(cap: PublishedCap, now: datetime) -> bool:
    return cap.holds_from <= now.astimezone(ZoneInfo(cap.time_zone)).date() < cap.holds_until


def _for_ids(caps: Sequence[PublishedCap], usage: LiveUsage, logged: set[str], now: datetime) -> Iterator[PublishedCap]:
    """The caps of the ids that were published, and of those that came up in a log since and match a pattern."""
    known = {(one.cap_id, one.adapter, one.window, one.subject_id) for one in caps if one.subject_id is not None}
    for one in caps:
        if one.subject_id is not None:
            yield one
        elif one.adapter in logged and one.id_pattern is not None and one.subject != INITIATIVE:
            for name in usage.names(one.subject, now - NEW_IDS):
                at = (one.cap_id, one.adapter, one.window, name)
                if at not in known and re.fullmatch(one.id_pattern, name, re.DOTALL):
                    known.add(at)
                    yield replace(one, subject_id=name)


def states_of(caps: Sequence[CapAtNow]) -> dict[str, Any]:
    """What to keep of the decisions once they are carried out."""
    return {f"{STATE}{one.adapter}:{one.name}": _as_json(one.decision.after) for one in caps}


def _cap_at(
    lines: list[PublishedCap],
    facts: Facts,
    company: "Company",
    usage: LiveUsage,
    reading: Reading | None,
    now: datetime,
) -> CapAtNow:
    first, zone = lines[0], company.config.zone
    assert first.subject_id is not None
    declared = _declared(company, first, now)
    entities = _entities(first, facts)
    uses = [_use(one, entities, facts, usage, zone, now) for one in lines]
    unpriced = max(use.unpriced for use in uses)
    shares = _shares(first, entities, facts)
    overrides = [_overrides(company, facts, one, declared, now) for one in lines]
    label = f"{first.cap_id}:{first.subject}:{first.subject_id}"
    uncounted = [_uncounted(usage, f"{first.adapter}:{label}", one, now) for one in lines]
    cap_lines = tuple(
        CapLine(
            window=one.window,
            amount=one.usd,
            keys=tuple(
                KeyCost(
                    entity,
                    cost,
                    uncounted=lacking.get(entity, Decimal(0)),
                    observed=_observed(usage, first.adapter, entity, one.window),
                    share=shares.get(entity, Decimal(0)),
                    is_limited=entity != NOBODYS,
                )
                for entity, cost in sorted(use.costs.items())
            ),
            known_at=None if reading is None else reading.known_at(use.needed_since, now),
            unpriced=use.unpriced,
            reset_day=one.reset_day,
            overrides=found_overrides,
        )
        for one, use, (found_overrides, _), lacking in zip(lines, uses, overrides, uncounted, strict=True)
    )
    kind, name = _measured(first)
    found = CapFacts(
        cap_id=first.cap_id,
        entity=f"{first.subject}:{first.subject_id}",
        zone=first.time_zone,
        mode=first.mode,
        lines=cap_lines,
        max_age=MAX_AGE,
        headroom=first.headroom_usd,
        worst_request=None if kind == INITIATIVE else usage.dearest_request(kind, name),
    )
    before = _from_json(usage.state(f"{STATE}{first.adapter}:{label}"))
    notes = tuple(note for _, told in overrides for note in told)
    decision = decide_cap(before, found, now)
    costs = {one.window: use.costs for one, use in zip(lines, uses, strict=True)}
    return CapAtNow(
        first.adapter, first.subject, first.subject_id, first.mode, decision, entities, unpriced, costs, notes
    )


def uncounted_states(
    caps: Sequence[CapAtNow], observations: Mapping[tuple[str, str], Observation], usage: LiveUsage
) -> dict[str, Any]:
    """What to keep of the gateways' own counters: what each lacked of the cost of a window when it was last looked at."""
    states: dict[str, Any] = {}
    for cap in caps:
        name = f"{UNCOUNTED}{cap.adapter}:{cap.name}"
        kept = usage.state(name) or {}
        windows = {}
        for line in cap.decision.lines:
            start = line.span.start.isoformat()
            before = kept.get(line.window, {})
            lacking = dict(before["keys"]) if before.get("start") == start else {}
            for entity in cap.entities:
                observed = observations.get((cap.adapter, entity))
                counted = observed.spend_in_window.get(line.window) if observed else None  # type: ignore[call-overload]
                if counted is not None:
                    lacking[entity] = f"{max(cap.costs[line.window].get(entity, Decimal(0)) - counted, Decimal(0)):f}"
            windows[line.window] = {"start": start, "keys": lacking}
        states[name] = windows
    return states


def _uncounted(usage: LiveUsage, name: str, cap: PublishedCap, now: datetime) -> dict[str, Decimal]:
    """What the gateway's counter lacked of the window's cost, by entity; nothing from a window that is over."""
    kept = (usage.state(UNCOUNTED + name) or {}).get(cap.window, {})
    if kept.get("start") != window_at(cap.window, now, cap.time_zone, cap.reset_day).start.isoformat():
        return {}
    return {entity: Decimal(amount) for entity, amount in kept["keys"].items()}


def _measured(cap: PublishedCap) -> tuple[str, str]:
    """The kind and the id by which its use is counted: an initiative that names an entity is that entity."""
    assert cap.subject_id is not None
    if cap.subject == INITIATIVE and cap.entity is not None:
        kind, _, name = cap.entity.partition(":")
        return kind, name
    return cap.subject, cap.subject_id


def _entities(cap: PublishedCap, facts: Facts) -> tuple[str, ...]:
    kind, name = _measured(cap)
    if kind in (KEY, TEAM):
        return (f"{kind}:{name}",)
    keys = facts.keys_of_developer if kind == DEVELOPER else facts.keys_of_initiative
    return tuple(f"key:{key}" for key in keys.get(name, ()))


def _split(facts: Facts, zone: ZoneInfo) -> datetime | None:
    """Up to when published days count; what is newer is counted live."""
    return None if facts.as_of is None else first_instant(facts.as_of, zone)


def _use(
    cap: PublishedCap, entities: tuple[str, ...], facts: Facts, usage: LiveUsage, zone: ZoneInfo, now: datetime
) -> _Use:
    start = window_at(cap.window, now, cap.time_zone, cap.reset_day).start
    split = _split(facts, zone)
    is_published = split is not None and cap.time_zone == zone.key and start < split
    since = split if is_published and split is not None else start
    kind, name = _measured(cap)
    costs: dict[str, Decimal] = dict.fromkeys(entities, Decimal(0))
    unpriced = 0
    if kind == TEAM:
        live = usage.use(TEAM, name, since, now)
        costs[f"team:{name}"] += live.cost
        unpriced += live.unpriced
    elif kind == INITIATIVE:
        for entity in entities:
            live = usage.use(KEY, entity.partition(":")[2], since, now)
            costs[entity] += live.cost
            unpriced += live.unpriced
    else:
        for key, one in usage.by_key(kind, name, since, now).items():
            entity = f"key:{key}" if f"key:{key}" in costs else NOBODYS
            costs[entity] = costs.get(entity, Decimal(0)) + one.cost
            unpriced += one.unpriced
    if is_published:
        first_day = start.astimezone(zone).date()
        for day in facts.days:
            if day.day < first_day or not _is_of(day.key, day.actor, day.team, kind, name, entities):
                continue
            entity = f"team:{name}" if kind == TEAM else f"key:{day.key}"
            entity = entity if entity in costs else NOBODYS
            costs[entity] = costs.get(entity, Decimal(0)) + day.usd
            unpriced += day.unpriced
    return _Use(costs or {NOBODYS: Decimal(0)}, unpriced, since)


def _is_of(key: str, actor: str | None, team: str | None, kind: str, name: str, entities: tuple[str, ...]) -> bool:
    if kind == INITIATIVE:
        return f"key:{key}" in entities
    return {KEY: key, TEAM: team, DEVELOPER: actor}[kind] == name


def _shares(cap: PublishedCap, entities: tuple[str, ...], facts: Facts) -> dict[str, Decimal]:
    """What each of several keys cost in the last seven published days; a key alone has nobody to share with."""
    if len(entities) < 2:
        return {}
    kind, name = _measured(cap)
    since = (facts.as_of or date.max) - timedelta(days=SHARE_DAYS)
    found: dict[str, Decimal] = defaultdict(Decimal)
    for day in facts.days:
        if day.day >= since and _is_of(day.key, day.actor, day.team, kind, name, entities):
            found[f"key:{day.key}"] += day.usd
    return {entity: max(cost, Decimal(0)) for entity, cost in found.items() if entity in entities}


def seen_state(adapter: str, entity: str) -> str:
    """The name of what is kept of an entity once it was looked at: when, what was wanted of it, and its limits by window."""
    return f"seen:{adapter}:{entity}"


def _observed(usage: LiveUsage, adapter: str, entity: str, window: str) -> Decimal | None:
    """The limit that the gateway showed when the entity was last looked at, before anything was written then."""
    seen = usage.state(seen_state(adapter, entity))
    limit = None if seen is None else seen.get("limits", {}).get(window)
    return None if limit is None else Decimal(limit)


def _declared(company: "Company", cap: PublishedCap, now: datetime) -> "Cap | None":
    today = now.astimezone(ZoneInfo(cap.time_zone)).date()
    return next((one for one in company.guardrails.caps if one.cap_id == cap.cap_id and one.is_valid_on(today)), None)


def _overrides(
    company: "Company", facts: Facts, cap: PublishedCap, declared: "Cap | None", now: datetime
) -> tuple[tuple[ApprovedOverride, ...], list[str]]:
    """The overrides of the cap's window for its id, and what must be told of those that do not hold for want of dollars."""
    if declared is None:
        return (), []
    currency = declared.currency or company.config.reporting_currency
    found, told = [], []
    for one in company.guardrails.overrides:
        if (one.cap_id, one.id, one.window) != (cap.cap_id, cap.subject_id, cap.window):
            continue
        amount = _dollars(one, currency, facts)
        if amount is not None:
            starts_at, expires_at = one.starts_at.astimezone(UTC), one.expires_at.astimezone(UTC)
            found.append(ApprovedOverride(amount, starts_at, expires_at, one.approver))
        elif one.starts_at <= now < one.expires_at:
            told.append(
                f"{one.cap_id}: the {one.window} override of {one.id} does not hold: the last run published no amount of it in "
                "US dollars; run tokenomics run, and check that its currency has a rate"
            )
    return tuple(found), told


def _dollars(one: "CapOverride", currency: str, facts: Facts) -> Decimal | None:
    if currency == DOLLAR:
        return one.amount
    return facts.override_usd.get((one.cap_id, one.id, one.window, one.starts_at))


def _as_json(state: CapState) -> Any:
    return [
        {
            **asdict(line),
            "refused_until": None if line.refused_until is None else line.refused_until.isoformat(),
            "limits": {key: f"{amount:f}" for key, amount in line.limits.items()},
        }
        for line in state.lines
    ]


def _from_json(body: Any) -> CapState:
    lines = [
        LineState(
            line["window"],
            line["status"],
            None if line["refused_until"] is None else datetime.fromisoformat(line["refused_until"]),
            {key: Decimal(amount) for key, amount in line["limits"].items()},
        )
        for line in body or ()
    ]
    return CapState(tuple(lines))
