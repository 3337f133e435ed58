"""Tables in files read exactly: every value as text, every row with its line.

CSV (comma, double quotes, UTF-8, one header line) and Parquet. DuckDB parses; nothing is guessed, so ``007`` stays
``007`` and no amount passes through floating point. The line of a CSV row is the line its record begins on, also
after quoted newlines and blank lines; of a Parquet row it is the row's number from 1.
Failure mode: a file that cannot be read whole is a :class:`SchemaDrift` that names file and, where known, line.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.landing.errors import SchemaDrift
from orchestration.quoting import literal

SUFFIXES = (".csv", ".parquet")
NESTED = ("MAP", "STRUCT", "LIST", "[]")
FLOATING = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class TextFile:
    """A file of a source. ``name``, its path relative to the company folder, is shown; ``types`` is empty for CSV."""

    source: str
    path: Path
    name: str
    header: tuple[str, ...]
    types: tuple[str, ...]

    def floating_columns(self, columns: Iterable[str]) -> list[str]:
        """Those of ``columns`` that the file stores in binary floating point (Parquet only)."""
        kinds = dict(zip(self.header, self.types, strict=False))
        return [column for column in columns if kinds.get(column) in FLOATING]

    def digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB whose times are UTC."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


def quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def open_text_file(connection: duckdb.DuckDBPyConnection, source: str, path: Path, name: str) -> TextFile:
    """Read the header. Raises :class:`SchemaDrift` for a file without one, or with one column name twice.

    A path with ``*``, ``?`` or ``[`` is refused: the parser would take it for a pattern and read other files.
    """
    if set(str(path)) & set("*?["):
        raise SchemaDrift(source, f"{name}: rename the file or its folder, without the characters * ? [")
    if path.suffix.lower() == ".parquet":
        header, types = _parquet_columns(connection, source, path, name)
    else:
        header, types = _csv_header(source, path, name), ()
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise SchemaDrift(source, f"{name}:1: the header names {', '.join(twice)} twice")
    return TextFile(source, path, name, header, types)


def load_text_table(
    connection: duckdb.DuckDBPyConnection,
    file: TextFile,
    table: str,
    columns: Sequence[str],
    *,
    null_word: str = "",
) -> None:
    """Create temporary ``table``: ``line`` BIGINT and ``columns`` as trimmed VARCHAR in file order.

    An empty value is null, and so is ``null_word``; a column that the file does not have is null throughout.
    """
    is_csv = not file.types
    shown = ", ".join(
        f"{_text_of(file, column, null_word)} as {quoted(column)}"
        if column in file.header
        else f"cast(null as varchar) as {quoted(column)}"
        for column in columns
    )
    scan = _csv_scan(file) if is_csv else f"read_parquet({literal(str(file.path))})"
    try:
        connection.execute(
            f"create or replace temp table {table} as "
            f"select row_number() over () + {int(is_csv)} as line, {shown} from {scan}"
        )
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise _unreadable(file.source, file.name, str(error)) from error
    if is_csv:
        _correct_lines(connection, file, table)


def _parquet_columns(
    connection: duckdb.DuckDBPyConnection, source: str, path: Path, name: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        described = connection.execute(f"describe select * from read_parquet({literal(str(path))})").fetchall()
    except duckdb.Error as error:
        raise SchemaDrift(source, f"{name}: is not a readable Parquet file") from error
    return tuple(row[0] for row in described), tuple(row[1] for row in described)


def _csv_header(source: str, path: Path, name: str) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise SchemaDrift(source, f"{name}:1: the header is not readable as UTF-8 CSV ({error})") from error
    if not header:
        raise SchemaDrift(source, f"{name}:1: the file has no header line")
    return tuple(header)


def _csv_scan(file: TextFile) -> str:
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(file.header)))
    return (
        f"read_csv({literal(str(file.path))}, auto_detect = false, header = true, columns = {{{columns}}}, "
        "delim = ',', quote = '\"', escape = '\"', parallel = false)"
    )


def _text_of(file: TextFile, column: str, null_word: str) -> str:
    position = file.header.index(column)
    if not file.types:
        text = f"trim(c{position})"
    elif any(mark in file.types[position] for mark in NESTED):
        text = f"cast(to_json({quoted(column)}) as varchar)"
    else:
        text = f"trim(cast({quoted(column)} as varchar))"
    text = f"nullif({text}, '')"
    return f"nullif({text}, {literal(null_word)})" if null_word else text


def _unreadable(source: str, name: str, message: str) -> SchemaDrift:
    line = re.search(r"CSV Error on Line: (\d+)", message)
    reason = re.search(
        r"^(Expected Number of Columns.*|Value with .*|Invalid unicode.*|Maximum line size.*)$", message, re.M
    )
    place = f"{name}:{line[1]}" if line else name
    return SchemaDrift(source, f"{place}: {reason[1] if reason else 'the file is not well-formed'}")


def _correct_lines(connection: duckdb.DuckDBPyConnection, file: TextFile, table: str) -> None:
    """Replace record numbers by line numbers where the two differ: after a quoted newline or a blank line."""
    counted = connection.execute(f"select count(*) from {table}").fetchone()
    assert counted is not None
    if _line_count(file.path) == counted[0] + 1:
        return
    try:
        lines = list(_record_lines(file.path))[1:]
    except csv.Error as error:
        raise SchemaDrift(file.source, f"{file.name}: the file is not well-formed ({error})") from error
    if len(lines) != counted[0]:
        raise SchemaDrift(file.source, f"{file.name}: {len(lines)} records in the file, {counted[0]} read")
    record_lines = pa.table(
        {"record": pa.array(range(2, len(lines) + 2), pa.int64()), "begins": pa.array(lines, pa.int64())}
    )
    connection.register("record_lines", record_lines)
    connection.execute(f"update {table} set line = begins from record_lines where record = line")
    connection.unregister("record_lines")


def _line_count(path: Path) -> int:
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")


def _record_lines(path: Path) -> Iterator[int]:
    """The line every record begins on, the header first; blank lines are no records."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        begins = 1
        for record in reader:
            if record:
                yield begins
            begins = reader.line_num + 1
