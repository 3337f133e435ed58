"""What the gateway itself says about the keys and teams that should enforce a cap, once per as-of day.

Read are the entities that initiatives name as their guardrail, and every key that belongs to a person. Grain: one row
per entity; partition: the as-of date. The first reading stored for a day stands, and a day before the newest stored
one gets none, so that a past day is never described by today's settings, unless the gateway itself says since when they
stand. For a key that is ``settings_updated_at`` (null before its first change: its creation), for a team and on older
gateways ``updated_at``, which every write moves, spend included. Money is text, as the gateway wrote it.
Failure mode: an entity the gateway does not know is a reading (``is_found`` false); a missing field is
:class:`SchemaDrift`.
"""

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from orchestration.connectors.payload import Record
from orchestration.connectors.providers.litellm.client import SOURCE, Gateway
from orchestration.landing.store import Landing

if TYPE_CHECKING:
    from orchestration.registry import Company

STREAM = "guardrail_settings"
CURRENCY = "USD"
"""LiteLLM keeps every budget in US dollars."""


def guarded_entities(company: "Company") -> list[str]:
    """The entities (``key:<hash>``, ``team:<id>``) that initiatives name as their guardrail at this gateway."""
    guardrails = (initiative.guardrail for initiative in company.initiatives)
    return sorted({guardrail.entity for guardrail in guardrails if guardrail and guardrail.adapter == SOURCE})


def is_due(landing: Landing, as_of: date) -> bool:
    """Whether a reading for ``as_of`` would be stored: none is there yet, and none of a later day."""
    stored = [name for name, part in landing.manifest(SOURCE, STREAM).items() if part.current is not None]
    return all(name < as_of.isoformat() for name in stored)


def read_settings(gateway: Gateway, entities: list[str], as_of: date, read_at: datetime) -> list[dict[str, Any]]:
    """Rows of stream ``litellm/guardrail_settings``: one per guarded entity, one per further key of a person."""
    found: dict[str, Record | None] = {f"key:{key.text('token')}": key for key in gateway.personal_keys()}
    for entity in entities:
        kind, _, name = entity.partition(":")
        found[entity] = gateway.key_info(name) if kind == "key" else gateway.team_info(name)
    return [
        {"read_at": read_at, "as_of_date": as_of, "entity": entity, "currency": CURRENCY, **_settings(settings)}
        for entity, settings in sorted(found.items())
    ]


def _settings(found: Record | None) -> dict[str, Any]:
    if found is None:
        names = "max_budget budget_duration rpm_limit tpm_limit is_blocked model_aliases settings_updated_at"
        return {**dict.fromkeys((*names.split(), "budget_limits")), "is_found": False}
    budget = _budget(found)
    aliases = found.value("aliases") if "aliases" in found else None
    return {
        "max_budget": None if budget.value("max_budget") is None else budget.money("max_budget"),
        "budget_duration": budget.nullable_text("budget_duration"),
        "rpm_limit": found.nullable_whole("rpm_limit"),
        "tpm_limit": found.nullable_whole("tpm_limit"),
        "is_found": True,
        "is_blocked": found.value("blocked") is not None and found.flag("blocked"),
        "model_aliases": json.dumps(aliases, sort_keys=True) if aliases else None,
        "settings_updated_at": _updated_at(found),
        "budget_limits": _budget_limits(found),
    }


def _budget(found: Record) -> Record:
    """The budget on the entity itself, or else the shared budget it is linked to."""
    shared = found.optional_part("litellm_budget_table")
    return shared if shared is not None and found.value("max_budget") is None else found


def _budget_limits(found: Record) -> str | None:
    """The budgets of several windows, which rule where a key has them: durations and amounts as JSON, amounts as text."""
    if "budget_limits" not in found or not found.value("budget_limits"):
        return None
    limits = [
        {"budget_duration": one.text("budget_duration"), "max_budget": one.money("max_budget")}
        for one in found.parts("budget_limits")
    ]
    return json.dumps(limits)


def _updated_at(found: Record) -> datetime | None:
    """Since when the entity's own budget stands. None without one: a shared budget changes without moving this time."""
    if found.value("max_budget") is None:
        return None
    if "settings_updated_at" not in found:
        return found.optional_moment("updated_at")
    changed = found.optional_moment("settings_updated_at")
    return found.optional_moment("created_at") if changed is None else changed
