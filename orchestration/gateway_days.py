"""Which UTC days of the gateway's log a build must sum again, as a set, and the batches it takes them in.

Tables in schema ``landing`` carry the memory from run to run: ``gateway_load_days`` (days and rows of every visible load
of the log), ``built_load_days`` (the same, as of the last successful build), ``built_context_tiers`` (the context tiers
it summed by), ``built_day_starts`` (the moments within an hour with which a day began in a cap's zone), ``built_by`` (zone,
dbt project and engine) and ``pending_days`` (what a build that has begun but not ended may have touched; a day of null means
all). ``gateway_batches`` is what dbt reads: the days of this build, few at a time, with the partitions that hold them, so that
no other load is opened.

A day's usage stands in one of two streams: single requests, or the sums that another engine made of a log that is not
here. A load's days come from its manifest entry; a load landed without them is read for its days. Nothing here is guessed: a
warehouse without the summed log, another zone, project or engine rebuilds everything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

import duckdb

from orchestration.landing.store import Landing
from orchestration.project import project_digest
from orchestration.quoting import literal

GATEWAY = ("litellm", "spend_logs")
ROLLED_UP = ("litellm", "rolled_up_usage")
SUMMED_LOG = ("intermediate", "int_gateway_usage_summed_by_hour")
BATCH_ROWS = 1_000_000
"""Rows summed at a time: few enough to stay in memory whatever the log's size, enough to pay for opening the files."""

LoadDay = tuple[str, str, date, int]
"""Partition, load id, UTC day, rows."""

_TABLES = (
    "create table if not exists landing.built_load_days "
    "(partition varchar, load_id varchar, event_date date, row_count bigint)",
    "create table if not exists landing.built_context_tiers "
    "(provider varchar, model_id varchar, context_tier_start bigint)",
    "create table if not exists landing.built_day_starts (day_start_at timestamp)",
    "create table if not exists landing.built_by (reporting_time_zone varchar, made_by varchar)",
    "create table if not exists landing.pending_days (event_date date)",
)
_TIERS = "select distinct provider, model_id, context_tier_start from landing.prices__price_book where context_tier_start > 0"
_DAY_STARTS = """
with quarters as (
    select distinct cast(event_date as timestamp) + to_minutes(15 * unnest(range(96))) as quarter_at
    from landing.gateway_load_days
)
select distinct quarter_at as day_start_at
from quarters
cross join (select distinct time_zone from landing.registry__caps where time_zone <> ?) as zones
where extract(minute from quarter_at) <> 0
    and cast(timezone(time_zone, timezone('UTC', quarter_at)) as date)
    <> cast(timezone(time_zone, timezone('UTC', quarter_at - interval 15 minute)) as date)"""
"""As model int_quarter_hours divides an hour."""
_DAYS = "select cast(started_at at time zone 'UTC' as date), count(*) from read_parquet(?) group by all order by all"


@dataclass(frozen=True)
class ChangedDays:
    """Days to rebuild; None: all there are."""

    days: frozenset[date] | None

    @property
    def is_everything(self) -> bool:
        return self.days is None

    def __str__(self) -> str:
        if self.days is None:
            return "everything"
        return ", ".join(map(str, sorted(self.days))) if len(self.days) <= 5 else f"{len(self.days)} days"


EVERYTHING = ChangedDays(None)


def find_changed_days(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    zone: str,
    *,
    full_refresh: bool = False,
    target: str = "duckdb",
) -> ChangedDays:
    """Compare what is visible with what was built, and write ``landing.gateway_load_days`` and ``gateway_batches``. The
    landed streams are registered. ``target``: the engine that builds; what another one summed is summed again.
    """
    for statement in _TABLES:
        connection.execute(statement)
    visible = load_days(connection, landing) + load_days(connection, landing, ROLLED_UP)
    _replace(
        connection,
        "gateway_load_days",
        "partition varchar, load_id varchar, event_date date, row_count bigint",
        visible,
    )
    connection.execute(f"create or replace table landing.gateway_day_starts as {_DAY_STARTS}", [zone])
    changed = EVERYTHING if full_refresh else _changed(connection, visible, zone, target)
    wanted = {day for _, _, day, _ in visible} if changed.days is None else changed.days
    _replace(
        connection,
        "gateway_batches",
        "batch integer, event_dates varchar, partitions varchar",
        batches(visible, wanted, BATCH_ROWS),
    )
    return changed


def load_days(
    connection: duckdb.DuckDBPyConnection, landing: Landing, stream: tuple[str, str] = GATEWAY
) -> list[LoadDay]:
    """The days of every visible load of the log, or of its sums."""
    found: list[LoadDay] = []
    for partition, load in landing.visible_loads(*stream).items():
        if load.days is None:
            file = landing.load_file(*stream, partition, load)
            days = connection.execute(_DAYS, [str(file)]).fetchall()
        else:
            days = [(date.fromisoformat(day), rows) for day, rows in load.days.items()]
        found += [(partition, load.load_id, day, rows) for day, rows in days]
    return found


