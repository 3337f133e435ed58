"""Close or reopen a fiscal period: what is refused, and what is done.

Closing freezes published rows and writes the decision into the register, in that order: a close killed before the
last step has not happened. Nothing outside ``HOME/closed`` is written.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import utc_duckdb
from orchestration.close.freeze import attach_published, freeze
from orchestration.close.periods import check_period, last_day
from orchestration.close.register import Decision, append, closed_folder, closed_periods, read_register
from orchestration.files import utc_text
from orchestration.people import NAMES
from orchestration.published import read_manifest
from orchestration.registry.fields import check_email

COST_TABLES = ("fct_usage", "fct_billed_costs", "fct_allocated_costs")
"""A period with rows in one of these has to be closed before a later one; older journals are opening balances."""


class CloseRefused(Exception):
    """The period cannot be closed or reopened; the message says why and what to do first."""


@dataclass(frozen=True)
class Closed:
    """A close that is done: its entry in the register and what it froze."""

    decision: Decision
    folder: Path
    tables: int
    rows: int


def close_period(home: Path, period: str, approver: str) -> Closed:
    """Freeze ``period`` as it is published in ``home`` and record it; raises :class:`CloseRefused`."""
    period, approver = check_period(period), _email(approver)
    manifest = _manifest(home)
    as_of = date.fromisoformat(manifest["as_of"])
    if last_day(period) > as_of:
        raise CloseRefused(
            f"{period} has not ended: the published state is as of {as_of}. Run with an as-of day of "
            f"{last_day(period)} or later first."
        )
    decisions = read_register(home)
    closed = closed_periods(decisions)
    if period in closed:
        before = closed[period]
        raise CloseRefused(f"{period} is closed since {before.at}, approved by {before.approver}.")
    with utc_duckdb.connect() as connection:
        expressions = attach_published(connection, home / "published")
        _refuse_gaps(connection, expressions, period, set(closed))
        number = sum(one.action == "close" and one.period == period for one in decisions) + 1
        folder = closed_folder(home) / period / str(number)
        rows = freeze(connection, expressions, period, folder, manifest.get("people", NAMES))
    decision = _decision("close", period, approver, manifest, folder=folder)
    append(home, decision)
    return Closed(decision, folder, len(expressions), rows)


def reopen_period(home: Path, period: str, approver: str) -> Decision:
    """Lift the freeze of ``period`` from the next run on and record it; raises :class:`CloseRefused`."""
    period, approver = check_period(period), _email(approver)
    manifest = _manifest(home)
    closed = closed_periods(read_register(home))
    if period not in closed:
        raise CloseRefused(f"{period} is not closed.")
    later = [other for other in closed if other > period]
    if later:
        raise CloseRefused(f"{period} cannot be reopened while later periods are closed; reopen {later[-1]} first.")
    decision = _decision("reopen", period, approver, manifest)
    append(home, decision)
    return decision


def _manifest(home: Path) -> dict[str, Any]:
    manifest = read_manifest(home / "published")
    if manifest is None:
        raise CloseRefused(f"nothing is published in {home}; run: tokenomics run")
    if manifest.get("policy_version") is None:
        raise CloseRefused("the published state does not say under which policy it was made; run again first.")
    return manifest


def _email(text: str) -> str:
    try:
        return check_email(text)
    except ValueError as error:
        raise CloseRefused(f"--approver {text!r} {error}") from None


def _refuse_gaps(
    connection: duckdb.DuckDBPyConnection, expressions: dict[str, str], period: str, closed: set[str]
) -> None:
    found = {table: _periods(connection, table, expression) for table, expression in expressions.items()}
    if not any(period in periods for periods in found.values()):
        raise CloseRefused(f"no published table has a row of {period}; there is nothing to close.")
    costs: set[str] = set().union(*(periods for table, periods in found.items() if table in COST_TABLES))
    still_open = sorted(other for other in costs - closed if other < period)
    if still_open:
        raise CloseRefused(
            f"{period} cannot be closed while earlier periods are open: {', '.join(still_open)}. "
            f"Close {still_open[0]} first."
        )


def _periods(connection: duckdb.DuckDBPyConnection, table: str, expression: str) -> set[str]:
    rows = connection.execute(f'select distinct {expression} from published.main."{table}"').fetchall()
    return {period for (period,) in rows if period is not None}


def _decision(
    action: Any, period: str, approver: str, manifest: dict[str, Any], folder: Path | None = None
) -> Decision:
    named = None if folder is None else f"{period}/{folder.name}"
    digest = None if folder is None else hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    return Decision(
        action=action,
        period=period,
        approver=approver,
        at=utc_text(datetime.now(UTC)),
        policy_version=manifest["policy_version"],
        as_of=manifest["as_of"],
        run_id=manifest["run_id"],
        folder=named,
        manifest_sha256=digest,
    )
