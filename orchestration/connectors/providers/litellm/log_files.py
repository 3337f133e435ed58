"""Files in the shape of the gateway's spend log: which columns one has, and how DuckDB scans it.

Parquet, CSV (comma, double quotes, UTF-8, one header line) and JSON lines; all give the same rows. Failure mode:
:class:`SchemaDrift` for a file that is not readable or lacks a column. Rows are read in ``conversion.py``, and what is
wrong with one is found in ``log_faults.py``.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.connectors.providers.litellm.records import COLUMNS, REQUIRED, RawRows
from orchestration.connectors.text_tables import literal, open_text_file
from orchestration.landing.errors import SchemaDrift

SOURCE = "litellm"
SUFFIXES = (".parquet", ".csv", ".jsonl", ".ndjson", ".json")
MEMORY_LIMIT = "1GB"
LONGEST_LINE = 16 * 1024 * 1024


@dataclass(frozen=True)
class LogFile:
    """``name`` is the partition; ``types`` maps the file's columns to DuckDB types, all VARCHAR in a text file."""

    path: Path
    name: str
    types: dict[str, str]

    @property
    def kind(self) -> str:
        """``parquet``, ``csv`` or ``jsonl``."""
        suffix = self.path.suffix.lower()
        return suffix[1:] if suffix in (".parquet", ".csv") else "jsonl"

    def rows(self, *, is_lenient: bool = False) -> RawRows:
        return RawRows(self.scan(is_lenient=is_lenient), self.types)

    def scan(self, *, is_lenient: bool = False) -> str:
        """SQL that can follow ``from``: the file's columns, those of a text file as VARCHAR. ``is_lenient`` fills up a record
        that is too short, and makes one that is no record a row of nulls.
        """
        file = literal(str(self.path))
        if self.kind == "parquet":
            return f"read_parquet({file}, binary_as_string = true)"
        if self.kind == "csv":
            columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in self.types)
            return (
                f"read_csv({file}, auto_detect = false, header = true, columns = {{{columns}}}, delim = ',', "
                f"quote = '\"', escape = '\"', max_line_size = {LONGEST_LINE}{', null_padding = true' if is_lenient else ''})"
            )
        columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in COLUMNS)
        return (
            f"read_json({file}, format = 'newline_delimited', columns = {{{columns}}}, "
            f"maximum_object_size = {LONGEST_LINE}{', ignore_errors = true' if is_lenient else ''})"
        )

    def load_id(self) -> str:
        """A hash of the file's bytes and of the expressions that read them: either one changing makes a new load."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return combined_id(digest)


def combined_id(content: str) -> str:
    """A load id from a hash of the content and the rules of reading it."""
    rules = RawRows("", dict.fromkeys(COLUMNS, "VARCHAR")).landed("", "")
    return hashlib.sha256(f"{content}\n{rules}".encode()).hexdigest()[:16]


def open_log_file(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> LogFile:
    """Read the columns of a file; raises :class:`SchemaDrift` when it is not readable or lacks a required column."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SchemaDrift(
            SOURCE, f"{name}: spend logs are read as .parquet, .csv or .jsonl; export them as one of these"
        )
    if suffix in (".parquet", ".csv"):
        file = open_text_file(connection, SOURCE, path, name)
        types = dict(zip(file.header, file.types or ["VARCHAR"] * len(file.header), strict=True))
    else:
        types = dict.fromkeys(_first_keys(path, name), "VARCHAR")
    missing = [column for column in REQUIRED if column not in types]
    if missing:
        raise SchemaDrift(
            SOURCE,
            f"{name}: column {', '.join(missing)} is missing; export the columns of LiteLLM_SpendLogs unrenamed",
        )
    return LogFile(path, name, dict.fromkeys(COLUMNS, "VARCHAR") if suffix not in (".parquet", ".csv") else types)


def _first_keys(path: Path, name: str) -> list[str]:
    """The keys of the first object of a JSON lines file; every column for a file without rows."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                first = json.loads(line)
            except ValueError:
                raise SchemaDrift(SOURCE, f"{name}:{number}: is not a JSON object on one line") from None
            if not isinstance(first, dict):
                raise SchemaDrift(SOURCE, f"{name}:{number}: is not a JSON object on one line")
            return list(first)
    return list(COLUMNS)
