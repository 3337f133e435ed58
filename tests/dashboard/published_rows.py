"""A publication of a few rows: every mart with the columns of its contract, filled with what a test says."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dashboard.charts import Drawer
from dashboard.publication import Publication, open_publication

MARTS = Path(__file__).parents[2] / "dbt_project" / "models" / "marts"
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@lru_cache
def contracts() -> dict[str, dict[str, str]]:
    """Columns and types of every published table, as its contract states them."""
    found = {}
    for file in MARTS.rglob("_*__models.yml"):
        for model in yaml.safe_load(file.read_text())["models"]:
            found[model["name"]] = {column["name"]: column["data_type"] for column in model.get("columns", [])}
    return {name: columns for name, columns in found.items() if columns}


def write_publication(folder: Path, as_of: date, rows: Rows, *, tables: Sequence[str] | None = None) -> dict[str, Any]:
    """Write ``folder/marts.duckdb`` with ``tables`` (every mart if None) and return its manifest."""
    names = sorted(contracts()) if tables is None else list(tables)
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        for name in names:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in contracts()[name].items())
            connection.execute(f'create table "{name}" ({columns})')
        for name, filled in rows.items():
            for row in filled:
                columns = ", ".join(f'"{column}"' for column in row)
                holes = ", ".join("?" for _ in row)
                connection.execute(f'insert into "{name}" ({columns}) values ({holes})', list(row.values()))
    manifest = {
        "company_id": "acme",
        "as_of": as_of.isoformat(),
        "run_id": "run-1",
        "published_at": "2026-10-22T06:00:00.000000Z",
        "version": "1",
        "is_simulated": False,
        "alarm_ratios": {"residual_alarm_ratio": "0.005", "unallocated_alarm_ratio": "0.1"},
        "tables": {name: {} for name in names},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return manifest


@contextmanager
def publication(
    folder: Path, as_of: date, rows: Rows, *, tables: Sequence[str] | None = None
) -> Iterator[tuple[Publication, Drawer]]:
    manifest = write_publication(folder, as_of, rows, tables=tables)
    with open_publication(folder, manifest) as opened:
        yield opened, Drawer(folder / "charts")
