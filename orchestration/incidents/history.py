"""Finds incidents in the gateway's landed history with the detector of the minute path, each as it would have been found.

Hours are screened first (``screen``), so that minutes are read of few keys and days (``minutes``), and no other day of the
log is opened. No minute knows a later one; what is found of a day does not depend on later days, but for how an incident that
was going on went on. Costs are priced at our contracted prices in the reporting currency; the detector's amounts convert
at the dollar's rate of the day. Days without such a rate are not judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from orchestration.incidents.minutes import TABLES as MINUTES_READ
from orchestration.incidents.minutes import read_minutes
from orchestration.incidents.screen import KeyHours, dear_hours, is_quiet, key_hours, may_drip, near_breaches
from orchestration.landing.store import Landing
from orchestration.lineage import merged, tables_read
from orchestration.policy.loop_detector import (
    FOUND,
    LIMITS,
    DripWatch,
    Incident,
    LoopDecision,
    LoopLimits,
    LoopState,
    MinuteTotals,
    observe_hour,
    observe_minute,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ADAPTER = "litellm"

_HOURS = """
select
    api_key_id, cast(epoch(usage_start_at) as bigint) // 3600 as utc, cast(epoch(local_start_at) as bigint) // 3600 as local,
    cost, cast(calls as bigint) as calls
from intermediate.int_gateway_costs_by_hour
where cost > 0
order by api_key_id, utc
"""
_RATES = "select rate_date, rate from intermediate.int_exchange_rates_filled where currency = 'USD' order by rate_date"
TABLES = merged(tables_read(_HOURS, _RATES), MINUTES_READ)


@dataclass(frozen=True)
class HistoryIncident:
    """Row of stream ``guardrails/incidents``; ``ended_at`` is None while it goes on."""

    started_at: datetime
    detected_at: datetime
    ended_at: datetime | None
    adapter: str
    entity: str
    api_key_id: str
    kind: str
    incident_cost: Decimal
    cost_per_hour: Decimal
    is_repeat: bool
    reason: str
    evidence_id: str
    policy_version: str


class _Rates:
    """The detector's limits in the reporting currency by day."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, currency: str) -> None:
        self._is_dollar = currency == "USD"
        rates = [] if self._is_dollar else connection.execute(_RATES).fetchall()
        self._worth = {day: LIMITS.worth(rate) for day, rate in rates}

    def on(self, moment: datetime) -> LoopLimits | None:
        return LIMITS if self._is_dollar else self._worth.get(moment.date())

    @property
    def least(self) -> LoopLimits | None:
        """The lowest limits of all days."""
        return LIMITS if self._is_dollar else min(self._worth.values(), key=lambda one: one.min_spend, default=None)


def find_incidents(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    currency: str,
    zone: ZoneInfo,
    as_of: date,
    policy_version: str,
    *,
    full_refresh: bool = False,
) -> list[HistoryIncident]:
    """Every incident of the landed history up to the end of ``as_of`` in ``zone``, in order of time. Without any price or rate:
    none. ``full_refresh``: minutes that were read before are read again.
    """
    rates, end = _Rates(connection, currency), datetime.combine(as_of + timedelta(days=1), time(), zone).astimezone(UTC)
    if rates.least is None:
        return []
    keys = list(_keys(connection, rates.least, as_of, end))
    wanted = {hours.key: _wanted(dear_hours(hours, rates.least), end) for hours in keys}
    minutes = read_minutes(connection, landing, wanted, end, full_refresh=full_refresh)
    found: list[Found] = []
    for hours in keys:
        loops, disturbed = _loops(hours, near_breaches(minutes.get(hours.key, []), rates.least), rates)
        found += [*loops, *_drips(hours, disturbed, rates, rates.least)]
    rows = [_row(opened, last, policy_version) for opened, last in found]
    return sorted(rows, key=lambda row: (row.started_at, row.entity, row.kind))


