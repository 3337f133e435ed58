"""A result of the statement, judged and cut into days of stream ``litellm/rolled_up_usage``.

A result says of each day asked for how many rows the log has of it, apart from the sums: they must stand for exactly as
many. A day without rows is a day, with none. Failure mode: :class:`SchemaDrift` for a result that lacks a column, is cut
short or was made by another version of the statement, and for a day of which too many rows cannot be counted.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from orchestration.connectors.providers.litellm.rollup.statement import rules
from orchestration.connectors.window import DAY, utc_midnight
from orchestration.files import utc_text
from orchestration.landing.errors import SchemaDrift
from orchestration.landing.profile import MODELS_OF_USAGE
from orchestration.landing.streams import STREAMS

SOURCE, STREAM = "litellm", "rolled_up_usage"
MOST_REFUSED_SHARE = 0.1
"""Of a day's rows, a single one aside: as for a file of the log."""
RESULT = "result"

_COLUMNS = [name for name, _ in STREAMS[SOURCE, STREAM] if name not in ("start_time", "end_time")]
_TYPES = {pa.string(): "varchar", pa.int64(): "bigint", pa.bool_(): "boolean", pa.float64(): "double"}
_DAYS = f"""
with stated as (
    select billing_date, max(summed_at) as summed_at from {RESULT} group by billing_date
)
select
    stated.billing_date, stated.summed_at,
    count(*) filter (where part = 'day'),
    cast(coalesce(sum(log_rows) filter (where part = 'day'), 0) as bigint),
    cast(coalesce(sum(log_rows) filter (where part <> 'day'), 0) as bigint),
    cast(coalesce(sum(log_rows) filter (where part = 'refused'), 0) as bigint),
    max(rules)
from stated join {RESULT} as result using (billing_date, summed_at)
group by all order by all
"""
_REFUSED = f"""
select fault, cast(sum(log_rows) as bigint), cast(sum(gateway_cost) as decimal(38, 9)) from {RESULT}
where part = 'refused' and billing_date = $day and summed_at = $summed_at group by fault order by 2 desc, 1
"""
_QUARTER = "cast(timezone('UTC', cast(billing_date as timestamp)) + to_minutes(15 * quarter_of_day) as timestamptz)"
_SUMS = f"""
select {_QUARTER} as start_time, start_time + interval 15 minute as end_time, {{columns}}
from {RESULT}
where part = 'usage' and billing_date = $day and summed_at = $summed_at
order by all
"""


@dataclass(frozen=True)
class DaySums:
    """One day: rows of the stream, the facts of its load, and rows of stream ``litellm/rejected_rows``."""

    day: date
    table: pa.Table
    load_id: str
    rules: str
    facts: Mapping[str, Any]
    rejected: list[dict[str, Any]]


def required_columns() -> dict[str, str]:
    """The columns of a result, with the type that each is read as."""
    types = {name: kind for name, kind in STREAMS[SOURCE, STREAM] if name in _COLUMNS}
    return {
        **dict.fromkeys(("part", "fault", "rules"), "varchar"),
        **{"billing_date": "date", "quarter_of_day": "bigint", "summed_at": "timestamp"},
        **{name: _TYPES.get(kind, "decimal(38, 9)") for name, kind in types.items()},
    }


