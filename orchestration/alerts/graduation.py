"""Flag initiatives that became ready, from the published tables: keep the evidence pack, tell the owner, once.

Reads ``HOME/published``, writes ``HOME/evidence/<initiative>.json`` (the pack of the day it was first flagged, never
overwritten; the bytes that were published, so that the checksum on the page to sign is its own), that page beside it, and the
alert transports. An initiative that was returned to experimentation begins a new life, whose name is the initiative's with
the day of the return. The evidence is written first and the alert remembered after delivery: a kill
in between sends the alert at the next occasion. Called by the sensor and at the end of ``tokenomics run``.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb

from orchestration import utc_duckdb
from orchestration.alerts.deliver import deliver
from orchestration.alerts.destinations import configured
from orchestration.alerts.message import graduation_ready
from orchestration.alerts.transports import Transport
from orchestration.files import write_atomically
from orchestration.people import read_people
from orchestration.policy.flagging import decide_flags
from orchestration.project import Home
from orchestration.publish.evidence import evidence_packs, pack_name, pack_text


@dataclass(frozen=True)
class Flagged:
    """``initiatives`` flagged now. ``reason``: why none. ``faults``: alerts that did not arrive and will be tried
    again.
    """

    initiatives: tuple[str, ...]
    reason: str
    faults: tuple[str, ...] = ()


def flag_ready(home: Home, over: list[Transport] | None = None) -> Flagged:
    """Flag every initiative that is ready in the published tables and was not flagged in this life; ``over`` defaults to
    the configured transports.
    """
    if not (home.published / "marts.duckdb").exists():
        return Flagged((), "nothing is published yet")
    published = home.published.resolve()
    with utc_duckdb.connect(published / "marts.duckdb", read_only=True) as connection:
        returned = _returned(connection)
        packs = {}
        for pack in evidence_packs(connection):
            life = ":".join(filter(None, (pack["initiative_id"], returned.get(pack["initiative_id"]))))
            packs[life] = pack
        evaluated = _evaluated(connection)
        people = read_people(home.root)
        of_initiatives = _of_initiatives(connection, "owner")
        owners = {initiative: people.behind(owner) for initiative, owner in of_initiatives.items()}
        names = _of_initiatives(connection, "name")
    kept = _kept_packs(home)
    decision = decide_flags(evaluated, packs, kept)
    for life in decision.initiatives:
        kept[life] = packs[life]
        _keep(home.evidence / pack_name(life), kept[life], published / "evidence")
    alerts = [
        graduation_ready(
            life,
            pack["initiative_id"],
            owners.get(pack["initiative_id"]),
            pack["readiness"],
            names.get(pack["initiative_id"]),
        )
        for life, pack in sorted(kept.items())
    ]
    delivery = deliver(alerts, home.alerts, configured(home) if over is None else over)
    flagged = tuple(packs[life]["initiative_id"] for life in decision.initiatives)
    return Flagged(flagged, decision.reason, delivery.faults)


def _keep(kept: Path, pack: dict[str, Any], published: Path) -> None:
    """The pack as ``kept``, after the page to sign that was ``published`` with it: the pack is the memory."""
    page = (published / pack_name(pack["initiative_id"])).with_suffix(".html")
    if page.is_file():
        write_atomically(kept.with_suffix(".html"), page.read_text(encoding="utf-8"))
    write_atomically(kept, pack_text(pack))


def _kept_packs(home: Home) -> dict[str, dict[str, Any]]:
    """Packs by life, which is the name of the file; packs of earlier versions hold it as well."""
    paths = [path for path in home.evidence.glob("*.json") if not path.name.startswith(".")]
    return {unquote(path.stem): json.loads(path.read_text()) for path in paths}


def _returned(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The last day on which an initiative was returned to experimentation: a return of what its core budget was raised by."""
    if "fct_budget_movements" not in _tables(connection):
        return {}
    rows = connection.execute(
        "select initiative_id, cast(max(effective_on) as varchar) from fct_budget_movements "
        "where kind = 'return' and starts_with(account, 'core:') group by initiative_id"
    ).fetchall()
    return dict(rows)


def _evaluated(connection: duckdb.DuckDBPyConnection) -> list[str]:
    if "graduation_readiness" not in _tables(connection):
        return []
    rows = connection.execute("select distinct initiative_id from graduation_readiness").fetchall()
    return [initiative_id for (initiative_id,) in rows]


def _of_initiatives(connection: duckdb.DuckDBPyConnection, column: str) -> dict[str, Any]:
    """A column of the initiatives as they are today; empty where it is not published."""
    if "dim_initiatives" not in _tables(connection):
        return {}
    columns = {row[0] for row in connection.execute("describe dim_initiatives").fetchall()}
    if not {column, "is_current"} <= columns:
        return {}
    return dict(connection.execute(f"select initiative_id, {column} from dim_initiatives where is_current").fetchall())


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
