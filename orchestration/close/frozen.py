"""What of a publication comes from frozen copies: for every closed period its rows as they were closed.

A frozen copy that is damaged, or whose columns are no longer those of the table, stops the publication: nothing is
guessed about a closed period.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.checksum import columns_of
from orchestration.close.contracts import books
from orchestration.close.freeze import FrozenTable, file_sha256
from orchestration.close.periods import last_day
from orchestration.close.register import closed_folder, closed_periods, read_register
from orchestration.people import NAMES
from orchestration.quoting import literal


class FrozenPeriodError(Exception):
    """A closed period's frozen rows cannot be published; the message says which and what to do."""


Shown = Callable[[str, str], str]
"""SQL for the rows of a relation that has the columns of a table, by name of the table."""


def as_they_are(_table: str, relation: str) -> str:
    return relation


@dataclass(frozen=True)
class FrozenPeriod:
    """A closed period with its frozen tables by name; ``closed_at`` is the moment of the decision, ``people`` how they appear in
    the frozen rows.
    """

    period: str
    folder: Path
    closed_at: str
    tables: dict[str, FrozenTable]
    people: str = NAMES
    shown: Shown = as_they_are

    def rows(self, table: str) -> str:
        """SQL that can follow ``from``: the frozen rows of ``table``, as ``shown`` shows them."""
        return self.shown(table, self.file(table))

    def file(self, table: str) -> str:
        """The same as they were frozen."""
        return f"read_parquet({literal(self.folder / f'{table}.parquet')})"


def frozen_periods(home: Path, as_of: date, known_before: str | None = None) -> list[FrozenPeriod]:
    """The closed periods that a publication as of ``as_of`` keeps, oldest first.

    Not among them: a period that has not ended by ``as_of``, and one that was closed only after ``known_before``.
    """
    closed = closed_periods(read_register(home), known_before)
    found = []
    for period, decision in closed.items():
        if last_day(period) > as_of:
            continue
        assert decision.folder is not None, "a close names its folder"
        folder = closed_folder(home) / decision.folder
        path = folder / "manifest.json"
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != decision.manifest_sha256:
            raise FrozenPeriodError(f"{path} is not the manifest of the close of {period}; {_restore(period)}")
        body = json.loads(path.read_text())
        tables = {name: FrozenTable(**table) for name, table in body["tables"].items()}
        frozen = FrozenPeriod(period, folder, decision.at, tables, body.get("people", NAMES))
        _check_files(frozen)
        found.append(frozen)
    return found


def check_fit(connection: duckdb.DuckDBPyConnection, closed: Sequence[FrozenPeriod], schema: str) -> None:
    """Raise :class:`FrozenPeriodError` unless every frozen table has the columns of its table in ``schema``."""
    changed: dict[str, set[str]] = {}
    periods: set[str] = set()
    for frozen in closed:
        for table in frozen.tables:
            then = columns_of(connection, frozen.file(table))
            now = _table_columns(connection, schema, table)
            if then != now:
                changed[table] = set(dict(set(then.items()) ^ set(now.items())))
                periods.add(frozen.period)
    if changed:
        tables = "; ".join(f"{table}: {', '.join(sorted(columns))}" for table, columns in changed.items())
        raise FrozenPeriodError(
            f"closed periods no longer fit tables whose columns changed ({tables}): {', '.join(sorted(periods))}. "
            "Publish with the version of tokenomics that closed them, or reopen them, the latest first, and close them "
            f"again after the next run: tokenomics close {max(periods)} --approver EMAIL --reopen"
        )


def rows_to_publish(
    connection: duckdb.DuckDBPyConnection,
    closed: Sequence[FrozenPeriod],
    schema: str,
    table: str,
    shown: Shown = as_they_are,
) -> str:
    """A query for the rows of ``table``: those of closed periods from the frozen copies, the others as computed, both as
    ``shown`` shows them.
    """
    relation = shown(table, f'{schema}."{table}"')
    computed = f"select * from {relation}"
    holders = [frozen for frozen in closed if table in frozen.tables]
    if not holders:
        return computed
    expression = books(table).period
    periods = ", ".join(f"'{frozen.period}'" for frozen in holders)
    parts = [f"{computed} where coalesce({expression}, '') not in ({periods})"]
    parts += [f"select * from {frozen.rows(table)}" for frozen in holders]
    return " union all by name ".join(parts)


def _check_files(frozen: FrozenPeriod) -> None:
    for name, table in frozen.tables.items():
        path = frozen.folder / f"{name}.parquet"
        if not path.exists() or file_sha256(path) != table.sha256:
            raise FrozenPeriodError(f"{path} is not what was frozen; {_restore(frozen.period)}")


def _restore(period: str) -> str:
    return f"restore it from a backup, or reopen the period: tokenomics close {period} --approver EMAIL --reopen"


def _table_columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    rows = connection.execute(
        "select column_name, data_type from duckdb_columns() where database_name = current_database() "
        "and schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    return dict(rows)
