"""Published tables as their contracts say, with the rows that a test writes down: ``marts.duckdb`` alone, or a publication."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.project import Home
from orchestration.publish.layout import read_layouts
from orchestration.publish.snapshot import publish
from orchestration.transform.manifest import ensure_manifest

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
        _create(connection, "main", manifest, rows)
    return file


def publish_rows(home: Home, rows: Mapping[str, Rows], run_id: str = "one") -> None:
    """Publish into ``home`` from a warehouse whose marts hold ``rows`` and nothing else."""
    manifest = ensure_manifest(home)
    home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema marts")
        _create(connection, "marts", json.loads(manifest.read_text()), rows)
        run = {"run_id": run_id, "as_of": date(2026, 10, 31), "company_id": "c", "version": "1"}
        publish(connection, home.root, **run, layouts=read_layouts(manifest))


def _create(
    connection: duckdb.DuckDBPyConnection, schema: str, manifest: Mapping[str, Any], rows: Mapping[str, Rows]
) -> None:
    for name, node in published_models(manifest).items():
        columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in node["columns"].values())
        connection.execute(f'create table {schema}."{name}" ({columns})')
    for name, given in rows.items():
        for row in given:
            names, marks = ", ".join(f'"{key}"' for key in row), ", ".join("?" for _ in row)
            connection.execute(f'insert into {schema}."{name}" ({names}) values ({marks})', list(row.values()))
