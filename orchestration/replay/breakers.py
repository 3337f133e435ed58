"""Replays the margin circuit breaker per product, one decision at the end of each local day, from what was known then.

A day's reading is the margin of the latest day with known revenue; on a day with unpriced usage it can be a breach and
nothing else. Other cost of goods sold is what was posted by then, an open month at the last complete month's daily rate.
The floor is the product's own, else the policy's distance below its target; while a milestone's tolerance is active the
milestone's floor counts where it is lower. The replay says what an automatic breaker decides; whether it acts is
``breaker_mode``.

Assumption behind ``saved_amount``: demand is unchanged by the breaker, so a day that begins in a restricting state
saves a share of its AI cost of goods sold: all of it while open or in cool-down, half while throttled or half-open,
none while degraded (what a cheaper model saves is in the right-sizing tables). A trip was false if over the seven days
after it the margin, as finally known, was at or above the floor without any action; that is hindsight, for scoring.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb

from orchestration.graduation.inputs import read_inputs
from orchestration.graduation.product_history import ProductHistory, product_histories
from orchestration.graduation.records import ProductDay
from orchestration.lineage import tables_read
from orchestration.policy.circuit_breaker import (
    CLOSED,
    COOL_DOWN,
    HALF_OPEN,
    OPEN,
    THROTTLED,
    Breaker,
    BreakerDecision,
    BreakerLimits,
    MarginReading,
    decide_breaker,
)
from orchestration.policy.evidence import rounded
from orchestration.registry.policy import EffectivePolicy

SAVED_SHARE = {THROTTLED: Decimal("0.5"), OPEN: Decimal(1), COOL_DOWN: Decimal(1), HALF_OPEN: Decimal("0.5")}
JUDGED_DAYS = 7
LAST_INSTANT = time(23, 59, 59)


@dataclass(frozen=True)
class BreakerDay:
    """One product's decision at the end of ``day``; ``margin_date`` is the day whose margin was read."""

    product_id: str
    day: date
    margin_date: date | None
    reading: MarginReading
    decision: BreakerDecision
    decided_at: datetime
    breached_since: datetime | None = None


@dataclass(frozen=True)
class BreakerReplay:
    """Row of stream ``replay/breakers``: the breaker of one product, or the cap of one entity, at the end of one day.

    ``trip_at`` and what follows it are known on the day of a trip only: ``minutes_to_trip`` from the end of the first day
    of the breaches in a row, or from the request that crossed; ``overshoot_amount`` above a cap by then.
    ``revenue_touched``: the day's revenue of a product whose day began in a restricting state.
    """

    product_id: str | None
    replay_date: date
    status: str
    from_state: str
    reasons: str
    is_trip: bool
    is_false_trip: bool | None
    is_alert: bool
    saved_amount: Decimal
    margin_date: date | None
    gross_margin_ratio: Decimal | None
    margin_floor_ratio: Decimal | None
    evidence_id: str
    policy_version: str
    policy: str
    entity: str
    cap_window: str | None
    trip_at: datetime | None
    minutes_to_trip: Decimal | None
    overshoot_amount: Decimal | None
    revenue_touched: Decimal | None


@dataclass(frozen=True)
class BreakerChange:
    """Row of stream ``guardrails/decisions``: a change of state that the breaker decides."""

    decided_at: datetime
    policy: str
    entity: str
    from_state: str
    to_state: str
    reason: str
    evidence_id: str
    policy_version: str


@dataclass(frozen=True)
class _Floor:
    """A product's target and floor in force, or a milestone's floor while its tolerance is active."""

    target: Decimal | None
    floor: Decimal | None
    valid_from: date
    valid_to: date


def limits_of(policy: EffectivePolicy) -> BreakerLimits:
    """The breaker keys of the effective policy, typed; a breach is as old as revenue may be."""
    return BreakerLimits(
        breaches=int(policy["breaker_breaches"]),
        reset_margin=Decimal(policy["breaker_reset_margin"]),
        dwell=timedelta(minutes=int(policy["breaker_dwell_minutes"])),
        cooldown=timedelta(minutes=int(policy["breaker_cooldown_minutes"])),
        breach_max_age=timedelta(days=int(policy["revenue_max_age_days"])),
    )


