"""Which published tables a reader reads, taken from the reader itself: pages are run and their statements looked at, other
modules are looked through for the tables that they name.
"""

import ast
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.publication import Publication, Row

ROOT = Path(__file__).parents[2]
READ = re.compile(r"\b(?:from|join)\s+(?:\{\w+\})?(\w+)")


@dataclass
class Recorder(Publication):
    """A publication that notes what is read of it: the tables in the statements and those that the page says it reads."""

    read: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)

    def holds(self, *tables: str) -> bool:
        self.said |= set(tables)
        return super().holds(*tables)

    def rows(self, tables: str, text: str, values: Sequence[Any] = ()) -> list[Row]:
        (parsed,) = self.connection.execute("select json_serialize_sql(?)", [text]).fetchone() or ("",)
        self.read |= set(_named(json.loads(parsed))) & set(self.provenance.tables)
        return super().rows(tables, text, values)


def _named(parsed: Any) -> Iterator[str]:
    """The tables in a statement as DuckDB parsed it, those that it names itself among them."""
    if isinstance(parsed, dict):
        if parsed.get("type") == "BASE_TABLE":
            yield parsed["table_name"]
        for part in parsed.values():
            yield from _named(part)
    elif isinstance(parsed, list):
        for part in parsed:
            yield from _named(part)


def read_by(publication: Publication, make: Callable[[Publication], object]) -> Recorder:
    """What ``make`` reads of an open publication."""
    recorder = Recorder(publication.connection, publication.provenance)
    make(recorder)
    return recorder


def named_in(modules: Collection[str], tables: Collection[str]) -> set[str]:
    """Those of ``tables`` that the modules read in SQL or hold as a text of their own."""
    found: set[str] = set()
    for module in modules:
        source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text()
        texts = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
        words = {text for text in texts if isinstance(text, str)}
        found |= set(READ.findall(source)) | words
    return found & set(tables)
