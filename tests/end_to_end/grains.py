"""The grains that models declare in their meta, looked for in a built warehouse. A data test would cost every run."""

import json
from pathlib import Path

import duckdb

Grains = dict[str, list[str]]
"""Model, with its schema, to the columns of which no two of its rows hold the same values."""


def declared_grains(manifest: Path) -> Grains:
    """The grains in a manifest of dbt."""
    models = [node for node in json.loads(manifest.read_text())["nodes"].values() if node["resource_type"] == "model"]
    metas = {f"{node['schema']}.{node['name']}": node["config"]["meta"] for node in models}
    return {model: meta["grain"] for model, meta in metas.items() if "grain" in meta}


def broken_grains(connection: duckdb.DuckDBPyConnection, grains: Grains) -> list[str]:
    """What is wrong, a line for each model: a column that it has not, or an example of what repeats; null is a value."""
    broken = []
    for model, columns in sorted(grains.items()):
        listed, quoted = ", ".join(columns), ", ".join(f'"{column}"' for column in columns)
        if absent := set(columns) - set(connection.sql(f"from {model}").columns):
            broken.append(f"{model} ({listed}) has no column {', '.join(sorted(absent))}")
            continue
        repeated = connection.sql(
            f"select {quoted}, count(*) as rows from {model} group by {quoted} having count(*) > 1 order by all limit 1"
        ).fetchone()
        if repeated:
            broken.append(f"{model} ({listed}): {repeated[-1]} rows with {repeated[:-1]}")
    return broken


def assert_grains(home: Path) -> None:
    """No model that was built in ``home`` repeats its grain."""
    grains = declared_grains(home / "dbt" / "target" / "manifest.json")
    assert grains
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        broken = broken_grains(connection, grains)
    assert not broken, "\n".join(broken)
