"""Whether a gateway holds a cap, by what was read back from it in this tick and never by what was asked of it."""

from typing import TYPE_CHECKING

from orchestration.enforcement.live_caps import INITIATIVE, CapAtNow
from orchestration.enforcement.live_usage import KEY, TEAM
from orchestration.enforcement.tick_result import TickResult
from orchestration.policy.caps import HARD, LineDecision

if TYPE_CHECKING:
    from orchestration.registry.company import Company

REFUSES, LIMITED, LOOSER, NOT_HELD = "refuses", "limited", "looser", "not_held"
NOT_FOUND, NOT_SEEN, TELLS_ONLY = "not_found", "not_seen", "tells_only"


def at_gateway(cap: CapAtNow, line: LineDecision, result: TickResult) -> str:
    """How one window of a cap stands at its gateway: every entity of it refuses now (``refuses``) or from the cap on
    (``limited``), one has a higher limit (``looser``) or none (``not_held``), one is unknown there (``not_found``) or was not
    seen in this tick (``not_seen``, also a cap that no entity holds).
    """
    if cap.mode != HARD:
        return TELLS_ONLY
    observed = [result.observations.get((cap.adapter, entity)) for entity in cap.entities]
    if any(one is not None and not one.is_found for one in observed):
        return NOT_FOUND
    if not observed or None in observed:
        return NOT_SEEN
    found = {_of_one(cap, line, entity, result) for entity in cap.entities}
    return next(one for one in (NOT_HELD, LOOSER, LIMITED, REFUSES) if one in found)


def _of_one(cap: CapAtNow, line: LineDecision, entity: str, result: TickResult) -> str:
    values = result.values_at(cap.adapter, entity)
    if values.get("is_blocked") is True:
        return REFUSES
    standing = [one.amount for one in values.get("limits") or () if one.window == line.window]
    if not standing:
        return NOT_HELD
    allowed = line.amount if len(cap.entities) == 1 else line.limits.get(entity)
    return LIMITED if allowed is not None and min(standing) <= allowed else LOOSER


def missing_at_gateway(result: TickResult, company: "Company") -> dict[tuple[str, str], CapAtNow]:
    """The keys and teams that guardrails.yaml or an initiative names itself and the gateway does not know, each with a cap of it.
    One that only its use brought here, by a pattern or a person, may be gone in the course of things.
    """
    named = {
        (cap.adapter, cap.subject, name)
        for cap in company.guardrails.caps
        for name in cap.ids
        if cap.subject in (KEY, TEAM)
    }
    missing: dict[tuple[str, str], CapAtNow] = {}
    for cap in result.caps:
        is_of_initiative = cap.decision.cap_id == f"{INITIATIVE}:{cap.subject_id}"
        is_named = is_of_initiative or (cap.adapter, cap.subject, cap.subject_id) in named
        for entity in cap.entities if is_named and cap.mode == HARD else ():
            observed = result.observations.get((cap.adapter, entity))
            if observed is not None and not observed.is_found:
                missing.setdefault((cap.adapter, entity), cap)
    return missing
