"""What the feed-forward cap of every product allows its keys today: published revenue, live cost, limits written ahead.

The policy is ``policy/margin_cap.py``; amounts are US dollars as published. Expected of today: other cost of goods sold as on the
mean of the last 28 days on which it is known, and what the product's AI cost beside the keys of this gateway as on the mean of
the last seven days. Headroom is one request of each key at the worst that was seen. Limits are written only where the
breaker of the product acts by itself. What is not known, or has no price, changes no limit and is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

from orchestration.enforcement.facts import Facts, ProductDay
from orchestration.enforcement.feed import Reading
from orchestration.enforcement.live_caps import MAX_AGE
from orchestration.enforcement.live_usage import KEY, LiveUsage
from orchestration.enforcement.port import Desired, Limit
from orchestration.policy.breaker_action import NONE, decide_action, floor_in_force
from orchestration.policy.cap_windows import first_instant
from orchestration.policy.circuit_breaker import DEGRADED
from orchestration.policy.exact_split import UNIT
from orchestration.policy.margin_cap import MarginDecision, MarginFacts, ProductKey, RevenueDay, decide_margin_cap

if TYPE_CHECKING:
    from orchestration.registry.company import Company

POLICY = "margin_cap"
STATE = "margin:"
OTHER_COST_DAYS, TRAILING_DAYS = 28, 7
HELD, SPENT, LEFT = "held", "spent", "left"
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class MarginCapAtNow:
    """One product's allowance at one gateway. ``status``: left, spent or held; ``before``: that of the last tick; ``acts``:
    limits may be written for it; ``limits``: those of the decision, or where it is held the last that were decided, which are
    those of ``limits_day``.
    """

    adapter: str
    decision: MarginDecision
    status: str
    before: str
    acts: bool
    day: date
    begins_at: datetime
    ai_cogs: Decimal | None
    limits: Mapping[str, Decimal]
    limits_day: date


def margin_caps_at(
    facts: Facts, company: "Company", adapter: str, usage: LiveUsage, reading: Reading | None, now: datetime
) -> list[MarginCapAtNow]:
    """Every product that keys of this gateway serve, decided at ``now``. Keeps nothing: see :func:`margin_states`."""
    today = now.astimezone(company.config.zone).date()
    begins_at = first_instant(today, company.config.zone)
    found = []
    for product, names in sorted(facts.keys_of_product.items()):
        days = facts.product_days.get(product, ())
        if not days:
            continue
        kept = usage.state(f"{STATE}{adapter}:{product}") or {}
        standing = kept.get("limits", {}) if kept.get("day") == today.isoformat() else {}
        keys, ai_cogs, headroom = _keys(names, standing, facts, usage, begins_at, now)
        decision = decide_margin_cap(
            MarginFacts(
                product_id=product,
                day=today,
                revenue=tuple(_revenue(days)),
                floor_ratio=_floor(product, facts, company, today),
                other_cogs=_other_cost(days, names, facts),
                ai_cogs=ai_cogs,
                known_at=None if reading is None else reading.known_at(begins_at, now),
                headroom=headroom,
                keys=keys,
                revenue_max_age_days=int(company.policy["revenue_max_age_days"]),
                max_age=MAX_AGE,
            ),
            now,
        )
        status = HELD if decision.allowance is None else LEFT if decision.allowance else SPENT
        acts = _acts(product, facts, company, today)
        limits, limits_day = decision.limits, today
        if status == HELD and kept:
            limits = {key: Decimal(amount) for key, amount in kept["limits"].items()}
            limits_day = date.fromisoformat(kept["day"])
        was = kept.get("status", "none")
        found.append(
            MarginCapAtNow(adapter, decision, status, was, acts, today, begins_at, ai_cogs, limits, limits_day)
        )
    return found


def margin_wishes(caps: Sequence[MarginCapAtNow], policy_version: str) -> list[Desired]:
    """A daily limit for every key of a product; where the allowance is held, what was decided last, so that no other policy
    raises it meanwhile.
    """
    return [
        Desired(
            one.adapter,
            f"key:{key}",
            {"limits": (Limit("daily", amount),)},
            POLICY,
            f"margin of {one.decision.product_id}: {one.decision.reason}",
            one.decision.evidence_id,
            policy_version,
        )
        for one in caps
        if one.acts
        for key, amount in sorted(one.limits.items())
    ]


def margin_states(caps: Sequence[MarginCapAtNow]) -> dict[str, Any]:
    """What to keep of the decisions once they are carried out."""
    return {
        f"{STATE}{one.adapter}:{one.decision.product_id}": {
            "day": one.limits_day.isoformat(),
            "status": one.status,
            "limits": {key: f"{amount:f}" for key, amount in one.limits.items()},
        }
        for one in caps
    }


def _keys(
    names: Sequence[str],
    standing: Mapping[str, str],
    facts: Facts,
    usage: LiveUsage,
    begins_at: datetime,
    now: datetime,
) -> tuple[tuple[ProductKey, ...], Decimal | None, Decimal]:
    """The product's keys, what they cost of the day so far (None with a request that has no price), and the headroom."""
    keys, total, headroom = [], _NOTHING, _NOTHING
    is_priced = True
    for name in names:
        use = usage.use(KEY, name, begins_at, now)
        limit = standing.get(name)
        keys.append(ProductKey(name, _trailing(name, facts), use.cost, None if limit is None else Decimal(limit)))
        total, is_priced = total + use.cost, is_priced and not use.unpriced
        headroom += usage.dearest_request(KEY, name) or _NOTHING
    return tuple(keys), total if is_priced else None, headroom


