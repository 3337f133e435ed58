"""What to change at one gateway, and what stays as it is and why. Pure: nothing is read or written here.

A field may be written (a) if its present value is what we wrote last, never looser than what stood before we took it over,
or (b) if nobody of ours wrote it, only to make it stricter. What a person made stricter, blocked, or raised after us stays
and is told. A field that was given back is no longer ours. A key or team that a person blocked is not touched at all. What
an adapter cannot do is an error of the plan and never silence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from orchestration.enforcement.ownership import present_value, what_is_ours
from orchestration.enforcement.port import Capabilities, Desired, FieldName, Observation, Stamp, kind_of
from orchestration.enforcement.receipts import FAILED, Action, Owned, last_actions, owned_entities, undone_fields
from orchestration.enforcement.values import rounded_down, strictest
from orchestration.registry.guardrails import AdapterConfig

HoldKind = Literal["person", "drift", "not_allowed", "over_max_changes", "unsupported", "not_found"]


@dataclass(frozen=True)
class Change:
    """One write to one entity. ``before`` and ``after`` name the fields that change; ``owned`` is what is ours then.

    ``is_stricter``: nothing of it loosens anything; ``notes``: what its reader must know before it is applied.
    """

    observed: Observation
    action: str
    before: Mapping[FieldName, Any]
    after: Mapping[FieldName, Any]
    owned: Owned
    policy: str
    policy_version: str
    reason: str
    evidence_id: str
    is_stricter: bool
    seen_within_seconds: int = 0
    notes: tuple[str, ...] = ()

    @property
    def stamp(self) -> Stamp | None:
        return (
            Stamp(self.policy, self.policy_version, self.owned.before, self.owned.after) if self.owned.after else None
        )


@dataclass(frozen=True)
class Hold:
    """Something wanted, or found, that leads to no write. ``field`` is None where it is about the whole entity."""

    adapter: str
    entity: str
    field: FieldName | None
    kind: HoldKind
    reason: str


@dataclass(frozen=True)
class Plan:
    """``changes`` in the order in which they are to be done; ``holds`` says what is not done and why."""

    adapter: str
    changes: tuple[Change, ...] = ()
    holds: tuple[Hold, ...] = ()

    @property
    def errors(self) -> tuple[Hold, ...]:
        """What the adapter cannot do. Somebody must change guardrails.yaml."""
        return tuple(one for one in self.holds if one.kind == "unsupported")


@dataclass
class _Entity:
    """The work on one entity: fields to write, and what was found on the way."""

    observed: Observation
    owned: Owned
    capabilities: Capabilities
    on_drift: str
    after: dict[FieldName, Any] = field(default_factory=dict)
    taken_over: dict[FieldName, Any] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)

    def hold(self, name: FieldName | None, kind: HoldKind, reason: str) -> None:
        self.holds.append(Hold(self.observed.adapter, self.observed.entity, name, kind, reason))


def plan(
    config: AdapterConfig,
    desired: Sequence[Desired],
    observations: Mapping[str, Observation],
    capabilities: Mapping[str, Capabilities],
    actions: Sequence[Action],
) -> Plan:
    """The changes that bring the entities of one adapter to what is desired, at most ``config.max_changes``: what was tried and
    failed after all else, the longest untried first; blocks before other changes, and what loosens something last.

    ``observations`` by entity must hold every desired entity; ``capabilities`` by kind of entity; ``actions`` are the settled
    receipts (:func:`orchestration.enforcement.apply.settle`). Several wishes for one entity become the strictest of them.
    """
    by_receipts, undone = owned_entities(actions), undone_fields(actions)
    changes: list[Change] = []
    holds: list[Hold] = []
    for wish in merged(desired):
        observed = observations[wish.entity]
        able = capabilities[kind_of(wish.entity)]
        key = (config.name, wish.entity)
        work = _Entity(
            observed, what_is_ours(observed, able, by_receipts.get(key), undone.get(key, ())), able, config.on_drift
        )
        if key in by_receipts and able.holds_stamp and observed.is_found and observed.stamp is None:
            work.hold(None, "drift", "the ownership stamp is gone; what was written before is no longer ours")
        _work_on(work, wish)
        change = _change(work, wish)
        if change is not None and not is_allowed(config, wish.entity):
            work.hold(None, "not_allowed", f"adapters.{config.name}.entities does not name it: {change.reason}")
            change = None
        changes += [change] if change else []
        holds += work.holds
    failed = failed_at(actions)
    ordered = sorted(
        changes,
        key=lambda one: (
            failed.get((config.name, one.observed.entity, one.action), ""),
            one.after.get("is_blocked") is not True,
            not one.is_stricter,
            one.observed.entity,
        ),
    )
    for late in ordered[config.max_changes :]:
        reason = f"more than max_changes = {config.max_changes} entities would change; {late.reason}"
        holds.append(Hold(config.name, late.observed.entity, None, "over_max_changes", reason))
    return Plan(config.name, tuple(ordered[: config.max_changes]), tuple(holds))


def merged(desired: Iterable[Desired]) -> list[Desired]:
    """One wish per entity, by entity: of each field the strictest value that any policy wants."""
    found: dict[str, Desired] = {}
    for one in sorted(desired, key=lambda wish: (wish.entity, wish.policy, wish.evidence_id)):
        known = found.get(one.entity)
        if known is None:
            found[one.entity] = one
            continue
        values = dict(known.values)
        for name, value in one.values.items():
            values[name] = strictest(name, values[name], value) if name in values else value
        found[one.entity] = Desired(
            one.adapter,
            one.entity,
            values,
            _joined(known.policy, one.policy),
            _joined(known.reason, one.reason, "; "),
            _joined(known.evidence_id, one.evidence_id),
            _joined(known.policy_version, one.policy_version),
        )
    return [found[entity] for entity in sorted(found)]


def failed_at(actions: Sequence[Action]) -> dict[tuple[str, str, str], str]:
    """When the last action of an entity was planned, by adapter, entity and what it was to do, where it was not carried out."""
    return {
        (*at, one.action): one.planned_at.isoformat()
        for at, one in last_actions(actions).items()
        if one.outcome in FAILED
    }


def action_of(after: Mapping[FieldName, Any]) -> str:
    """What a write does, in the words of ``guardrail.actions``: cap, throttle, downgrade, block, unblock."""
    words = {
        "limits": "cap",
        "requests_per_minute": "throttle",
        "allowed_models": "downgrade",
        "aliases": "downgrade",
        "is_blocked": "block" if after.get("is_blocked") else "unblock",
    }
    return "+".join(dict.fromkeys(words[name] for name in words if name in after))


def _work_on(work: _Entity, wish: Desired) -> None:
    observed, owned = work.observed, work.owned
    if not observed.is_found:
        work.hold(None, "not_found", "the gateway does not know it")
        return
    if observed.values.get("is_blocked") and owned.after.get("is_blocked") is not True:
        work.hold("is_blocked", "person", "blocked by a person; nothing of it is touched")
        return
    for name, wanted in wish.values.items():
        error = _unsupported(name, work)
        if error:
            work.hold(name, "unsupported", error)
        else:
            _work_on_field(work, name, rounded_down(name, wanted))
    for name in owned.after:
        if name not in wish.values and present_value(observed, name) != owned.after[name]:
            work.hold(name, "drift", f"{name} was changed by somebody else and stays")


def _work_on_field(work: _Entity, name: FieldName, wanted: Any) -> None:
    present, owned = present_value(work.observed, name), work.owned
    if name in owned.after and present == owned.after[name]:
        target, before = strictest(name, owned.before[name], wanted), owned.before[name]
    else:
        target, before = strictest(name, present, wanted), present
        if name in owned.after and present != wanted and (work.on_drift == "report" or target == present):
            work.hold(name, "drift", f"{name} was changed by somebody else and stays")
            return
        if target == present and present != wanted:
            work.hold(name, "person", f"{name} is stricter than wanted, by a person, and stays")
    if target == present:
        return
    error = _cannot_hold(name, target, work.capabilities)
    if error:
        work.hold(name, "unsupported", error)
        return
    work.after[name], work.taken_over[name] = target, before


def _change(work: _Entity, wish: Desired) -> Change | None:
    if not work.after:
        return None
    present = {name: present_value(work.observed, name) for name in work.after}
    kept = Owned(
        {**work.owned.before, **work.taken_over},
        {**work.owned.after, **work.after},
    )
    given_back = [name for name, value in work.after.items() if value == kept.before[name]]
    return Change(
        observed=work.observed,
        action=action_of(work.after),
        before=present,
        after=dict(work.after),
        owned=kept.without(given_back),
        policy=wish.policy,
        policy_version=wish.policy_version,
        reason=wish.reason,
        evidence_id=wish.evidence_id,
        is_stricter=all(strictest(name, present[name], value) == value for name, value in work.after.items()),
        seen_within_seconds=work.capabilities.seen_within_seconds,
        notes=_notes(work),
    )


def _unsupported(name: FieldName, work: _Entity) -> str | None:
    if name not in work.capabilities.writable:
        return f"{work.observed.adapter} cannot set {name} of a {kind_of(work.observed.entity)}"
    return None if name in work.observed.values else f"{work.observed.adapter} does not show {name}"


def _cannot_hold(name: FieldName, target: Any, able: Capabilities) -> str | None:
    if name == "allowed_models" and target == ():
        return "no model would be left that both the person's list and the policy allow"
    if name != "limits":
        return None
    foreign = sorted(one.window for one in target if one.window not in able.windows)
    if foreign:
        return f"it has no {', '.join(foreign)} limit"
    return f"it holds {able.max_limits} limits, not {len(target)}" if len(target) > able.max_limits else None


def _notes(work: _Entity) -> tuple[str, ...]:
    """What a new limit may do at once: a window counts what was spent in it before the limit stood."""
    notes, spend = [], work.observed.spend_in_window
    for one in work.after.get("limits", ()):
        spent = spend.get(one.window)
        if spent is not None and spent >= one.amount:
            notes.append(
                f"refuses at once: {spent:f} USD of {one.amount:f} {one.window} are spent by the gateway's count"
            )
        elif spent is None and spend.get("total", one.amount - 1) >= one.amount:
            text = (
                f"may refuse at once: {spend['total']:f} USD are spent in all, and what falls into this window counts"
            )
            notes.append(f"{one.amount:f} {one.window} {text}")
    return tuple(notes)


def is_allowed(config: AdapterConfig, entity: str) -> bool:
    """Whether the adapter's list names the entity; nothing is named where there is no list."""
    return any(fnmatchcase(entity, pattern) for pattern in config.entities or ())


def _joined(one: str, other: str, by: str = "+") -> str:
    return one if other in one.split(by) else f"{one}{by}{other}"
