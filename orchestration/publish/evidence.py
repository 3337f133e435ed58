"""Evidence packs: for each initiative that is ready to graduate, its gates and readiness as one JSON file.

A pack holds the published rows as they are (money as text, dates in ISO form) and nothing else, so that the same as-
of date always gives the same pack. Failure mode: a warehouse without graduation marts has no packs, which is not an
error.
"""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

TABLES = ("graduation_readiness", "graduation_gates")


def write_evidence(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    """Write ``<initiative>.json`` for every ready initiative of the latest as-of date in ``marts``; returns the
    paths.
    """
    written = []
    for pack in evidence_packs(connection, "marts."):
        path = folder / pack_name(pack["initiative_id"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pack_text(pack))
        written.append(path)
    return written


def pack_name(initiative_id: str) -> str:
    """The file name of an initiative's pack."""
    return f"{quote(initiative_id, safe='')}.json"


def pack_text(pack: dict[str, Any]) -> str:
    """The content of a pack's file."""
    return json.dumps(pack, indent=1) + "\n"


def evidence_packs(connection: duckdb.DuckDBPyConnection, schema: str = "") -> list[dict[str, Any]]:
    """The packs of all ready initiatives. ``schema``: a prefix of the table names, with its dot."""
    present = {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
    if not present.issuperset(TABLES):
        return []
    latest = f"as_of_date = (select max(as_of_date) from {schema}graduation_readiness)"
    ready = _rows(
        connection, f"select * from {schema}graduation_readiness where is_ready and {latest} order by initiative_id"
    )
    return [
        {
            "initiative_id": row["initiative_id"],
            "as_of_date": row["as_of_date"],
            "readiness": row,
            "gates": _rows(
                connection,
                f"select * from {schema}graduation_gates where initiative_id = ? and as_of_date = ? "
                "order by gate_number",
                [row["initiative_id"], row["as_of_date"]],
            ),
        }
        for row in ready
    ]


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
    result = connection.execute(query, values or [])
    names = [column[0] for column in result.description]
    return [{name: plain(value) for name, value in zip(names, row, strict=True)} for row in result.fetchall()]


def plain(value: Any) -> Any:
    """A value as JSON can carry it exactly: decimals as text, dates in ISO form."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
