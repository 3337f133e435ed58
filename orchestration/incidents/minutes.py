"""Sums by key and minute of the few hours that the detector looks into, read from the gateway's log once.

What was read of a UTC day stays in the warehouse, ``landing.incident_minutes``, under a digest of all that it follows from: the
loads that hold the day, the hours looked into, the day's prices, the keys and context tiers they are found by, and the
models. A day whose digest is another is read again, so that a new day costs the reading of that day. The memory is written in
one transaction; a warehouse without it is read whole.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import duckdb

from orchestration.gateway_days import LoadDay, load_days
from orchestration.landing.store import Landing
from orchestration.lineage import tables_read
from orchestration.policy.loop_detector import MinuteTotals
from orchestration.project import project_digest
from orchestration.quoting import literal

Hours = Mapping[str, list[datetime]]
Minutes = dict[str, list[MinuteTotals]]

DAYS_AT_A_TIME = 7
"""Of so few days, the hours of all keys are hardly more than those that are wanted of each."""

_CLASSES = """
select column_name from duckdb_columns()
where schema_name = 'intermediate' and table_name = 'int_gateway_prices_by_day' and ends_with(column_name, '_price')
order by column_index
"""
_PRICED = """coalesce(
    cast(greatest({name}, 0) as decimal(19, 0)) * cast(0.000001 as decimal(7, 6)) * {name}_price, 0
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
insert into landing.incident_minutes
select
    cast(minute as date), api_key_id, minute, cast(sum(cost) as decimal(38, 12)), cast(sum(calls) as bigint),
    cast(sum(prompt_tokens) as bigint), max_by(signature, (calls, signature)), max(calls)
from signatures
group by all
"""
_REMEMBERED = """
select api_key_id, minute, cost, calls, prompt_tokens, signature, signature_calls
from landing.incident_minutes
where minute < ?
order by api_key_id, minute
"""
_TABLES = (
    "create table if not exists landing.incident_days (event_date date, digest varchar)",
    "create table if not exists landing.incident_minutes (event_date date, api_key_id varchar, minute timestamp, "
    "cost decimal(38, 12), calls bigint, prompt_tokens bigint, signature varchar, signature_calls bigint)",
)
_KEYS = """
select
    (select sum(hash(tiers)) from intermediate.int_context_tiers as tiers),
    (select sum(hash(keys)) from (
        select distinct price_key, provider, model_id, price_variant from intermediate.int_usage_keys_numbered
    ) as keys)
"""
_PRICES = "select billing_date, sum(hash(prices)) from intermediate.int_gateway_prices_by_day as prices group by all"
TABLES = tables_read(_MINUTES)


def read_minutes(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    wanted: Hours,
    end: datetime,
    *,
    full_refresh: bool = False,
) -> Minutes:
    """The minutes before ``end`` with calls of the hours ``wanted`` (UTC, by key), by key in order of time. Writes what was read
    into schema ``landing``; ``full_refresh``: all of it anew.
    """
    for statement in _TABLES:
        connection.execute(statement)
    hours: dict[date, list[tuple[str, int]]] = {}
    for key, of_key in wanted.items():
        for hour in of_key:
            hours.setdefault(hour.date(), []).append((key, int(hour.timestamp()) // 3600))
    visible = load_days(connection, landing)
    digests = _digests(connection, visible, hours)
    known = dict(connection.execute("from landing.incident_days").fetchall())
    days = sorted(known.keys() | digests.keys())
    stale = [day for day in days if full_refresh or known.get(day) != digests.get(day)]
    if stale:
        _read_again(connection, visible, {day: hours.get(day, []) for day in stale}, digests)
    found: Minutes = {}
    for key, minute, *facts in connection.execute(_REMEMBERED, [end.replace(tzinfo=None)]).fetchall():
        found.setdefault(key, []).append(MinuteTotals(minute.replace(tzinfo=UTC), *facts))
    return found


def _digests(
    connection: duckdb.DuckDBPyConnection, visible: list[LoadDay], hours: Mapping[date, list[tuple[str, int]]]
) -> dict[date, str]:
    """By UTC day: what its minutes follow from."""
    holders: dict[date, list[tuple[str, str]]] = {}
    for partition, load_id, day, _ in visible:
        holders.setdefault(day, []).append((partition, load_id))
    models = [project_digest(), duckdb.__version__, _MINUTES, _PRICED, str(connection.execute(_KEYS).fetchone())]
    prices = dict(connection.execute(_PRICES).fetchall())
    return {
        day: hashlib.sha256(
            json.dumps([models, sorted(holders[day]), sorted(pairs), str(prices.get(day))]).encode()
        ).hexdigest()
        for day, pairs in hours.items()
        if day in holders
    }


def _read_again(
    connection: duckdb.DuckDBPyConnection,
    visible: list[LoadDay],
    hours: Mapping[date, list[tuple[str, int]]],
    digests: Mapping[date, str],
) -> None:
    cost = " + ".join(
        _PRICED.format(name=column.removesuffix("_price")) for (column,) in connection.execute(_CLASSES).fetchall()
    )
    connection.execute("begin")
    connection.execute("delete from landing.incident_days where event_date in (select unnest(?))", [list(hours)])
    connection.execute("delete from landing.incident_minutes where event_date in (select unnest(?))", [list(hours)])
    for days in _chunks(day for day in hours if day in digests):
        pairs = [pair for day in days for pair in hours[day]]
        partitions = sorted({name for name, _, day, _ in visible if day in days})
        keys, numbers = sorted({key for key, _ in pairs}), sorted({hour for _, hour in pairs})
        # literal lists go below what the view computes of each call; a join with them would not
        condition = (
            f"partition in ({', '.join(map(literal, partitions))}) "
            f"and started_at >= timestamptz '{days[0]} 00:00:00+00' "
            f"and started_at < timestamptz '{days[-1]} 00:00:00+00' + interval 1 day "
            f"and api_key_id in ({', '.join(map(literal, keys))}) "
            f"and cast(floor(epoch(started_at)) as bigint) // 3600 in ({', '.join(map(str, numbers))})"
        )
        parameters = {"keys": [key for key, _ in pairs], "hours": [hour for _, hour in pairs]}
        connection.execute(_MINUTES.format(days=condition, cost=cost), parameters)
        connection.executemany("insert into landing.incident_days values (?, ?)", [(day, digests[day]) for day in days])
    connection.execute("commit")


def _chunks(days: Iterable[date]) -> Iterator[list[date]]:
    """Days in order, so that the first and last of a chunk are less than a week apart."""
    chunk: list[date] = []
    for day in days:
        if chunk and day - chunk[0] >= timedelta(days=DAYS_AT_A_TIME):
            yield chunk
            chunk = []
        chunk.append(day)
    if chunk:
        yield chunk