def day_sums(
    session: duckdb.DuckDBPyConnection, scan: str, watermark: datetime | None, origin: str
) -> Iterator[DaySums]:
    """Every day that a result states, ascending, as of the last statement that states it.

    ``scan`` is SQL for the result that can follow ``from``; ``watermark``: when the log was read, None: when its engine
    says; ``origin``: what a person calls the result. ``session`` speaks in UTC.
    """
    try:
        _register(session, scan, origin)
        for day, summed_at, stated, rows, counted, refused, version in session.execute(_DAYS).fetchall():
            if stated != 1 or counted != rows:
                raise SchemaDrift(
                    SOURCE,
                    f"{origin}: the sums of {day} stand for {counted:,} rows, and the log has {rows:,}; a part of the result is "
                    "missing or there twice: run the statement again",
                )
            at = {"day": day, "summed_at": summed_at}
            faults = session.execute(_REFUSED, at).fetchall()
            if refused > max(1, MOST_REFUSED_SHARE * rows) or refused == rows > 0:
                raise SchemaDrift(SOURCE, _refusal(origin, day, rows, faults))
            columns = ", ".join(_COLUMNS)
            table = session.execute(_SUMS.format(columns=columns), at).to_arrow_table().combine_chunks()
            read_at = watermark or summed_at.replace(tzinfo=UTC)
            facts = _facts(day, table, read_at, f"{origin}, statement {version}")
            yield DaySums(day, table, _content(table), version, facts, _rejected(day, faults))
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise SchemaDrift(SOURCE, f"{origin}: is no result of the statement: {reason}") from None


def refuse_other_version(sums: DaySums) -> None:
    """Raise :class:`SchemaDrift` for a result that another version of the statement made."""
    if sums.rules != rules():
        raise SchemaDrift(
            SOURCE,
            f"the result of {sums.day} was made by another version of the statement ({sums.rules}, now {rules()}); print it "
            "with tokenomics rollup and run it for that day",
        )


def _register(session: duckdb.DuckDBPyConnection, scan: str, origin: str) -> None:
    """The result as a table of the wanted types; names in any case, since Snowflake writes capitals."""
    held = {name.lower() for name, *_ in session.execute(f"describe select * from {scan}").fetchall()}
    missing = [name for name in required_columns() if name not in held]
    if missing:
        raise SchemaDrift(
            SOURCE, f"{origin}: column {', '.join(missing)} is missing; run the statement of tokenomics rollup"
        )
    columns = ", ".join(f'cast("{name}" as {kind}) as {name}' for name, kind in required_columns().items())
    session.execute(f"create or replace temp table {RESULT} as select {columns} from {scan}")


def _facts(day: date, table: pa.Table, read_at: datetime, origin: str) -> dict[str, Any]:
    span = pc.min_max(table["start_time"]).as_py()
    return {
        "watermark_at": utc_text(read_at),
        "window_start": utc_text(utc_midnight(day)),
        "window_end": utc_text(utc_midnight(day + DAY)),
        "first_event_at": utc_text(span["min"]) if table.num_rows else None,
        "last_event_at": utc_text(span["max"]) if table.num_rows else None,
        "days": {day.isoformat(): table.num_rows} if table.num_rows else {},
        "models": MODELS_OF_USAGE[SOURCE, STREAM].pairs(table.select(["custom_llm_provider", "model"]).to_pylist()),
        "origin": origin,
    }


def _content(table: pa.Table) -> str:
    """A hash of rows in order, of their text: equal rows may lie in memory in several ways."""
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink)
    return hashlib.sha256(sink.getvalue()).hexdigest()[:16]


def _refusal(origin: str, day: date, rows: int, faults: list[tuple[str, int, Decimal | None]]) -> str:
    told = ", ".join(f"{fault} ({count:,})" for fault, count, _ in faults)
    count = sum(count for _, count, _ in faults)
    return (
        f"{origin}: {count:,} of {rows:,} rows of {day} cannot be counted: {told}. Correct the view that the statement "
        "reads, or leave these rows out of it."
    )


def _rejected(day: date, faults: list[tuple[str, int, Decimal | None]]) -> list[dict[str, Any]]:
    """One row for each reason: single rows are not known here."""
    return [
        {
            "source": SOURCE,
            "file": day.isoformat(),
            "line": number,
            "column_name": None,
            "value": None,
            "reason": f"{fault} ({count:,} rows of the log)",
            "amount": spend,
            "currency": None if spend is None else "USD",
        }
        for number, (fault, count, spend) in enumerate(faults, 1)
    ]
