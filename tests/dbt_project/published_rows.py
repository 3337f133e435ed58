"""A ``marts.duckdb`` with every published table as its contract says, and the rows that a test writes down."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

Rows = Sequence[Mapping[str, Any]]


def published_models(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The models that stand in ``marts.duckdb``, by name, from dbt's manifest."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["fqn"][1] == "marts"
        and not node["config"]["meta"].get("parquet_only")
    }


def write_published(file: Path, manifest: Mapping[str, Any], rows: Mapping[str, Rows]) -> Path:
    """Write ``file``; columns that a row does not give are null."""
    with duckdb.connect(str(file)) as connection:
        for name, node in published_models(manifest).items():
            columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in node["columns"].values())
            connection.execute(f'create table "{name}" ({columns})')
        for name, given in rows.items():
            for row in given:
                names, marks = ", ".join(f'"{key}"' for key in row), ", ".join("?" for _ in row)
                connection.execute(f'insert into "{name}" ({names}) values ({marks})', list(row.values()))
    return file
