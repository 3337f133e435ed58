"""What decides the parts of a view without evaluating it: a digest of the origin of each.

The view is another shape, row by row, of one relation (``parts_follow``, see :mod:`orchestration.publish.layout`). The origin of
a part is the content of the same part of that relation, the view's definition and the query that is published, which
names the frozen copies of closed periods; these are checked against their register. Equal origins mean equal rows, and
the digest costs a fraction of what they do.

Failure mode: a relation that is no view has no origins, nor has a part that only a frozen copy holds: unknown, so it is
written anew.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

import duckdb

from orchestration.checksum import columns_of, contents


def origins(
    connection: duckdb.DuckDBPyConnection, view: str, query: str, relation: str, part: str, columns: Mapping[str, str]
) -> dict[str, str]:
    """Origin by part of ``query``, which publishes ``view`` with ``columns``; ``part`` is SQL for the part of a row of it or of
    ``relation``.
    """
    definition = _definition(connection, view)
    if definition is None:
        return {}
    source = columns_of(connection, relation)
    shared = [definition, query, list(columns.items()), list(source.items())]
    found = contents(connection, relation, source, part)
    return {name: _digest([*shared, name, asdict(content)]) for name, content in found.items()}


def _definition(connection: duckdb.DuckDBPyConnection, view: str) -> str | None:
    """The SQL of ``view`` (schema and name); None if it is no view."""
    found = connection.execute(
        "select sql from duckdb_views() where database_name = current_database() and not internal "
        "and schema_name || '.' || view_name = ?",
        [view],
    ).fetchone()
    return None if found is None else str(found[0])


def _digest(body: list[object]) -> str:
    return hashlib.sha256(json.dumps(body).encode()).hexdigest()
