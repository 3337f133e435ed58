"""What it means when the database ends a statement because a number has more digits than its column holds, in words: the
model, and the largest numbers that it follows from, with the files or reads that say them.
"""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

SHOWN = 3
_OVERFLOW = re.compile(
    r"Out of Range Error: Overflow in|value is out of range|Could not cast value \S+ to (DECIMAL|INT)"
    r"|ARITHMETIC_OVERFLOW|CAST_OVERFLOW|NUMERIC_VALUE_OUT_OF_RANGE"
)


def is_overflow(message: str | None) -> bool:
    """Whether DuckDB or Spark says so."""
    return bool(_OVERFLOW.search(message or ""))


def explained(connection: duckdb.DuckDBPyConnection, manifest: "Manifest", node: Any) -> str:
    """The sentence for a model or test whose statement ended with :func:`is_overflow`."""
    largest = sorted(_largest(connection, _landed_tables(manifest, node)), reverse=True)[:SHOWN]
    shown = ", ".join(f"{value.normalize():f} ({place})" for value, place in largest)
    return (
        f"a number, or a product of two, is larger than can be held. Largest of what {node.name} follows from: "
        f"{shown or 'nothing'}; correct the row that is wrong, and report this line if none is"
    )


def _landed_tables(manifest: "Manifest", node: Any) -> list[str]:
    """The landed streams that ``node`` follows from."""
    seen: set[str] = set()
    to_see = [*node.depends_on_nodes]
    while to_see:
        name = to_see.pop()
        if name not in seen:
            seen.add(name)
            to_see += manifest.nodes[name].depends_on_nodes if name in manifest.nodes else []
    return sorted(manifest.sources[name].identifier for name in seen if name in manifest.sources)


def _largest(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> list[tuple[Decimal, str]]:
    """The largest number of each column of amounts and counts, and where it stands."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'landing'"
    ).fetchall():
        columns.setdefault(table, []).append((column, kind))
    found = []
    for table in tables:
        names = {column for column, _ in columns.get(table, [])}
        place = "concat(file, ' line ', line)" if {"file", "line"} <= names else "partition"
        for name, kind in columns.get(table, []):
            if name == "line" or not kind.startswith(("DECIMAL", "BIGINT")):
                continue
            row = connection.execute(
                f'select "{name}", {place} from landing."{table}" where "{name}" is not null '
                f'order by abs(cast("{name}" as double)) desc limit 1'
            ).fetchone()
            if row is not None:
                found.append((abs(Decimal(row[0])), f"{name} of {table}, {row[1]}"))
    return found
