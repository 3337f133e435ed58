"""Undoing what was written: the exact prior values, only where ours still stands. Pure, like :mod:`plan`."""

from collections.abc import Iterable, Mapping, Sequence

from orchestration.enforcement.ownership import present_value, what_is_ours
from orchestration.enforcement.plan import Change, Hold, Plan, failed_at, is_allowed
from orchestration.enforcement.port import Capabilities, FieldName, Observation, kind_of
from orchestration.enforcement.receipts import Action, Owned, last_actions, owned_entities, undone_fields
from orchestration.enforcement.values import strictest
from orchestration.registry.guardrails import AdapterConfig

POLICY = ACTION = "revert"


def plan_revert(
    config: AdapterConfig,
    entities: Iterable[str],
    observations: Mapping[str, Observation],
    capabilities: Mapping[str, Capabilities],
    actions: Sequence[Action],
    reason: str,
) -> Plan:
    """A plan that gives ``entities`` back what stood before us, without a stamp of ours. A field that somebody else changed since
    stays, and is no longer ours. The limit of changes and the list of entities hold here too; what failed before
    comes last.
    """
    by_receipts, undone = owned_entities(actions), undone_fields(actions)
    last, failed = last_actions(actions), failed_at(actions)
    changes: list[Change] = []
    holds: list[Hold] = []
    for entity in sorted(set(entities), key=lambda one: (failed.get((config.name, one, ACTION), ""), one)):
        observed, able, key = observations[entity], capabilities[kind_of(entity)], (config.name, entity)
        if not observed.is_found:
            holds.append(Hold(config.name, entity, None, "not_found", "the gateway does not know it"))
            continue
        owned = what_is_ours(observed, able, by_receipts.get(key), undone.get(key, ()))
        if observed.values.get("is_blocked") and owned.after.get("is_blocked") is not True:
            reason_held = "blocked by a person; nothing of it is touched"
            holds.append(Hold(config.name, entity, "is_blocked", "person", reason_held))
            continue
        ours = [name for name in owned.after if present_value(observed, name) == owned.after[name]]
        for name in owned.after:
            if name not in ours:
                text = f"{name} was changed by somebody else since and stays"
                holds.append(Hold(config.name, entity, name, "drift", text))
        if not owned.after and observed.stamp is None:
            continue
        if not is_allowed(config, entity):
            text = f"adapters.{config.name}.entities does not name it: {reason}"
            holds.append(Hold(config.name, entity, None, "not_allowed", text))
            continue
        if len(changes) == config.max_changes:
            text = f"more than max_changes = {config.max_changes} entities would change; {reason}"
            holds.append(Hold(config.name, entity, None, "over_max_changes", text))
            continue
        changes.append(_back(observed, owned, ours, able, last.get(key), reason))
    return Plan(config.name, tuple(changes), tuple(holds))


def _back(
    observed: Observation, owned: Owned, ours: list[FieldName], able: Capabilities, last: Action | None, reason: str
) -> Change:
    before = {name: owned.after[name] for name in ours}
    after = {name: owned.before[name] for name in ours}
    return Change(
        observed=observed,
        action=ACTION,
        before=before,
        after=after,
        owned=Owned(),
        policy=POLICY,
        policy_version=last.policy_version if last else "",
        reason=reason,
        evidence_id=last.evidence_id if last else "",
        is_stricter=all(strictest(name, before[name], after[name]) == after[name] for name in after),
        seen_within_seconds=able.seen_within_seconds,
    )