def _trailing(key: str, facts: Facts) -> Decimal:
    """What the key cost in the last seven published days."""
    since = (facts.as_of or date.max) - timedelta(days=TRAILING_DAYS)
    return sum((day.usd for day in facts.days if day.key == key and day.day >= since), _NOTHING)


def _revenue(days: Sequence[ProductDay]) -> list[RevenueDay]:
    return [RevenueDay(one.day, one.revenue) for one in days if one.revenue is not None]


def _other_cost(days: Sequence[ProductDay], names: Sequence[str], facts: Facts) -> Decimal | None:
    """Other cost of goods sold of a day, and AI cost that no log of this gateway shows; None where it is not known."""
    known = [one.other_cogs for one in days if one.other_cogs is not None][-OTHER_COST_DAYS:]
    before = facts.as_of or date.min
    recent = [one for one in days if before - timedelta(days=TRAILING_DAYS) <= one.day < before]
    if not known or not recent or any(one.ai_cogs is None for one in recent):
        return None
    elsewhere = sum((one.ai_cogs or _NOTHING for one in recent), _NOTHING)
    elsewhere -= sum((_trailing(name, facts) for name in names), _NOTHING)
    return _mean(known) + max(_mean([elsewhere], len(recent)), _NOTHING)


def _mean(amounts: Sequence[Decimal], count: int | None = None) -> Decimal:
    """The mean, rounded up: a cost is never expected to be less."""
    return (sum(amounts, _NOTHING) / (count or len(amounts))).quantize(UNIT, ROUND_CEILING)


def _floor(product: str, facts: Facts, company: "Company", today: date) -> Decimal | None:
    floor = facts.product_floors.get(product)
    if floor is None:
        floor = company.policy.margin_floor(company.product_target(product))
    milestones = [one for owner, one in facts.milestones if owner == product]
    return None if floor is None else floor_in_force(floor, milestones, today)


def _acts(product: str, facts: Facts, company: "Company", today: date) -> bool:
    """Whether the breaker of the product would act by itself."""
    milestones = [one for owner, one in facts.milestones if owner == product]
    return decide_action(DEGRADED, str(company.policy["breaker_mode"]), milestones, today).action != NONE
