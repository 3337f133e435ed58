"""The query behind each published table, closed periods respected."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from orchestration.close.adjustments import adjustments
from orchestration.close.frozen import Shown, as_they_are, check_fit, frozen_periods, rows_to_publish
from orchestration.close.periods import ADJUSTMENTS


def queries_to_publish(
    connection: duckdb.DuckDBPyConnection,
    home: Path,
    schema: str,
    names: Iterable[str],
    *,
    as_of: date,
    known_before: str | None = None,
    shown: Shown = as_they_are,
) -> tuple[dict[str, str], list[str]]:
    """Query by table name, for the tables ``names`` of ``schema``, and the periods whose rows are frozen ones. ``shown``: how
    the rows of a table appear, computed or frozen.

    Raises :class:`orchestration.close.frozen.FrozenPeriodError`.
    """
    closed = frozen_periods(home, as_of, known_before)
    check_fit(connection, closed, schema)
    closed = [replace(frozen, shown=shown) for frozen in closed]
    queries = {name: rows_to_publish(connection, closed, schema, name, shown) for name in names}
    booked = adjustments(closed, schema, as_of, shown)
    if booked is not None and ADJUSTMENTS in queries:
        queries[ADJUSTMENTS] += f" union all by name {booked}"
    return queries, [frozen.period for frozen in closed]
