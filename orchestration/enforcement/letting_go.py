"""What was written and no policy speaks of any more: a cap that was removed or ended, an id that no cap matches, a breaker that
only tells now. Each such field is wanted as it stood before us. Pure.

Nothing is given back because something is not known: not without a publication that says which caps and breakers there are, not
where a cap holds the entity and its cost or amount is unknown, and not because a key is idle, for a key that is refused shows
no usage. A removed cap that refuses does so until the reset instant that it was decided for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.enforcement.facts import Facts
from orchestration.enforcement.live_breakers import BreakerAtNow
from orchestration.enforcement.live_caps import STATE, CapAtNow
from orchestration.enforcement.live_margins import HELD, MarginCapAtNow
from orchestration.enforcement.port import Desired, FieldName
from orchestration.enforcement.receipts import Owned
from orchestration.enforcement.values import LOOSEST
from orchestration.policy.breaker_action import NONE
from orchestration.policy.caps import HARD
from orchestration.policy.evidence import evidence_id

POLICY = "none"
CAP_FIELDS: tuple[FieldName, ...] = ("limits", "is_blocked")
BREAKER_FIELDS: tuple[FieldName, ...] = ("requests_per_minute", "allowed_models", "aliases", "is_blocked")


@dataclass(frozen=True)
class _Evidence:
    adapter: str
    entity: str
    fields: tuple[str, ...]
    run_id: str | None


def let_go(
    adapter: str,
    ours: Mapping[str, Owned],
    wishes: Sequence[Desired],
    facts: Facts,
    caps: Sequence[CapAtNow],
    breakers: Sequence[BreakerAtNow],
    margins: Sequence[MarginCapAtNow],
    cap_states: Mapping[str, Any],
    policy_version: str,
    now: datetime,
) -> list[Desired]:
    """Wishes for the fields in ``ours``, by entity of the adapter, that neither a wish nor a policy that holds what stands
    speaks of. ``cap_states``: what was kept of the adapter's caps, as JSON.
    """
    if facts.run_id is None:
        return []
    spoken = {(wish.entity, name) for wish in wishes for name in wish.values}
    found = []
    for entity, owned in sorted(ours.items()):
        held = _held(adapter, entity, facts, caps, breakers, cap_states, now)
        if _is_margin_held(adapter, entity, facts, margins):
            held.add("limits")
        values = {name: LOOSEST[name] for name in owned.after if (entity, name) not in spoken and name not in held}
        if values:
            reason = f"no policy wants {', '.join(sorted(values))} of it any more"
            proof = evidence_id(_Evidence(adapter, entity, tuple(sorted(values)), facts.run_id))
            found.append(Desired(adapter, entity, values, POLICY, reason, proof, policy_version))
    return found


def _held(
    adapter: str,
    entity: str,
    facts: Facts,
    caps: Sequence[CapAtNow],
    breakers: Sequence[BreakerAtNow],
    cap_states: Mapping[str, Any],
    now: datetime,
) -> set[FieldName]:
    """Fields of the entity that stay as they are, because a policy holds them or it is not known whether one does."""
    held: set[FieldName] = set()
    is_idle = not _is_somebodys(entity, facts)
    if "guardrail_caps" in facts.absent or _is_capped(adapter, entity, facts, caps, now, is_idle=is_idle):
        held.update(CAP_FIELDS)
    if "guardrail_decisions" in facts.absent or (
        is_idle and any(one.adapter == adapter and one.action.action != NONE for one in breakers)
    ):
        held.update(BREAKER_FIELDS)
    if "guardrail_product_days" in facts.absent:
        held.add("limits")
    known = {f"{STATE}{one.adapter}:{one.name}" for one in caps}
    removed = (line for name, lines in cap_states.items() if name not in known for line in lines)
    if any(
        entity in line["limits"] and line["refused_until"] and now < datetime.fromisoformat(line["refused_until"])
        for line in removed
    ):
        held.add("is_blocked")
    return held


def _is_margin_held(adapter: str, entity: str, facts: Facts, margins: Sequence[MarginCapAtNow]) -> bool:
    """Whether the margin cap of its product holds the limits of the entity, or that of any where its key shows no use."""
    key = entity.removeprefix("key:")
    is_idle = key != entity and not _is_somebodys(entity, facts)
    return any(
        one.adapter == adapter
        and one.acts
        and (is_idle or (one.status == HELD and key in facts.keys_of_product.get(one.decision.product_id, ())))
        for one in margins
    )


def _is_capped(
    adapter: str, entity: str, facts: Facts, caps: Sequence[CapAtNow], now: datetime, *, is_idle: bool
) -> bool:
    """Whether a hard cap holds the entity, or would if its use were known."""
    if any(one.adapter == adapter and one.mode == HARD and entity in one.entities for one in caps):
        return True
    kind, _, name = entity.partition(":")
    for cap in facts.caps:
        today = now.astimezone(ZoneInfo(cap.time_zone)).date()
        if cap.adapter != adapter or cap.mode != HARD or not cap.holds_from <= today < cap.holds_until:
            continue
        if cap.subject == kind and cap.id_pattern is not None and re.fullmatch(cap.id_pattern, name, re.DOTALL):
            return True
        if cap.subject not in ("key", "team") and kind == "key" and is_idle:
            return True
    return False


def _is_somebodys(entity: str, facts: Facts) -> bool:
    """Whether what is published tells whose key it is."""
    key = entity.removeprefix("key:")
    owners = (facts.keys_of_developer, facts.keys_of_initiative, facts.keys_of_product)
    return any(key in keys for by_owner in owners for keys in by_owner.values())
