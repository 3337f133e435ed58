"""Whether a table can be summed: the columns that the statement reads, and what each must be.

Failure mode: :class:`SchemaDrift` that names every column that is missing or of another kind, with what to write into
the view.
"""

import re
from collections.abc import Mapping

from orchestration.connectors.providers.litellm.rollup.statement import columns_read, counts
from orchestration.landing.errors import SchemaDrift

SOURCE = "litellm"
_KINDS = {
    "a text": (r"varchar|string|text|char", "varchar"),
    "a time": (r"timestamp", "timestamptz"),
    "true or false": (r"boolean", "boolean"),
    "a whole number": (r"u?(tiny|small|big|huge)?int(eger)?$", "bigint"),
    "a number": (r"double|float|real|decimal|u?(tiny|small|big|huge)?int", "double"),
}
"""What a column may be: how engines call such types, and one to cast to."""
_OTHERS = {
    "started_at": "a time",
    "has_token_evidence": "true or false",
    "is_served": "true or false",
    "gateway_spend": "a number",
}
_NEVER_NULL = ("status", "request_id", "prompt_tokens", "completion_tokens", "has_token_evidence", "started_at")
"""Columns that may not be null throughout, so that no null stands in for them."""


def refuse_wrong_columns(table: str, found: Mapping[str, str]) -> None:
    """``found``: column to the engine's name of its type, both in lower case."""
    faults = []
    for column in columns_read():
        kind = kind_of(column)
        pattern, cast = _KINDS[kind]
        if column not in found:
            remedy = (
                "add it"
                if column in _NEVER_NULL
                else f"add it, or cast(null as {cast}) as {column} where it is unknown"
            )
            faults.append(f"column {column} is missing: {remedy}")
        elif not re.match(pattern, found[column]):
            faults.append(f"column {column} is {found[column]} and must be {kind}: cast({column} as {cast})")
    if faults:
        raise SchemaDrift(SOURCE, f"{table}: {'; '.join(faults)}. Correct the view (dbt_project/ENGINES.md has one).")


def kind_of(column: str) -> str:
    return _OTHERS.get(column) or ("a whole number" if column in counts() else "a text")
