"""Finds incidents in the gateway's landed history with the detector of the minute path, each as it would have been found.

Hours are screened first (``screen``), so that minutes are read of few keys and days, and no other day of the log is
opened. No minute knows a later one; what is found of a day does not depend on later days, but for how an incident that
was going on went on. Costs are priced at our contracted prices in the reporting currency; the detector's amounts convert
at the dollar's rate of the day. Days without such a rate are not judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import duckdb
import numpy as np

from orchestration.gateway_days import load_days
from orchestration.incidents.screen import KeyHours, dear_hours, is_quiet, key_hours, may_drip, near_breaches
from orchestration.landing.store import Landing
from orchestration.lineage import tables_read
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
from orchestration.quoting import literal

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
_CLASSES = """
select column_name from duckdb_columns()
where schema_name = 'intermediate' and table_name = 'int_gateway_prices_by_day' and ends_with(column_name, '_price')
order by column_index
"""
_PRICED = """coalesce(
    cast(greatest({name}, 0) as decimal(18, 0)) * {name}_price * cast(0.000001 as decimal(7, 6)), 0
)"""
_MINUTES = """
with wanted as (
    select unnest($keys) as api_key_id, unnest($hours) as hour
),
calls as (
    select logged.*
    from intermediate.int_gateway_calls_by_class as logged
    semi join wanted
        on logged.api_key_id = wanted.api_key_id
        and cast(floor(epoch(logged.started_at)) as bigint) // 3600 = wanted.hour
    where {days}
),
once as (
    select * from calls
    qualify row_number() over (
        partition by call_id, billing_date
        order by is_generated desc, prompt_tokens + completion_tokens desc, started_at, partition, request_id
    ) = 1
),
priced as (
    select
        once.*,
        date_trunc('minute', once.started_at at time zone 'UTC') as minute,
        case when once.is_generated then {cost} else 0 end as cost
    from once
    left join intermediate.int_context_tiers as tiers
        on once.provider = tiers.provider
        and once.model_id = tiers.model_id
        and once.prompt_tokens > tiers.context_tier_start
        and once.prompt_tokens <= tiers.last_prompt_tokens
    left join (
        select distinct price_key, provider, model_id, price_variant from intermediate.int_usage_keys_numbered
    ) as keys
        on once.provider = keys.provider
        and once.model_id is not distinct from keys.model_id
        and once.price_variant = keys.price_variant
    left join intermediate.int_gateway_prices_by_day as prices
        on keys.price_key = prices.price_key
        and once.billing_date = prices.billing_date
        and coalesce(tiers.context_tier_start, 0) = prices.context_tier_start
),
signatures as (
    select api_key_id, minute, concat_ws(' ', model_id, prompt_tokens) as signature, count(*) as calls,
        sum(cost) as cost, sum(prompt_tokens) as prompt_tokens
    from priced
    group by all
)
select
    api_key_id, minute, cast(sum(cost) as decimal(38, 12)), cast(sum(calls) as bigint),
    cast(sum(prompt_tokens) as bigint), max_by(signature, (calls, signature)), max(calls)
from signatures
group by all
order by api_key_id, minute
"""
TABLES = tables_read(_HOURS, _RATES, _MINUTES)


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


Minutes = dict[str, list[MinuteTotals]]


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
    connection: duckdb.DuckDBPyConnection, landing: Landing, currency: str, as_of: date, policy_version: str
) -> list[HistoryIncident]:
    """Every incident of the landed history up to ``as_of``, in order of time. Without any price or rate: none."""
    rates = _Rates(connection, currency)
    if rates.least is None:
        return []
    keys = list(_keys(connection, rates.least, as_of))
    wanted = {hours.key: _wanted(dear_hours(hours, rates.least)) for hours in keys}
    minutes = _read_minutes(connection, landing, wanted)
    found: list[Found] = []
    for hours in keys:
        loops, disturbed = _loops(hours, near_breaches(minutes.get(hours.key, []), rates.least), rates)
        found += [*loops, *_drips(hours, disturbed, rates, rates.least)]
    rows = [_row(opened, last, policy_version) for opened, last in found]
    return sorted(rows, key=lambda row: (row.started_at, row.entity, row.kind))


def _keys(connection: duckdb.DuckDBPyConnection, limits: LoopLimits, as_of: date) -> Iterator[KeyHours]:
    read = connection.execute(_HOURS).fetchnumpy()
    names = np.asarray(read.pop("api_key_id"))
    starts: list[int] = np.flatnonzero(np.append(True, names[1:] != names[:-1])).tolist() if len(names) else []
    for first, end in pairwise([*starts, len(names)]):
        utc, local, cost, calls = (np.asarray(read[name][first:end]) for name in ("utc", "local", "cost", "calls"))
        if not is_quiet(cost, limits):
            yield key_hours(str(names[first]), utc, local, cost, calls, as_of)


def _wanted(dear: list[datetime]) -> list[datetime]:
    """The dear hours, one before and one after each."""
    return sorted({hour + step * HOUR for hour in dear for step in (-1, 0, 1)})


def _read_minutes(
    connection: duckdb.DuckDBPyConnection, landing: Landing, wanted: dict[str, list[datetime]]
) -> Minutes:
    pairs = [(key, hour) for key, hours in wanted.items() for hour in hours]
    days = sorted({hour.date() for _, hour in pairs})
    partitions = sorted({name for name, _, day, _ in load_days(connection, landing) if day in set(days)})
    if not partitions:
        return {}
    # literal lists go below what the view computes of each call; a join with them would not
    hours_read = ", ".join(str(hour) for hour in sorted({int(hour.timestamp()) // 3600 for _, hour in pairs}))
    condition = (
        f"partition in ({', '.join(map(literal, partitions))}) "
        f"and started_at >= timestamptz '{days[0]} 00:00:00+00' "
        f"and started_at < timestamptz '{days[-1]} 00:00:00+00' + interval 1 day "
        f"and api_key_id in ({', '.join(map(literal, sorted({key for key, _ in pairs})))}) "
        f"and cast(floor(epoch(started_at)) as bigint) // 3600 in ({hours_read})"
    )
    parameters = {"keys": [key for key, _ in pairs], "hours": [int(hour.timestamp()) // 3600 for _, hour in pairs]}
    cost = " + ".join(
        _PRICED.format(name=column.removesuffix("_price")) for (column,) in connection.execute(_CLASSES).fetchall()
    )
    found: Minutes = {}
    for key, minute, *facts in connection.execute(_MINUTES.format(days=condition, cost=cost), parameters).fetchall():
        cost, calls, prompt_tokens, signature, repeated = facts
        totals = MinuteTotals(minute.replace(tzinfo=UTC), cost, calls, prompt_tokens, signature, repeated)
        found.setdefault(key, []).append(totals)
    return found


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