def batches(visible: Iterable[LoadDay], days: Iterable[date], most_rows: int) -> Iterator[tuple[int, str, str]]:
    """``days`` in order, as many at a time as hold ``most_rows`` (one at least), as lists of SQL literals: number of the
    batch, its days, and the partitions that hold them (empty where none does any more).
    """
    rows: dict[date, int] = {}
    holders: dict[date, set[str]] = {}
    for partition, _, day, count in visible:
        rows[day] = rows.get(day, 0) + count
        holders.setdefault(day, set()).add(partition)
    number, taken, size = 0, list[date](), 0
    for day in sorted(days):
        if taken and size + rows.get(day, 0) > most_rows:
            yield number, *_literals(taken, holders)
            number, taken, size = number + 1, [], 0
        taken.append(day)
        size += rows.get(day, 0)
    if taken:
        yield number, *_literals(taken, holders)


def begin(connection: duckdb.DuckDBPyConnection, changed: ChangedDays) -> None:
    """Remember, before the first model is built, which days a build may leave half-way."""
    days: list[tuple[date | None]] = [(None,)] if changed.days is None else [(day,) for day in sorted(changed.days)]
    connection.execute("begin")
    connection.execute("delete from landing.pending_days")
    if days:
        connection.executemany("insert into landing.pending_days values (?)", days)
    connection.execute("commit")


def record(connection: duckdb.DuckDBPyConnection, zone: str, target: str = "duckdb") -> None:
    """After a successful build: what :func:`find_changed_days` saw is built, nothing is pending."""
    connection.execute("begin")
    connection.execute("delete from landing.built_load_days")
    connection.execute("insert into landing.built_load_days from landing.gateway_load_days")
    connection.execute("delete from landing.built_context_tiers")
    connection.execute(f"insert into landing.built_context_tiers {_TIERS}")
    connection.execute("delete from landing.built_day_starts")
    connection.execute("insert into landing.built_day_starts from landing.gateway_day_starts")
    connection.execute("delete from landing.built_by")
    connection.execute("insert into landing.built_by values (?, ?)", [zone, _made_by(target)])
    connection.execute("delete from landing.pending_days")
    connection.execute("commit")


def _made_by(target: str) -> str:
    engine = f"duckdb {duckdb.__version__}" if target == "duckdb" else f"spark {version('pyspark')}"
    return f"{project_digest()} {engine}"


def _changed(connection: duckdb.DuckDBPyConnection, visible: list[LoadDay], zone: str, target: str) -> ChangedDays:
    known = connection.execute(
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?", list(SUMMED_LOG)
    ).fetchone()
    state = connection.execute("select reporting_time_zone, made_by from landing.built_by").fetchone()
    pending = {day for (day,) in connection.execute("from landing.pending_days").fetchall()}
    if known == (0,) or state != (zone, _made_by(target)) or None in pending:
        return EVERYTHING
    built = {tuple(row) for row in connection.execute("from landing.built_load_days").fetchall()}
    changed = {row[2] for row in built ^ set(visible)} | _retiered(connection) | _divided_otherwise(connection)
    return ChangedDays(frozenset(pending | changed))


def _retiered(connection: duckdb.DuckDBPyConnection) -> set[date]:
    """The days on which models were used whose context tiers are no longer those that the log was summed by."""
    rows = connection.execute(
        f"""
        with now as ({_TIERS}),
        moved as (
            (from now except from landing.built_context_tiers)
            union (from landing.built_context_tiers except from now)
        )
        select distinct billing_date from {".".join(SUMMED_LOG)} semi join moved using (provider, model_id)"""
    ).fetchall()
    return {day for (day,) in rows}


def _divided_otherwise(connection: duckdb.DuckDBPyConnection) -> set[date]:
    """The days that have hours in which a day of a cap's zone begins, or began as the log was summed, but not both."""
    rows = connection.execute(
        """
        select distinct cast(day_start_at as date) from (
            (from landing.gateway_day_starts except from landing.built_day_starts)
            union (from landing.built_day_starts except from landing.gateway_day_starts)
        )"""
    ).fetchall()
    return {day for (day,) in rows}


def _literals(days: list[date], holders: dict[date, set[str]]) -> tuple[str, str]:
    partitions = sorted({name for day in days for name in holders.get(day, ())})
    return ", ".join(f"date '{day}'" for day in days), ", ".join(map(literal, partitions))


def _replace(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Iterable[tuple[object, ...]]
) -> None:
    connection.execute(f"create or replace table landing.{table} ({columns})")
    by_column = [list(values) for values in zip(*rows, strict=True)]
    if by_column:
        lists = ", ".join(["unnest(?)"] * len(by_column))
        connection.execute(f"insert into landing.{table} select {lists}", by_column)
