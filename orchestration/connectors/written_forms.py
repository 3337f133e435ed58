"""Numbers and dates as people and spreadsheets write them, brought to one form: digits and a point, YYYY-MM-DD.

Input is a table of text with its lines (``text_tables``). A form is read only where the file itself decides what it
means, or the company has said so: ``1.234,56`` decides for the decimal comma, ``31.10.2026`` for the day first. What
nothing decides stays as written, so that the rules of its ledger refuse it by line.
Failure mode: a file in which nothing decides is a :class:`SchemaDrift` that names the first such value and what to write.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration.connectors.text_tables import TextFile, quoted
from orchestration.landing.errors import SchemaDrift

BLANKS = r"[\s\x{00A0}\x{202F}\x{2009}'’]"
EXPONENT = r"([eE][+-]?\d+)?"
PLAIN_NUMBER = rf"[+-]?(\d+(\.\d*)?|\.\d+){EXPONENT}"
POINT_FORM = rf"[+-]?(([1-9]\d{{0,2}}(([,]|{BLANKS})\d{{3}})+|\d+)(\.\d*)?|\.\d+){EXPONENT}"
COMMA_FORM = rf"[+-]?(([1-9]\d{{0,2}}(([.]|{BLANKS})\d{{3}})+|\d+)(,\d*)?|,\d+){EXPONENT}"
EITHER_FORM = r"[+-]?[1-9]\d{0,2}[.,]\d{3}"
"""One mark before three digits: thousands, or decimals."""
NUMERIC_DATE = r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})( 0?0:00(:00)?)?"
YEAR_FIRST_DATE = r"(\d{4})[./](\d{1,2})[./](\d{1,2})( 0?0:00(:00)?)?"
ISO_DATE = r"\d{4}-\d{2}-\d{2}.*"


@dataclass(frozen=True)
class Declared:
    """What the company says of a file's forms, None where the file decides; ``place`` is where it may say so, if it may."""

    place: str = ""
    decimal_comma: bool | None = None
    day_first: bool | None = None

    def remedy(self, form: str, key: str) -> str:
        """What to do about a file in which nothing decides."""
        return f"write {form}, or set {key} {self.place}" if self.place else f"write {form}"


def bring_to_one_form(
    connection: duckdb.DuckDBPyConnection,
    file: TextFile,
    table: str,
    numbers: Sequence[str],
    dates: Sequence[str],
    declared: Declared,
) -> None:
    """Rewrite columns ``numbers`` and ``dates`` of ``table`` where their form is known. Parquet holds typed values."""
    if file.layout is None:
        return
    _plain_numbers(connection, file, table, [name for name in numbers if name in file.header], declared)
    _iso_dates(connection, file, table, [name for name in dates if name in file.header], declared)


def _plain_numbers(
    connection: duckdb.DuckDBPyConnection, file: TextFile, table: str, columns: Sequence[str], declared: Declared
) -> None:
    assert file.layout is not None
    is_comma_separated = file.layout.separator == ","
    if not columns or (is_comma_separated and _all_match(connection, table, columns, PLAIN_NUMBER)):
        return
    for column in columns:
        connection.execute(f"update {table} set {quoted(column)} = {_signed(quoted(column))}")
    cells = _cells(table, columns)
    by_point, by_comma = (
        f"regexp_full_match(cell, '{_sql(POINT_FORM)}')",
        f"regexp_full_match(cell, '{_sql(COMMA_FORM)}')",
    )
    either = f"regexp_full_match(cell, '{EITHER_FORM}')"
    row = connection.execute(
        f"select coalesce(bool_or({by_point} and not {by_comma}), false), "
        f"coalesce(bool_or({by_comma} and not {by_point}), false), coalesce(bool_and({either}), false), "
        f"min_by({{'line': line, 'name': name, 'cell': cell}}, line) filter ({either}) from ({cells})"
    ).fetchone()
    assert row is not None
    shows_point, shows_comma, only_unclear, unclear = row
    is_comma = declared.decimal_comma if declared.decimal_comma is not None else shows_comma and not shows_point
    is_known = declared.decimal_comma is not None or shows_comma != shows_point
    if unclear and not is_known and (not is_comma_separated or (only_unclear and "," in unclear["cell"])):
        raise SchemaDrift(
            file.source,
            f"{file.name}:{unclear['line']}: {unclear['name']} '{unclear['cell']}' may have thousands or decimals behind its "
            f"mark, and no number of the file decides; {declared.remedy('digits and a point', 'decimal_comma')}",
        )
    form, group = (COMMA_FORM, rf"[.]|{BLANKS}") if is_comma else (POINT_FORM, f",|{BLANKS}")
    for column in columns:
        text = quoted(column)
        bare = f"replace(regexp_replace({text}, '{_sql(group)}', '', 'g'), ',', '.')"
        stays = "" if is_known else f" and not regexp_full_match({text}, '{EITHER_FORM}')"
        connection.execute(f"update {table} set {text} = {bare} where regexp_full_match({text}, '{_sql(form)}'){stays}")


