"""The query behind each published table, closed periods respected."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from orchestration.close.adjustments import adjustments
from orchestration.close.frozen import Shown, as_they_are, check_fit, frozen_periods, rows_to_publish
from orchestration.close.periods import ADJUSTMENTS
from orchestration.people import NAMES, strictest


def named(_people: str) -> Shown:
    return as_they_are


def queries_to_publish(
    connection: duckdb.DuckDBPyConnection,
    home: Path,
    schema: str,
    names: Iterable[str],
    *,
    as_of: date,
    known_before: str | None = None,
    people: str = NAMES,
    shown_as: Callable[[str], Shown] = named,
) -> tuple[dict[str, str], list[str]]:
    """Query by table name, for the tables ``names`` of ``schema``, and the periods whose rows are frozen ones. ``people``: how
    they appear in what is published; ``shown_as`` gives, for each such way, how rows are shown. Adjustments compare rows in the
    strictest way in which one of them was closed, since a row of a department says nothing of its people.

    Raises :class:`orchestration.close.frozen.FrozenPeriodError`.
    """
    closed = frozen_periods(home, as_of, known_before)
    check_fit(connection, closed, schema)
    shown, compared = shown_as(people), shown_as(strictest(people, *(frozen.people for frozen in closed)))
    published = [replace(frozen, shown=shown) for frozen in closed]
    queries = {name: rows_to_publish(connection, published, schema, name, shown) for name in names}
    booked = adjustments([replace(frozen, shown=compared) for frozen in closed], schema, as_of, compared)
    if booked is not None and ADJUSTMENTS in queries:
        queries[ADJUSTMENTS] += f" union all by name {booked}"
    return queries, [frozen.period for frozen in closed]