def _keys(connection: duckdb.DuckDBPyConnection, limits: LoopLimits, as_of: date, end: datetime) -> Iterator[KeyHours]:
    read = connection.execute(_HOURS).fetchnumpy()
    names = np.asarray(read.pop("api_key_id"))
    starts: list[int] = np.flatnonzero(np.append(True, names[1:] != names[:-1])).tolist() if len(names) else []
    for first, after in pairwise([*starts, len(names)]):
        utc, local, cost, calls = (np.asarray(read[name][first:after]) for name in ("utc", "local", "cost", "calls"))
        if not is_quiet(cost, limits):
            yield key_hours(str(names[first]), utc, local, cost, calls, as_of, end)


def _wanted(dear: list[datetime], end: datetime) -> list[datetime]:
    """The dear hours, one before and one after each, as far as they begin before ``end``."""
    around = {hour + step * HOUR for hour in dear for step in (-1, 0, 1)}
    return sorted(hour for hour in around if hour < end)


Found = tuple[LoopDecision, LoopDecision]
"""How an incident was found, and the last that is known of it: that it is over, or the same again."""


def _loops(hours: KeyHours, minutes: list[MinuteTotals], rates: _Rates) -> tuple[list[Found], set[datetime]]:
    """The key's loops, and the UTC hours in which one ran."""
    state, opened, found, disturbed = LoopState(hours.key), None, list[Found](), set[datetime]()
    for number, totals in enumerate(minutes):
        following = minutes[number + 1].minute if number + 1 < len(minutes) else hours.end
        while totals.minute < following:
            limits, hour = rates.on(totals.minute), totals.minute.replace(minute=0)
            if limits is None:
                break
            state, decisions = observe_minute(state, totals, hours.baseline(hour), totals.minute + MINUTE, limits)
            for one in decisions:
                if one.phase == FOUND:
                    opened = one
                elif opened is not None:
                    found.append((opened, one))
            if state.incident is not None:
                disturbed.add(hour)
            elif totals.minute - minutes[number].minute > limits.window_minutes * MINUTE:
                break
            totals = MinuteTotals(totals.minute + MINUTE, Decimal(0), 0, 0)
    if opened is not None and state.incident is not None:
        found.append((opened, _still(opened, state.incident)))
    return found, disturbed


def _drips(hours: KeyHours, disturbed: set[datetime], rates: _Rates, limits: LoopLimits) -> list[Found]:
    """The key's slow drips, from all its hours but those in which a loop ran."""
    if not may_drip(hours, limits):
        return []
    watch, opened, found, hour = DripWatch(), None, list[Found](), hours.first_hour
    while hour < hours.end:
        of_day = rates.on(hour)
        if of_day is not None and hour not in disturbed:
            cost = Decimal(f"{hours.cost_of(hour):.9f}")
            watch, decisions = observe_hour(hours.key, watch, hour, cost, hours.baseline(hour), hour + HOUR, of_day)
            for one in decisions:
                if one.phase == FOUND:
                    opened = one
                elif opened is not None:
                    found.append((opened, one))
        hour += HOUR
    if opened is not None and watch.incident is not None:
        found.append((opened, _still(opened, watch.incident)))
    return found


def _still(opened: LoopDecision, incident: Incident) -> LoopDecision:
    """What is known of an incident that is not over."""
    return replace(opened, cost=incident.excess, cost_per_hour=incident.per_hour)


def _row(opened: LoopDecision, last: LoopDecision, policy_version: str) -> HistoryIncident:
    return HistoryIncident(
        started_at=opened.started_at,
        detected_at=opened.detected_at,
        ended_at=last.ended_at,
        adapter=ADAPTER,
        entity=f"key:{opened.key}",
        api_key_id=opened.key,
        kind=opened.kind,
        incident_cost=last.cost,
        cost_per_hour=opened.cost_per_hour,
        is_repeat=opened.is_repeat,
        reason=opened.reason,
        evidence_id=opened.evidence_id,
        policy_version=policy_version,
    )
