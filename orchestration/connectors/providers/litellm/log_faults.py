"""What is wrong with a spend log that could not be converted: the file, the line, the request id and the reason.

The conversion only notices that something is wrong. This is the second, slow look: it reads the same file again in order
and on one thread, with casts that fail softly. No message quotes a row, only the one value that is at fault.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from orchestration.connectors.providers.litellm.log_files import LONGEST_LINE, SOURCE, LogFile
from orchestration.connectors.text_tables import literal
from orchestration.landing.errors import SchemaDrift


def explained(log: LogFile, message: str) -> SchemaDrift:
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
