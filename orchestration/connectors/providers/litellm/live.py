"""The newest rows of the gateway's log, typed, without landing them: for guardrails, which cannot wait for a run.

Checks and columns are those of stream ``litellm/spend_logs`` (``records.py``). A bad row is told apart: what it cost is not
known. Failure mode: what connectors/http.py raises; a page that is short or malformed is SchemaDrift, and nothing of it is
answered.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from orchestration import utc_duckdb
from orchestration.connectors.providers.litellm.client import Gateway
from orchestration.connectors.providers.litellm.extract import allowed
from orchestration.connectors.providers.litellm.records import COLUMNS, RawRows

_TYPES = dict.fromkeys(COLUMNS, "VARCHAR")


@dataclass(frozen=True)
class LiveRows:
    """``rows``: rows of the stream by start time, as dicts; ``bad``: those that the stream would refuse, any of whose values may
    be missing or wrong.
    """

    rows: list[dict[str, Any]]
    bad: list[dict[str, Any]]


def read_between(gateway: Gateway, start: datetime, end: datetime) -> LiveRows:
    """The requests that began from ``start`` to ``end``."""
    return typed(gateway.spend_logs_between(start, end))


def typed(raw: Iterable[dict[str, Any]]) -> LiveRows:
    """Rows in the gateway's shape as rows of the stream. Raises SchemaDrift for a row without a column that is needed."""
    kept = [allowed(row) for row in raw]
    if not kept:
        return LiveRows([], [])
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    columns = {name: [_text(row.get(name)) for row in kept] for name in COLUMNS}
    with utc_duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.register("live_rows", pa.table(columns, schema=schema))
        query = RawRows("live_rows", _TYPES).landed("live", "live", is_lenient=True)
        found = connection.execute(f"select * from ({query}) order by started_at, request_id")
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return LiveRows([row for row in rows if not row["is_bad"]], [row for row in rows if row["is_bad"]])


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, (dict, list, bool)) else str(value)
