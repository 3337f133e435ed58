"""What is wrong with the bad rows of a spend log: the file, the line, the request id and the reason.

The conversion only notices that something is wrong. This is the second, slow look: it reads the same file again in order
and on one thread, with casts that fail softly. No message quotes a row, only the one value that is at fault. A record
that is not well-formed is a bad row too.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb

from orchestration import utc_duckdb
from orchestration.connectors.providers.litellm.log_files import LONGEST_LINE, SOURCE, LogFile
from orchestration.connectors.text_tables import literal
from orchestration.landing.errors import SchemaDrift

LARGEST_SPEND = Decimal(10) ** 20


@dataclass(frozen=True)
class BadRow:
    """``line`` is the line that the record begins on, of a Parquet row its number. ``amount`` is the gateway's own spend, None
    where the row says none.
    """

    line: int
    request_id: str | None
    column: str | None
    value: str | None
    reason: str
    amount: Decimal | None = None

    @property
    def text(self) -> str:
        said = self.reason if self.value is None else f"{self.column} {self.value!r} {self.reason}"
        return f"{said} (request_id {self.request_id or 'unknown'})"

    def landed(self, file: str) -> dict[str, Any]:
        """The row of stream ``litellm/rejected_rows``."""
        return {
            "source": SOURCE,
            "file": file,
            "line": self.line,
            "column_name": self.column,
            "value": self.value,
            "reason": f"{self.reason} (request_id {self.request_id or 'unknown'})",
            "amount": self.amount,
            "currency": None if self.amount is None else "USD",
        }


def explained(log: LogFile, message: str) -> SchemaDrift:
    """The first row at fault. ``message`` is DuckDB's and may quote the row."""
    try:
        found = bad_rows(log)
    except (duckdb.Error, UnicodeDecodeError) as error:
        return _unreadable(log, f"{error}\n{message}")
    return refusal(log, found) if found else _unreadable(log, message)


def refusal(log: LogFile, found: list[BadRow]) -> SchemaDrift:
    more = f"; {len(found)} rows of this file are at fault" if len(found) > 1 else ""
    return SchemaDrift(SOURCE, f"{log.name}:{found[0].line}: {found[0].text}{more}")


def bad_rows(log: LogFile) -> list[BadRow]:
    """All rows at fault, in the order of the file."""
    with utc_duckdb.connect() as connection:
        connection.execute("set threads = 1")
        if log.kind == "parquet":
            scan, number = (
                f"read_parquet({literal(str(log.path))}, binary_as_string = true, file_row_number = true)",
                "file_row_number + 1",
            )
        else:
            scan, number = f"(select row_number() over () as place, * from {log.scan(is_lenient=True)})", "place"
        rows = connection.execute(log.rows().faults(scan, number)).fetchall()
    lines = _lines_of_records(log, {row[0] for row in rows})
    return [
        BadRow(lines[number], request_id, column, value, reason, _amount(spend))
        for number, request_id, column, value, reason, spend in rows
    ]


def _amount(spend: str | None) -> Decimal | None:
    try:
        amount = Decimal(spend or "")
    except InvalidOperation:
        return None
    return round(amount, 9) if amount.is_finite() and abs(amount) < LARGEST_SPEND else None


def _unreadable(log: LogFile, message: str) -> SchemaDrift:
    record = re.search(r"CSV Error on Line: (\d+)", message)
    line = re.search(r"in line (\d+)", message)
    place = log.name
    if record:
        number = int(record[1]) - 1
        place = f"{log.name}:{_lines_of_records(log, {number})[number]}"
    elif line:
        place = f"{log.name}:{line[1]}"
    reason = re.search(r"^(Expected Number of Columns[^\n]*|Value with [^\n]*|Maximum line size[^\n]*)$", message, re.M)
    return SchemaDrift(SOURCE, f"{place}: {reason[1] if reason else f'is not a well-formed {log.kind} record'}")


def _lines_of_records(log: LogFile, numbers: set[int]) -> dict[int, int]:
    """The lines that the records of these numbers (from 1, without the header) begin on; of a Parquet row its number."""
    found = {number: number for number in numbers}
    if log.kind != "parquet" and numbers:
        starts = _csv_lines(log) if log.kind == "csv" else _json_lines(log)
        for count, line in enumerate(starts, 1):
            if count in numbers:
                found[count] = line
    return found


def _csv_lines(log: LogFile) -> Iterator[int]:
    with log.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        csv.field_size_limit(LONGEST_LINE)
        reader, begins = csv.reader(file), 1
        is_header = True
        for record in reader:
            if record and not is_header:
                yield begins
            is_header = is_header and not record
            begins = reader.line_num + 1


def _json_lines(log: LogFile) -> Iterator[int]:
    with log.path.open(encoding="utf-8", errors="replace") as file:
        yield from (number for number, line in enumerate(file, 1) if line.strip())
