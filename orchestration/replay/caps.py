"""Replays the caps of the policy, each window day by day, from the cost of the traffic as it becomes known.

A day's cost is known when the day has ended, in the cap's time zone, and the source's settle lag has passed. A cap trips on
the day on which the window's cost first exceeds it, at the moment when that is known; it is reset with its window. So a
daily cap that is watched from settled data trips when its window is over and saves nothing: what stops a window within the
day is the gateway's own cap or the minute path, whose record is ``cap_audit_by_entity_day``. ``saved_amount`` assumes that
demand is unchanged: the cost of the whole days of the window that begin after the trip. Cost that is not known trips nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb

from orchestration.lineage import tables_read
from orchestration.policy.circuit_breaker import CLOSED, OPEN
from orchestration.policy.evidence import evidence_id, figure
from orchestration.registry.policy import EffectivePolicy
from orchestration.replay.breakers import BreakerReplay, minutes_between

POLICY = "cap"


class CapDay(NamedTuple):
    """One capped window on one day, with what was spent in it so far."""

    adapter: str
    entity: str
    window: str
    window_start: date
    day: date
    resets_at: datetime
    time_zone: str
    cap: Decimal
    cost: Decimal
    day_cost: Decimal
    crossed_at: datetime | None
    is_known: bool
    settle_lag_hours: int

    @property
    def known_at(self) -> datetime:
        """When the day's cost is settled; times between are those of UTC."""
        end = datetime.combine(self.day + timedelta(days=1), time(), ZoneInfo(self.time_zone))
        return datetime.fromtimestamp(end.timestamp() + self.settle_lag_hours * 3600, end.tzinfo)


@dataclass(frozen=True)
class _Evidence:
    entity: str
    window: str
    day: date
    cap: Decimal
    cost: Decimal


def replay_caps(
    connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, first: date, last: date
) -> list[BreakerReplay]:
    """Rows of stream ``replay/breakers``: one per capped entity, window and day from ``first`` to ``last``."""
    days = [CapDay(*row) for row in connection.execute(_DAYS, {"last": last}).fetchall()]
    windows = groupby(days, key=lambda one: (one.adapter, one.entity, one.window, one.window_start))
    return [row for _, window in windows for row in _replayed(list(window), policy.version) if row.replay_date >= first]


def _replayed(days: list[CapDay], version: str) -> Iterator[BreakerReplay]:
    """The days of one window."""
    trip_at: datetime | None = None
    for day in days:
        began = datetime.combine(day.day, time(), ZoneInfo(day.time_zone))
        is_open = trip_at is not None and trip_at <= began
        is_trip = trip_at is None and day.cost > day.cap
        if is_trip:
            trip_at = day.known_at
        yield BreakerReplay(
            product_id=None,
            replay_date=day.day,
            status=OPEN if is_open else CLOSED,
            from_state=OPEN if is_open else CLOSED,
            reasons=_reason(day, is_trip, trip_at),
            is_trip=is_trip,
            is_false_trip=False,
            is_alert=is_trip or not day.is_known,
            saved_amount=max(Decimal(0), day.day_cost) if is_open else Decimal(0),
            margin_date=None,
            gross_margin_ratio=None,
            margin_floor_ratio=None,
            evidence_id=evidence_id(_Evidence(day.entity, day.window, day.day, day.cap, day.cost)),
            policy_version=version,
            policy=POLICY,
            entity=day.entity,
            cap_window=day.window,
            trip_at=day.known_at if is_trip else None,
            minutes_to_trip=minutes_between(day.crossed_at, day.known_at) if is_trip else None,
            overshoot_amount=day.cost - day.cap if is_trip else None,
            revenue_touched=None,
        )


def _reason(day: CapDay, is_trip: bool, trip_at: datetime | None) -> str:
    told = f"cost {figure(day.cost, 4)}, {day.window} cap {figure(day.cap, 4)}"
    if is_trip and day.known_at >= day.resets_at:
        return f"crossed, and known when the window was over: {told}"
    if is_trip:
        return f"crossed: {told}"
    if trip_at is not None:
        return f"waits for the reset at {day.resets_at.isoformat()}: {told}"
    return f"within_cap: {told}" if day.is_known else f"cost_not_known: some usage has no price; state held: {told}"


_DAYS = """
select audit.adapter, audit.entity, audit."window", audit.window_start_date, audit.cap_date, audit.resets_at,
    audit.time_zone, audit.cap_configured, audit.cost, audit.day_cost, audit.crossed_at, audit.status <> 'unknown',
    coalesce(sources.settle_lag_hours, 0)
from marts.cap_audit_by_entity_day as audit
left join staging.stg_registry__sources as sources on audit.adapter = sources.source
where audit.cap_configured is not null and audit.cap_date <= $last
order by audit.adapter, audit.entity, audit."window", audit.window_start_date, audit.cap_date"""
TABLES = tables_read(_DAYS)