def breaker_days(
    connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, last: date
) -> dict[str, tuple[ProductHistory, list[BreakerDay]]]:
    """Every product's history and its decisions from its first day to ``last``."""
    inputs = read_inputs(connection, last)
    floors = _Floors(connection, policy, last)
    zone, max_age = ZoneInfo(inputs.time_zone), int(policy["revenue_max_age_days"])
    return {
        product: (history, list(_decided(product, history, floors, limits_of(policy), zone, max_age)))
        for product, history in product_histories(inputs).items()
    }


def replay_breakers(
    connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, first: date, last: date
) -> list[BreakerReplay]:
    """Rows of stream ``replay/breakers``: one per product and day from ``first`` to ``last``."""
    return [
        _row(one, history, last, policy.version)
        for history, days in breaker_days(connection, policy, last).values()
        for one in days
        if one.day >= first
    ]


def guardrail_decisions(
    connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, as_of: date
) -> list[BreakerChange]:
    """Rows of stream ``guardrails/decisions``: every change of state that the breaker decides up to ``as_of``."""
    return [
        BreakerChange(
            decided_at=one.decided_at,
            policy="margin_breaker",
            entity=one.product_id,
            from_state=one.decision.before.state,
            to_state=one.decision.after.state,
            reason=one.decision.reason,
            evidence_id=one.decision.evidence_id,
            policy_version=policy.version,
        )
        for _, days in breaker_days(connection, policy, as_of).values()
        for one in days
        if one.decision.is_change
    ]


def _decided(
    product: str, history: ProductHistory, floors: "_Floors", limits: BreakerLimits, zone: ZoneInfo, max_age: int
) -> Iterator[BreakerDay]:
    breaker = Breaker(CLOSED, datetime.combine(history.dates[0], time(), zone)) if history.dates else None
    breached_since: datetime | None = None
    for day in history.dates:
        assert breaker is not None
        known = history.last_known(day)
        now = datetime.combine(day, LAST_INSTANT, zone)
        reading = MarginReading(None, None, None, "no_revenue_reported: no revenue is known")
        if known is not None:
            reading = MarginReading(
                observed_at=datetime.combine(known.margin_date, LAST_INSTANT, zone),
                margin_ratio=_ratio(known.revenue, known.ai_cogs, known.other_cogs),
                floor_ratio=floors.on(product, day),
                gap=_gap(known, (day - known.margin_date).days, max_age, floors.on(product, day)),
            )
        decision = decide_breaker(breaker, reading, limits, now)
        is_read = decision.after.last_reading_at != decision.before.last_reading_at
        if is_read and (not decision.before.breaches or decision.after.breaches == 1):
            breached_since = reading.observed_at
        margin_date = known.margin_date if known else None
        yield BreakerDay(product, day, margin_date, reading, decision, now, breached_since)
        breaker = decision.after


def _gap(known: ProductDay, age: int, max_age: int, floor: Decimal | None) -> str | None:
    if age > max_age:
        return f"stale_revenue: {age} days old, {max_age} allowed"
    if not known.revenue or known.revenue < 0:
        return "no_revenue: the day earned nothing, so it has no margin"
    if known.ai_cogs is None or known.other_cogs is None:
        return "no_cost_of_goods_sold: other or AI cost of goods sold is not known, so there is no margin"
    if floor is None:
        return "no_floor: the product has neither a target nor a floor margin"
    ratio = _ratio(known.revenue, known.ai_cogs, known.other_cogs)
    if known.has_unpriced and (ratio is None or ratio >= floor):
        return "unpriced_usage: some of the day's usage has no price, so the margin is lower than what is known of it"
    return None


def _ratio(revenue: Decimal | None, ai_cogs: Decimal | None, other_cogs: Decimal | None) -> Decimal | None:
    if not revenue or revenue < 0 or ai_cogs is None or other_cogs is None:
        return None
    return rounded((revenue - ai_cogs - other_cogs) / revenue)


