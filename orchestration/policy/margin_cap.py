"""The feed-forward cap of a product: what its AI may still cost today so that the margin floor holds, written ahead.

Allowance = expected revenue of the whole day x (1 - floor) - expected other cost of goods sold of the whole day - AI cost of
goods sold of the day so far - headroom, never below zero, and split over the product's keys by what each cost in the last
seven days, exactly. Expected revenue is the mean of the same weekday among the last 28 days whose revenue is known. All
amounts are in one currency, which for limits that are written to a gateway is the US dollar. Revenue that is too old, or
anything else that is not known or not fresh, holds the limits that stand and tells somebody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext

from orchestration.policy.evidence import evidence_id, figure
from orchestration.policy.exact_split import UNIT
from orchestration.policy.shared_limits import KeySpend, shared_limits

KNOWN_DAYS = 28
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class RevenueDay:
    """Revenue of one whole day."""

    day: date
    revenue: Decimal


@dataclass(frozen=True)
class ProductKey:
    """A key that serves the product. ``trailing_cost``: of the last seven days; ``cost``: of the day so far, None where not
    known; ``standing``: the limit that was last decided, None for none.
    """

    key: str
    trailing_cost: Decimal
    cost: Decimal | None
    standing: Decimal | None = None


@dataclass(frozen=True)
class MarginFacts:
    """One product on ``day``, the local day that contains now. None: not known.

    ``known_at``: up to when the cost of the day is in; ``other_cogs``: expected for the whole day; ``ai_cogs``: of the day so
    far; ``revenue_max_age_days``: policy; ``max_age``: how old the cost may be.
    """

    product_id: str
    day: date
    revenue: tuple[RevenueDay, ...]
    floor_ratio: Decimal | None
    other_cogs: Decimal | None
    ai_cogs: Decimal | None
    known_at: datetime | None
    headroom: Decimal
    keys: tuple[ProductKey, ...]
    revenue_max_age_days: int
    max_age: timedelta


@dataclass(frozen=True)
class MarginDecision:
    """``allowance``: what may still be spent today, None where it is not known and limits are held; ``limits``: the most that
    each key may cost on the whole day, its own cost so far included.
    """

    product_id: str
    allowance: Decimal | None
    expected_revenue: Decimal | None
    limits: Mapping[str, Decimal] = field(default_factory=dict)
    reason: str = ""
    is_alert: bool = False
    evidence_id: str = ""


@dataclass(frozen=True)
class _Evidence:
    facts: MarginFacts
    now: datetime


def decide_margin_cap(facts: MarginFacts, now: datetime) -> MarginDecision:
    """The product's allowance at ``now`` and the limits of its keys. ValueError for a time without a zone."""
    if now.utcoffset() is None:
        raise ValueError(f"{now} has no time zone")
    proof = evidence_id(_Evidence(facts, now.astimezone(UTC)))
    expected = _expected_revenue(facts)
    gap = _gap(facts, expected, now)
    standing = {one.key: one.standing for one in facts.keys if one.standing is not None}
    if gap is not None:
        reason = f"{gap}; limits held"
        return MarginDecision(facts.product_id, None, expected, standing, reason, True, proof)
    assert expected is not None and facts.floor_ratio is not None
    assert facts.other_cogs is not None and facts.ai_cogs is not None
    with localcontext() as context:
        context.prec = 60
        affordable = (expected * (1 - facts.floor_ratio)).quantize(UNIT, ROUND_FLOOR)
        left = affordable - facts.other_cogs - facts.ai_cogs - facts.headroom
        allowance = max(left, _NOTHING)
        spent = sum((one.cost or _NOTHING for one in facts.keys), _NOTHING)
        keys = [KeySpend(one.key, one.cost, one.standing, max(one.trailing_cost, _NOTHING)) for one in facts.keys]
        limits = shared_limits(allowance + spent, keys, may_raise=True)
    reason = (
        f"{figure(expected)} of revenue expected, {figure(affordable)} above the floor of "
        f"{figure(facts.floor_ratio, 4)}: less {figure(facts.other_cogs)} of other cost, {figure(facts.ai_cogs)} of AI cost so "
        f"far and {figure(facts.headroom)} of headroom, {figure(allowance)} may still be spent"
    )
    return MarginDecision(facts.product_id, allowance, expected, limits, reason, allowance == 0, proof)


def _expected_revenue(facts: MarginFacts) -> Decimal | None:
    """The mean of the same weekday in the last 28 known days before the day, rounded down; None without one."""
    known = {one.day: one for one in sorted(facts.revenue, key=lambda one: one.day) if one.day < facts.day}
    last = [known[day] for day in sorted(known)[-KNOWN_DAYS:]]
    same = [one for one in last if one.day.weekday() == facts.day.weekday()]
    if not same:
        return None
    with localcontext() as context:
        context.prec = 60
        return (sum((one.revenue for one in same), _NOTHING) / len(same)).quantize(UNIT, ROUND_FLOOR)


def _gap(facts: MarginFacts, expected: Decimal | None, now: datetime) -> str | None:
    """Why no allowance can be worked out; None if one can."""
    latest = max((one.day for one in facts.revenue if one.day < facts.day), default=None)
    if latest is None:
        return "revenue_not_reported: no revenue is known"
    if (facts.day - latest).days > facts.revenue_max_age_days:
        return f"revenue_too_old: known up to {latest}, more than {facts.revenue_max_age_days} days ago"
    if expected is None:
        return f"no_same_weekday: no {facts.day:%A} among the last {KNOWN_DAYS} days of known revenue"
    if facts.floor_ratio is None:
        return "no_floor: the product has no margin floor"
    if facts.other_cogs is None:
        return "other_cogs_not_known"
    if facts.ai_cogs is None or facts.known_at is None or any(one.cost is None for one in facts.keys):
        return "cost_not_known"
    if facts.known_at > now:
        return f"future_cost: known as of {facts.known_at}, which is after now"
    if now - facts.known_at > facts.max_age:
        return f"stale_cost: known only as of {facts.known_at}, more than {facts.max_age} ago"
    return None
