"""How each table is laid out in a publication, as its dbt model says in ``meta``.

``partition_by`` names the date column of a large fact: its Parquet files are one for each month of it, in its order.
``parquet_only: true`` leaves the table out of ``marts.duckdb``. ``parts_follow`` names the model of which a view is another
shape, row by row: a month of the view follows from the same month of that model, see
:mod:`orchestration.publish.origins`. A table that says nothing is one file, in order of its columns.

A ``meta`` that names no date column of the model's contract, or a model that is not the only one the view reads, stops the
publication.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class LayoutError(Exception):
    """A model's ``meta`` asks for a layout that its columns do not allow; the message names both."""


@dataclass(frozen=True)
class Layout:
    """``partition_by``: the column whose months are the parts; None: one part. ``parts_follow``: the relation whose parts, by
    a column of the same name, decide those of the table; None: the table's own rows do. ``says`` and ``columns_say``: the
    descriptions of table and columns.
    """

    partition_by: str | None = None
    parquet_only: bool = False
    parts_follow: str | None = None
    says: str = ""
    columns_say: Mapping[str, str] = field(default_factory=dict)


ONE_PART = Layout()


def read_layouts(manifest: Path, schema: str = "marts") -> dict[str, Layout]:
    """Layout by table of ``schema``, from dbt's manifest; raises :class:`LayoutError`."""
    nodes = json.loads(manifest.read_text())["nodes"]
    return {
        node["alias"]: _layout(node, nodes)
        for node in nodes.values()
        if node["resource_type"] == "model" and node["schema"] == schema
    }


def _layout(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> Layout:
    meta = node["config"]["meta"]
    column, parquet_only = meta.get("partition_by"), meta.get("parquet_only", False)
    if column is not None and _kind(node, column) not in ("date", "timestamp"):
        raise LayoutError(
            f"{node['name']}: meta partition_by names {column!r}, which is no date column of its contract"
        )
    if not isinstance(parquet_only, bool):
        raise LayoutError(f"{node['name']}: meta parquet_only is true or false, not {parquet_only!r}")
    return Layout(
        column,
        parquet_only,
        _followed(node, nodes, meta["parts_follow"]) if "parts_follow" in meta else None,
        _plain(node["description"]),
        {name: _plain(one["description"]) for name, one in node["columns"].items() if one["description"]},
    )


def _followed(node: Mapping[str, Any], nodes: Mapping[str, Any], name: str) -> str:
    read = [nodes.get(one) for one in node["depends_on"]["nodes"]]
    is_view = node["config"]["materialized"] == "view" and "partition_by" in node["config"]["meta"]
    if not (is_view and len(read) == 1 and read[0] is not None and read[0]["name"] == name):
        raise LayoutError(
            f"{node['name']}: meta parts_follow is for a view with partition_by that reads {name!r} and nothing else"
        )
    return f'"{read[0]["schema"]}"."{read[0]["alias"]}"'


def _plain(text: str) -> str:
    return " ".join(text.split())


def _kind(node: Mapping[str, Any], column: str) -> str | None:
    kind = node["columns"].get(column, {}).get("data_type")
    return None if kind is None else str(kind).lower()