def _row(one: BreakerDay, history: ProductHistory, last: date, version: str) -> BreakerReplay:
    decision = one.decision
    is_restricting = decision.before.state != CLOSED
    return BreakerReplay(
        product_id=one.product_id,
        replay_date=one.day,
        status=decision.after.state,
        from_state=decision.before.state,
        reasons=decision.reason,
        is_trip=decision.is_trip,
        is_false_trip=_is_false(one, history, last) if decision.is_trip else False,
        is_alert=decision.is_alert,
        saved_amount=_saved(one, history),
        margin_date=one.margin_date,
        gross_margin_ratio=one.reading.margin_ratio,
        margin_floor_ratio=one.reading.floor_ratio,
        evidence_id=decision.evidence_id,
        policy_version=version,
        policy="margin_breaker",
        entity=one.product_id,
        cap_window=None,
        trip_at=one.decided_at if decision.is_trip else None,
        minutes_to_trip=minutes_between(one.breached_since, one.decided_at) if decision.is_trip else None,
        overshoot_amount=None,
        revenue_touched=history.days[(one.day - history.dates[0]).days].revenue if is_restricting else Decimal(0),
    )


def minutes_between(begin: datetime | None, end: datetime) -> Decimal | None:
    """Minutes between two moments, as UTC counts them."""
    return None if begin is None else rounded(Decimal(round(end.timestamp() - begin.timestamp())) / 60, 4)


def _saved(one: BreakerDay, history: ProductHistory) -> Decimal:
    """What the state in which the day began saves of the day's AI cost of goods sold."""
    share = SAVED_SHARE.get(one.decision.before.state)
    cost = history.days[(one.day - history.dates[0]).days].ai_cogs
    return Decimal(0) if share is None or cost is None else rounded(share * max(Decimal(0), cost), 12)


def _is_false(one: BreakerDay, history: ProductHistory, last: date) -> bool | None:
    """None until revenue and cost of the seven days after the trip are known."""
    end = one.day + timedelta(days=JUDGED_DAYS)
    after = [history.as_known(day, last) for day in history.known if one.day < day.margin_date <= end]
    revenue = [day.revenue for day in after if day.revenue is not None]
    cost = [
        day.ai_cogs + day.other_cogs
        for day in after
        if day.ai_cogs is not None and day.other_cogs is not None and not day.has_unpriced
    ]
    if len(revenue) < JUDGED_DAYS or len(cost) < JUDGED_DAYS or one.reading.floor_ratio is None:
        return None
    earned = sum(revenue, Decimal(0))
    return earned - sum(cost, Decimal(0)) >= one.reading.floor_ratio * earned


class _Floors:
    """Floors by product and day; a milestone's adoption counts only from the day it was reported."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, last: date) -> None:
        self.policy = policy
        self.products: dict[str, list[_Floor]] = defaultdict(list)
        self.milestones: dict[str, list[_Floor]] = defaultdict(list)
        for product, *values in connection.execute(_PRODUCTS).fetchall():
            self.products[product].append(_Floor(*values))
        for product, floor, begins, ends in connection.execute(_MILESTONES, {"last": last}).fetchall():
            self.milestones[product].append(_Floor(None, floor, begins, ends))

    def on(self, product: str, day: date) -> Decimal | None:
        stated = next((one for one in self.products[product] if one.valid_from <= day < one.valid_to), None)
        if stated is None:
            return None
        floor = stated.floor if stated.floor is not None else self.policy.margin_floor(stated.target)
        tolerated = [
            one.floor
            for one in self.milestones[product]
            if one.floor is not None and one.valid_from <= day < one.valid_to
        ]
        return min([floor, *tolerated]) if floor is not None else None


_PRODUCTS = """
select product_id, target_gross_margin_ratio, margin_floor_ratio, effective_from, effective_to
from intermediate.int_products_effective order by product_id, effective_from"""
_MILESTONES = """
with adoption as (
    select initiatives.initiative_id, initiatives.effective_from, min(metrics.metric_date) as met_on
    from intermediate.int_initiatives_effective as initiatives
    inner join marts.fct_business_metrics as metrics
        on initiatives.milestone_metric_id = metrics.metric_id
        and (metrics.initiative_id = initiatives.initiative_id or metrics.product_id = initiatives.product_id)
    where metrics.value >= initiatives.milestone_target and metrics.metric_date <= $last
    group by all
)
select initiatives.product_id, initiatives.milestone_margin_floor_ratio,
    greatest(initiatives.started_on, initiatives.effective_from),
    least(initiatives.milestone_by + 1, initiatives.effective_to, coalesce(adoption.met_on, initiatives.effective_to))
from intermediate.int_initiatives_effective as initiatives
left join adoption using (initiative_id, effective_from)
where initiatives.product_id is not null and initiatives.milestone_margin_floor_ratio is not null
order by all"""
TABLES = tables_read(_PRODUCTS, _MILESTONES)
