"""One publication as the pages read it: rows of ``marts.duckdb`` and what the manifest says of the run.

Nothing is computed here that a mart computes: pages select, sum and sort. A table that is not published is an empty state
of its page, and its name is told there.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration import utc_duckdb

Row = dict[str, Any]


@dataclass(frozen=True)
class Provenance:
    """Which run the pages show. ``company``: its name; ``currency``: of every amount; ``is_simulated``: it is the demo;
    ``department``: the one whose rows they are, None for the whole company.
    """

    company: str
    as_of: date
    run_id: str
    published_at: str
    version: str
    currency: str
    is_simulated: bool
    tables: tuple[str, ...]
    residual_alarm_ratio: Decimal | None = None
    """Part of what was billed from which on an unexplained residual is an alarm; None where the run did not say."""
    unallocated_alarm_ratio: Decimal | None = None
    """Part of a month's cost from which on cost without an owner is an alarm; None where the run did not say."""
    department: str | None = None

    @property
    def month(self) -> str:
        """The fiscal period of the as-of day, as its calendar month."""
        return f"{self.as_of:%Y-%m}"


@dataclass
class Publication:
    """An open publication. ``missing``: tables that a page asked for and that are not published."""

    connection: duckdb.DuckDBPyConnection
    provenance: Provenance
    missing: set[str] = field(default_factory=set)

    def holds(self, *tables: str) -> bool:
        absent = set(tables) - set(self.provenance.tables)
        self.missing |= absent
        return not absent

    def rows(self, tables: str, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Rows of ``text`` as dictionaries; none where one of ``tables`` (names with spaces between) is not published."""
        if not self.holds(*tables.split()):
            return []
        found = self.connection.execute(text, list(values))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def one(self, tables: str, text: str, values: Sequence[Any] = ()) -> Row | None:
        found = self.rows(tables, text, values)
        return found[0] if found else None


@contextmanager
def open_publication(folder: Path, manifest: Row) -> Iterator[Publication]:
    """The publication in ``folder``, of which ``manifest`` speaks, read-only."""
    with utc_duckdb.connect(folder / "marts.duckdb", read_only=True) as connection:
        yield Publication(connection, _provenance(connection, manifest))


def _provenance(connection: duckdb.DuckDBPyConnection, manifest: Row) -> Provenance:
    spend = "fct_allocated_costs"
    found = (
        connection.execute(f"select max(reporting_currency) from {spend}").fetchone()
        if spend in manifest["tables"]
        else None
    )
    alarms = {name: Decimal(ratio) for name, ratio in manifest.get("alarm_ratios", {}).items()}
    return Provenance(
        company=manifest.get("company_name") or manifest["company_id"],
        as_of=date.fromisoformat(manifest["as_of"]),
        run_id=manifest["run_id"],
        published_at=manifest["published_at"],
        version=manifest["version"],
        currency=(found and found[0]) or "",
        is_simulated=bool(manifest.get("is_simulated", False)),
        tables=tuple(sorted(manifest["tables"])),
        residual_alarm_ratio=alarms.get("residual_alarm_ratio"),
        unallocated_alarm_ratio=alarms.get("unallocated_alarm_ratio"),
    )