def _signed(text: str) -> str:
    """SQL: a negative in parentheses, behind its digits or with the typographic sign gets a minus before them."""
    minus = f"replace({text}, '−', '-')"
    for pattern in (r"\(\s*([0-9][^()]*?)\s*\)", r"([0-9][^-]*?)\s*-"):
        turned = f"regexp_replace({text}, '^{pattern}$', '-\\1')"
        minus = f"case when regexp_full_match({text}, '{pattern}') then {turned} else {minus} end"
    return minus


def _iso_dates(
    connection: duckdb.DuckDBPyConnection, file: TextFile, table: str, columns: Sequence[str], declared: Declared
) -> None:
    if not columns or _all_match(connection, table, columns, ISO_DATE):
        return
    first, second = _part(NUMERIC_DATE, 1), _part(NUMERIC_DATE, 2)
    row = connection.execute(
        f"select coalesce(bool_or({first} > 12 and {second} <= 12), false), "
        f"coalesce(bool_or({second} > 12 and {first} <= 12), false), "
        f"coalesce(bool_or(regexp_full_match(cell, '{ISO_DATE}')), false), "
        f"min_by({{'line': line, 'name': name, 'cell': cell}}, line) filter ({first} <> {second}) "
        f"from ({_cells(table, columns)})"
    ).fetchone()
    assert row is not None
    shows_day, shows_month, has_iso, unclear = row
    is_known = declared.day_first is not None or shows_day != shows_month
    is_day_first = declared.day_first if declared.day_first is not None else shows_day
    if unclear and not is_known and not has_iso:
        found = "some dates have the day first, others the month" if shows_day else "no date of the file decides"
        raise SchemaDrift(
            file.source,
            f"{file.name}:{unclear['line']}: {unclear['name']} '{unclear['cell']}' {both_readings(unclear['cell'])}, and "
            f"{found}; {declared.remedy('YYYY-MM-DD', 'day_first')}",
        )
    for column in columns:
        text = quoted(column)
        year, month, day = (_text_part(text, YEAR_FIRST_DATE, part) for part in (1, 2, 3))
        connection.execute(
            f"update {table} set {text} = {year} || '-' || lpad({month}, 2, '0') || '-' || lpad({day}, 2, '0') "
            f"where regexp_full_match({text}, '{YEAR_FIRST_DATE}')"
        )
        day, month, year = (_text_part(text, NUMERIC_DATE, part) for part in (1, 2, 3))
        if is_known and not is_day_first:
            day, month = month, day
        equal = "" if is_known else f" and cast({day} as int) = cast({month} as int)"
        connection.execute(
            f"update {table} set {text} = {year} || '-' || lpad({month}, 2, '0') || '-' || lpad({day}, 2, '0') "
            f"where regexp_full_match({text}, '{NUMERIC_DATE}'){equal}"
        )


def both_readings(cell: str) -> str:
    """What a date of digits may mean: with the day first, and with the month first."""
    found = re.fullmatch(NUMERIC_DATE, cell)
    assert found is not None
    first, second, year = (int(found[number]) for number in (1, 2, 3))
    may_be = [
        f"{date(year, month, day):%-d %B %Y} with the {unit} first"
        for day, month, unit in ((first, second, "day"), (second, first, "month"))
        if month <= 12 and 1 <= day <= monthrange(year, month)[1]
    ]
    return f"may have the day or the month first (it is {' or '.join(may_be)})"


def _all_match(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], pattern: str) -> bool:
    row = connection.execute(
        f"select bool_and(regexp_full_match(cell, '{pattern}')) from ({_cells(table, columns)})"
    ).fetchone()
    return row is not None and row[0] is not False


def _cells(table: str, columns: Sequence[str]) -> str:
    """SQL of every filled cell of the columns with its line and column name."""
    return " union all ".join(
        f"select line, '{column}' as name, {quoted(column)} as cell from {table} where {quoted(column)} is not null"
        for column in columns
    )


def _part(pattern: str, number: int) -> str:
    return f"try_cast({_text_part('cell', pattern, number)} as int)"


def _text_part(text: str, pattern: str, number: int) -> str:
    return f"case when regexp_full_match({text}, '{pattern}') then regexp_extract({text}, '^{pattern}$', {number}) end"


def _sql(pattern: str) -> str:
    return pattern.replace("'", "''")
