"""Flag initiatives that became ready, from the published tables: keep the evidence pack, tell the owner, once.

Reads ``HOME/published``, writes ``HOME/evidence/<initiative>.json`` (the pack of the day it was first flagged, never
overwritten) and the alert transports. The evidence is written first and the alert remembered after delivery: a kill
in between sends the alert at the next occasion. Called by the sensor and at the end of ``tokenomics run``.
"""

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.alerts.deliver import deliver, transports
from orchestration.alerts.message import graduation_ready
from orchestration.alerts.transports import Transport
from orchestration.files import write_atomically
from orchestration.policy.flagging import decide_flags
from orchestration.project import Home
from orchestration.publish.evidence import evidence_packs, pack_name


@dataclass(frozen=True)
class Flagged:
    """``initiatives`` flagged now. ``reason``: why none. ``faults``: alerts that did not arrive and will be tried
    again.
    """

    initiatives: tuple[str, ...]
    reason: str
    faults: tuple[str, ...] = ()


def flag_ready(home: Home, over: list[Transport] | None = None) -> Flagged:
    """Flag every initiative that is ready in the published tables and was never flagged; ``over`` defaults to the
    configured transports.
    """
    if not (home.published / "marts.duckdb").exists():
        return Flagged((), "nothing is published yet")
    with duckdb.connect(str(home.published.resolve() / "marts.duckdb"), read_only=True) as connection:
        packs = {pack["initiative_id"]: pack for pack in evidence_packs(connection)}
        evaluated = _evaluated(connection)
        owners = _owners(connection)
    kept = _kept_packs(home)
    decision = decide_flags(evaluated, packs, kept)
    for initiative_id in decision.initiatives:
        kept[initiative_id] = packs[initiative_id]
        write_atomically(home.evidence / pack_name(initiative_id), json.dumps(kept[initiative_id], indent=1) + "\n")
    alerts = [
        graduation_ready(initiative_id, owners.get(initiative_id), pack["readiness"])
        for initiative_id, pack in sorted(kept.items())
    ]
    delivery = deliver(alerts, home.alerts, transports(home.alerts) if over is None else over)
    return Flagged(decision.initiatives, decision.reason, delivery.faults)


def _kept_packs(home: Home) -> dict[str, dict[str, Any]]:
    packs = [json.loads(path.read_text()) for path in home.evidence.glob("*.json") if not path.name.startswith(".")]
    return {pack["initiative_id"]: pack for pack in packs}


def _evaluated(connection: duckdb.DuckDBPyConnection) -> list[str]:
    if "graduation_readiness" not in _tables(connection):
        return []
    rows = connection.execute("select distinct initiative_id from graduation_readiness").fetchall()
    return [initiative_id for (initiative_id,) in rows]


def _owners(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    if "dim_initiatives" not in _tables(connection):
        return {}
    columns = {row[0] for row in connection.execute("describe dim_initiatives").fetchall()}
    if not {"owner", "is_current"} <= columns:
        return {}
    return dict(connection.execute("select initiative_id, owner from dim_initiatives where is_current").fetchall())


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
