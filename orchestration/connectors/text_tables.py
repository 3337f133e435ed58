"""Tables in files read exactly: every value as text, every row with its line.

Parquet, and CSV as spreadsheets save it: the layout (``table_layout``) is found by the columns that are looked for.
DuckDB parses; no value is changed, so ``007`` stays ``007`` and no amount passes through floating point. The line of a
CSV row is the line its record begins on, also after quoted newlines and blank lines; of a Parquet row it is the row's
number from 1. Rows without any value, and columns with neither name nor value, mean nothing and are left out.
Failure mode: a file that cannot be read whole is a :class:`SchemaDrift` that names file and, where known, line.
"""

import csv
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.connectors.table_layout import Layout, find_layout, known_headings, plain_heading, records
from orchestration.landing.errors import SchemaDrift
from orchestration.quoting import literal

SUFFIXES = (".csv", ".parquet")
NESTED = ("MAP", "STRUCT", "LIST", "[]")
FLOATING = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class TextFile:
    """A file of a source. ``name``, its path relative to the company folder, is shown. ``types`` and ``stored`` (the columns
    as the file spells them) are empty for CSV, and ``layout`` is None for Parquet.
    """

    source: str
    path: Path
    name: str
    header: tuple[str, ...]
    types: tuple[str, ...]
    layout: Layout | None = None
    stored: tuple[str, ...] = ()

    @property
    def place_of_header(self) -> str:
        """File and line of the header, for a message."""
        return f"{self.name}:{self.layout.header_line if self.layout else 1}"

    def missing(self, columns: Iterable[str], remedy: str) -> SchemaDrift:
        """What to say of a file without required ``columns``: also what it was read as, where nothing was looked for."""
        found = self.layout.described() if self.layout else f"its columns are {', '.join(self.header)}"
        return SchemaDrift(
            self.source,
            f"{self.place_of_header}: the required columns {', '.join(columns)} are missing ({found}); {remedy}",
        )

    def floating_columns(self, columns: Iterable[str]) -> list[str]:
        """Those of ``columns`` that the file stores in binary floating point (Parquet only)."""
        kinds = dict(zip(self.header, self.types, strict=False))
        return [column for column in columns if kinds.get(column) in FLOATING]

    def digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def open_text_file(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    path: Path,
    name: str,
    columns: Sequence[str] = (),
    headings: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> TextFile:
    """Read the header. Raises :class:`SchemaDrift` for a file without one, or with one column name twice.

    Of CSV, ``columns`` are looked for, ``headings`` are what the file calls some of them; without ``columns`` the header is
    the first line, separated by commas. A path with ``*``, ``?`` or ``[`` is refused: the parser would take it for a
    pattern and read other files.
    """
    if set(str(path)) & set("*?["):
        raise SchemaDrift(source, f"{name}: rename the file or its folder, without the characters * ? [")
    layout: Layout | None = None
    if path.suffix.lower() == ".parquet":
        stored, types = _parquet_columns(connection, source, path, name)
        known = known_headings(columns, headings)
        header = tuple(known.get(plain_heading(column), column) for column in stored)
    else:
        layout = (
            find_layout(source, path, name, columns, headings, encoding)
            if columns
            else _plain_layout(source, path, name)
        )
        header, stored, types = layout.header, (), ()
    file = TextFile(source, path, name, header, types, layout, stored)
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise SchemaDrift(source, f"{file.place_of_header}: the header names {', '.join(twice)} twice")
    return file


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
    shown = ", ".join(
        f"{_text_of(file, column, null_word)} as {quoted(column)}"
        if column in file.header
        else f"cast(null as varchar) as {quoted(column)}"
        for column in columns
    )
    if file.layout is None:
        scan = f"read_parquet({literal(str(file.path))})"
        _create(
            connection,
            file,
            f"create or replace temp table {table} as select row_number() over () as line, {shown} from {scan}",
        )
        return
    numbered = f"row_number() over () + {file.layout.records_before_rows} as line"
    create = (
        f"create or replace temp table {table} as select {numbered}, {shown}, {_unnamed(file)} as unnamed, "
        f"{_is_blank(file)} as is_blank from "
    )
    with _in_utf8(file, file.layout) as path:
        try:
            connection.execute(create + _csv_scan(path, file.layout))
        except (duckdb.Error, UnicodeDecodeError) as error:
            if _odd_line(path) is None:
                raise _unreadable(file, str(error)) from error
            with _of_one_line_end(path) as copy:
                _create(connection, file, create + _csv_scan(copy, file.layout), _odd_line(copy))
    _correct_lines(connection, file, file.layout, table)
    _drop_what_is_blank(connection, file, table)


def _create(connection: duckdb.DuckDBPyConnection, file: TextFile, statement: str, odd_line: int | None = None) -> None:
    """``odd_line``: the first of CSV that ends unlike the first line."""
    try:
        connection.execute(statement)
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise _unreadable(file, str(error), odd_line) from error


def _odd_line(path: Path) -> int | None:
    """The first line that ends unlike the one before it (CR LF, LF or CR), which the parser does not take; None without one.
    Line breaks in quotes are looked at too.
    """
    first = None
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        for number, line in enumerate(lines, 1):
            end = line[len(line.rstrip("\r\n")) :]
            first = first or end
            if end and end != first:
                return number
    return None


@contextmanager
def _of_one_line_end(path: Path) -> Iterator[Path]:
    """A copy in which CR LF is LF, as where rows were added to a file by another system."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.csv"
        with path.open("rb") as lines, copy.open("wb") as written:
            written.writelines(line[:-2] + b"\n" if line.endswith(b"\r\n") else line for line in lines)
        yield copy


@contextmanager
def _in_utf8(file: TextFile, layout: Layout) -> Iterator[Path]:
    """The file itself, or a copy in the one encoding that the parser reads surely."""
    if layout.encoding == "utf-8-sig":
        yield file.path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.csv"
        try:
            with file.path.open(encoding=layout.encoding, newline="") as read, copy.open("w", newline="") as written:
                shutil.copyfileobj(read, written)
        except UnicodeError:
            raise SchemaDrift(file.source, f"{file.name}: is not whole {layout.encoding.upper()} text") from None
        yield copy


def _unnamed(file: TextFile) -> str:
    """SQL of the first value in a column without a name, null where there is none."""
    cells = [f"nullif(trim(c{position}), '')" for position, column in enumerate(file.header) if not column]
    return f"coalesce({', '.join(cells)})" if cells else "null"


def _is_blank(file: TextFile) -> str:
    cells = ", ".join(f"nullif(trim(c{position}), '')" for position in range(len(file.header)))
    return f"coalesce({cells}) is null"


def _drop_what_is_blank(connection: duckdb.DuckDBPyConnection, file: TextFile, table: str) -> None:
    found = connection.execute(
        f"select line, unnamed from {table} where unnamed is not null order by line limit 1"
    ).fetchone()
    if found:
        raise SchemaDrift(
            file.source,
            f"{file.name}:{found[0]}: '{found[1]}' stands in a column without a name; name it in line "
            f"{file.layout.header_line if file.layout else 1}, or empty it",
        )
    connection.execute(f"delete from {table} where is_blank")
    connection.execute(f"alter table {table} drop column unnamed")
    connection.execute(f"alter table {table} drop column is_blank")


def _parquet_columns(
    connection: duckdb.DuckDBPyConnection, source: str, path: Path, name: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        described = connection.execute(f"describe select * from read_parquet({literal(str(path))})").fetchall()
    except duckdb.Error as error:
        raise SchemaDrift(source, f"{name}: is not a readable Parquet file") from error
    return tuple(row[0] for row in described), tuple(row[1] for row in described)


def _plain_layout(source: str, path: Path, name: str) -> Layout:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise SchemaDrift(source, f"{name}:1: the header is not readable as UTF-8 CSV ({error})") from error
    if not header:
        raise SchemaDrift(source, f"{name}:1: the file has no header line")
    return Layout(header=tuple(header))


def _csv_scan(path: Path, layout: Layout) -> str:
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(layout.header)))
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, header = false, skip = {layout.records_before_rows}, "
        f"columns = {{{columns}}}, delim = {literal(layout.separator)}, quote = '\"', escape = '\"', parallel = false)"
    )


def _text_of(file: TextFile, column: str, null_word: str) -> str:
    position = file.header.index(column)
    if not file.types:
        text = f"trim(c{position})"
    elif any(mark in file.types[position] for mark in NESTED):
        text = f"cast(to_json({quoted(file.stored[position])}) as varchar)"
    else:
        text = f"trim(cast({quoted(file.stored[position])} as varchar))"
    text = f"nullif({text}, '')"
    return f"nullif({text}, {literal(null_word)})" if null_word else text


def _unreadable(file: TextFile, message: str, odd_line: int | None = None) -> SchemaDrift:
    line = re.search(r"CSV Error on Line: (\d+)", message)
    reason = re.search(
        r"^(Expected Number of Columns.*|Value with .*|Invalid unicode.*|Maximum line size.*)$", message, re.M
    )
    place = f"{file.name}:{line[1]}" if line else file.name
    if odd_line is not None and not (line and reason):
        return SchemaDrift(
            file.source,
            f"{file.name}:{odd_line}: ends in another line break than the lines before; save the file again with one kind",
        )
    if file.layout is not None and not (line and reason):
        return _ill_formed(file, file.layout)
    return SchemaDrift(file.source, f"{place}: {reason[1] if reason else 'the file is not well-formed'}")


def _ill_formed(file: TextFile, layout: Layout) -> SchemaDrift:
    """Where the file is not well-formed CSV, and how, as a second parser sees it."""
    place, why = file.name, "the file is not well-formed"
    try:
        for line, _ in records(file.path, layout):
            place = f"{file.name}:{line}"
        place = file.name
    except csv.Error as error:
        why = f"after this line the file is not well-formed CSV ({error})"
    return SchemaDrift(file.source, f"{place}: {why}; correct it, or export the file again")


def _correct_lines(connection: duckdb.DuckDBPyConnection, file: TextFile, layout: Layout, table: str) -> None:
    """Replace record numbers by line numbers where the two differ: after a quoted newline or a blank line."""
    counted = connection.execute(f"select count(*) from {table}").fetchone()
    assert counted is not None
    before = layout.records_before_rows
    if _line_count(file.path) == counted[0] + before:
        return
    try:
        lines = [
            line for number, (line, record) in enumerate(records(file.path, layout)) if record and number >= before
        ]
    except csv.Error as error:
        raise _ill_formed(file, layout) from error
    if len(lines) != counted[0]:
        raise SchemaDrift(file.source, f"{file.name}: {len(lines)} records in the file, {counted[0]} read")
    record_lines = pa.table(
        {
            "record": pa.array(range(before + 1, len(lines) + before + 1), pa.int64()),
            "begins": pa.array(lines, pa.int64()),
        }
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
