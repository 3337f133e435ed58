"""What the contract of a published table says to closing: which fiscal period a row belongs to, which columns are money
in the reporting currency, and what the money belongs to.

Read from the contracts themselves (``config.meta`` in ``models/marts/**/_*__models.yml``), so that closing needs no
parsed project. A table whose contract says nothing is an error: nothing is guessed about a closed period.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml  # type: ignore[import-untyped, unused-ignore]

from orchestration.project import DBT_PROJECT

NO_PERIOD = "none"


class UnknownTable(Exception):
    """No contract says to which period this table's rows belong."""


@dataclass(frozen=True)
class Books:
    """``period`` is SQL over a row of the table, YYYY-MM; None when its rows belong to none (dimensions, snapshots,
    studies of history).
    """

    period: str | None
    money: tuple[str, ...]
    entity: tuple[str, ...]


def books(table: str) -> Books:
    """What closing needs to know of ``table``; raises :class:`UnknownTable`."""
    try:
        return _all_books()[table]
    except KeyError:
        raise UnknownTable(
            f"no contract in {DBT_PROJECT / 'models' / 'marts'} says to which fiscal period rows of {table} belong; "
            "state config.meta.period there, or publish anew with this version"
        ) from None


@cache
def _all_books() -> dict[str, Books]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = sorted((DBT_PROJECT / "models" / "marts").glob("**/_*__models.yml"))
    return {
        model["name"]: _books(model)
        for file in files
        for model in yaml.load(file.read_text(), Loader=loader)["models"]
        if "period" in _meta(model)
    }


def _books(model: dict[str, Any]) -> Books:
    meta = _meta(model)
    types = {column["name"]: column["data_type"] for column in model["columns"]}
    stated = meta["period"]
    dated = f"strftime({stated}, '%Y-%m')" if types.get(stated) == "date" else stated
    period = None if stated == NO_PERIOD else dated
    return Books(period, tuple(meta.get("money", ())), tuple(meta.get("entity", ())))


def _meta(model: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = model.get("config", {}).get("meta", {})
    return found
