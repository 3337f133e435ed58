"""Which tables of the warehouse a query reads, so that the graph's arrows follow from the code that is run."""

import re
from collections.abc import Iterable

_TABLE = re.compile(r"\b(?:from|join)\s+((?:staging|intermediate|marts|landing)\.\w+)")


def tables_read(*queries: str) -> tuple[str, ...]:
    """``schema.table`` of everything that the queries read, each once, in order of name."""
    return tuple(sorted({name for query in queries for name in _TABLE.findall(query)}))


def merged(*tables: Iterable[str]) -> tuple[str, ...]:
    """The tables of several modules, each once, in order of name."""
    return tuple(sorted({name for part in tables for name in part}))
