"""What the margin breakers of the last run want of the keys of their products: downgrade, throttle or block, or nothing.

The state is what the run decided (``guardrail_decisions``); what follows from it, by ``breaker_mode`` and milestones, decides
``policy/breaker_action.py``. A key serves a product if only that product's initiatives used it in the last 28 days; where one
key has several initiatives with guardrails, the actions that all of them allow count. A breaker that closed wants what stood
before, which matters only where something was written. No publication, no wish: what was written stays.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from orchestration.enforcement.facts import BreakerState, Facts
from orchestration.enforcement.port import Desired, FieldName
from orchestration.policy.breaker_action import (
    ACTIONS,
    BLOCK,
    NONE,
    PROBE,
    THROTTLE,
    BreakerAction,
    decide_action,
)

if TYPE_CHECKING:
    from orchestration.registry.company import Company
    from orchestration.registry.guardrails import AdapterConfig

POLICY = "margin_breaker"
BREAKER_ADAPTER = "litellm"
"""The one gateway whose keys can be told to be a product's by its log."""


@dataclass(frozen=True)
class BreakerAtNow:
    """One product's breaker, what is to be done, and the entities that it is done to."""

    adapter: str
    breaker: BreakerState
    action: BreakerAction
    entities: tuple[str, ...]


def breakers_at(facts: Facts, company: "Company", adapter: str, today: date) -> list[BreakerAtNow]:
    """Every product whose breaker ever moved, at one gateway."""
    found = []
    for breaker in facts.breakers:
        allowed = _allowed(company, breaker.product_id)
        milestones = [one for product, one in facts.milestones if product == breaker.product_id]
        action = decide_action(breaker.state, str(company.policy["breaker_mode"]), milestones, today, allowed)
        keys = facts.keys_of_product.get(breaker.product_id, ())
        found.append(BreakerAtNow(adapter, breaker, action, tuple(f"key:{key}" for key in keys)))
    return found


def breaker_wishes(breakers: list[BreakerAtNow], config: "AdapterConfig") -> list[Desired]:
    """Settings of the action, and the loosest of every other field that a breaker may have written. A harsher action keeps the
    downgrade. What is only told wants nothing.
    """
    wishes = []
    for one in breakers:
        action = one.action.action
        if action == NONE and one.action.asked != NONE:
            continue
        values: dict[FieldName, Any] = {
            "aliases": {} if action == NONE else dict(config.downgrades),
            "requests_per_minute": config.throttled_requests_per_minute if action in (THROTTLE, PROBE) else None,
            "is_blocked": action == BLOCK,
        }
        wishes += [
            Desired(
                one.adapter,
                entity,
                values,
                POLICY,
                f"margin of {one.breaker.product_id}: {one.action.reason}",
                one.action.evidence_id,
                one.breaker.policy_version,
            )
            for entity in one.entities
        ]
    return wishes


def _allowed(company: "Company", product_id: str) -> tuple[str, ...]:
    """The actions that every guardrail of the product's initiatives allows; all of them where none is declared."""
    stated = [
        set(one.guardrail.actions)
        for one in company.initiatives
        if one.product_id == product_id and one.guardrail is not None
    ]
    return tuple(action for action in ACTIONS if all(action in actions for actions in stated))
