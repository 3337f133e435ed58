"""Turn files in the shape of the gateway's spend log into landed Parquet, set-based and in bounded memory.

Parquet, CSV (comma, double quotes, UTF-8, one header line) and JSON lines; all give the same rows. DuckDB streams a
file through, whatever its size. Failure mode: :class:`SchemaDrift` that names the file, and the line and request id
where a row is at fault. The fast pass only notices that something is wrong; a second, slow pass over the same file
says where. No message quotes a row.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.connectors.providers.litellm.records import (
    BAD_LANDED_ROWS,
    COLUMNS,
    REQUIRED,
    ROWS_BY_DAY,
    RawRows,
)
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

    def rows(self) -> RawRows:
        return RawRows(self.scan(), self.types)

    def scan(self) -> str:
        """SQL that can follow ``from``: the file's columns, those of a text file as VARCHAR."""
        file = literal(str(self.path))
        if self.kind == "parquet":
            return f"read_parquet({file}, binary_as_string = true)"
        if self.kind == "csv":
            columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in self.types)
            return (
                f"read_csv({file}, auto_detect = false, header = true, columns = {{{columns}}}, delim = ',', "
                f"quote = '\"', escape = '\"', max_line_size = {LONGEST_LINE})"
            )
        columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in COLUMNS)
        return (
            f"read_json({file}, format = 'newline_delimited', columns = {{{columns}}}, "
            f"maximum_object_size = {LONGEST_LINE})"
        )

    def load_id(self) -> str:
        """A hash of the file's bytes and of the expressions that read them: either one changing makes a new load."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return combined_id(digest)


@dataclass(frozen=True)
class Converted:
    """A landed file that is not yet landed. Moments are UTC, None when the file has no rows; ``days``: rows by UTC day."""

    path: Path
    rows: int
    first_event_at: datetime | None
    last_event_at: datetime | None
    days: dict[str, int]


def combined_id(content: str) -> str:
    """A load id from a hash of the content and the rules of reading it."""
    rules = RawRows("", dict.fromkeys(COLUMNS, "VARCHAR")).landed("", "")
    return hashlib.sha256(f"{content}\n{rules}".encode()).hexdigest()[:16]


def connect(temp_folder: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB in UTC, bounded in memory, that spills to ``temp_folder``."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute(f"set temp_directory = {literal(str(temp_folder))}")
    connection.execute("set preserve_insertion_order = false")
    return connection


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
    return LogFile(path, name, types)


def convert(connection: duckdb.DuckDBPyConnection, log: LogFile, target: Path, load_id: str) -> Converted:
    """Write the rows of ``log`` to ``target`` in the stream's columns; raises :class:`SchemaDrift` for a bad row."""
    query = log.rows().landed(log.name, load_id)
    try:
        connection.execute(f"copy ({query}) to {literal(str(target))} (format parquet, compression zstd)")
    except (duckdb.OutOfMemoryException, duckdb.IOException):
        raise
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise _explained(log, str(error)) from None
    found = connection.execute(BAD_LANDED_ROWS.format(file=literal(str(target)))).fetchone()
    assert found is not None
    rows, first, last, bad = found
    if bad:
        raise _explained(log, "")
    days = dict(connection.execute(ROWS_BY_DAY.format(file=literal(str(target)))).fetchall())
    return Converted(target, rows, first, last, days)


def _explained(log: LogFile, message: str) -> SchemaDrift:
    """The first row at fault, found by a second read in order. ``message`` is DuckDB's and may quote the row."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set threads = 1")
        if log.kind == "parquet":
            scan, number = (
                f"read_parquet({literal(str(log.path))}, binary_as_string = true, file_row_number = true)",
                "file_row_number + 1",
            )
        else:
            scan, number = f"(select row_number() over () as place, * from {log.scan()})", "place"
        try:
            row = connection.execute(log.rows().faults(scan, number)).fetchone()
        except (duckdb.Error, UnicodeDecodeError) as error:
            return _unreadable(log, f"{error}\n{message}")
    if row is None:
        return _unreadable(log, message)
    place = _line_of_record(log, row[0])
    return SchemaDrift(SOURCE, f"{log.name}:{place}: {row[2]} (request_id {row[1] or 'unknown'})")


def _unreadable(log: LogFile, message: str) -> SchemaDrift:
    record = re.search(r"CSV Error on Line: (\d+)", message)
    line = re.search(r"in line (\d+)", message)
    place = log.name
    if record:
        place = f"{log.name}:{_line_of_record(log, int(record[1]) - 1)}"
    elif line:
        place = f"{log.name}:{line[1]}"
    reason = re.search(r"^(Expected Number of Columns[^\n]*|Value with [^\n]*|Maximum line size[^\n]*)$", message, re.M)
    return SchemaDrift(SOURCE, f"{place}: {reason[1] if reason else f'is not a well-formed {log.kind} record'}")


def _line_of_record(log: LogFile, number: int) -> int:
    """The line that the n-th record (from 1, without the header) begins on; of a Parquet row its number."""
    if log.kind == "parquet":
        return number
    starts = _csv_lines(log.path) if log.kind == "csv" else _json_lines(log.path)
    for count, line in enumerate(starts, 1):
        if count == number:
            return line
    return number


def _csv_lines(path: Path) -> Iterator[int]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        csv.field_size_limit(LONGEST_LINE)
        reader, begins = csv.reader(file), 1
        is_header = True
        for record in reader:
            if record and not is_header:
                yield begins
            is_header = is_header and not record
            begins = reader.line_num + 1


def _json_lines(path: Path) -> Iterator[int]:
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from (number for number, line in enumerate(file, 1) if line.strip())


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
