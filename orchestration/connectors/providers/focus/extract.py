"""Read cloud bills in the FOCUS shape, versions 1.0 to 1.4, CSV or Parquet, into the landing area.

Source: the files that ``path`` of ``focus_files`` names, a glob below the company folder. Grain: one row per charge,
one partition per file, named by the file's path relative to the company folder; an unchanged file is no new load, a
vanished one is withdrawn. Exports that state the same charges again: ``exports.py`` says which days count. Money and
quantities stay text as written; a Parquet file that stores them in binary floating point gives the shortest decimal text
that means the same. Times are UTC, also where the file writes no zone; ``NULL`` and blank are null.
Failure mode: an amount that is not a decimal is :class:`MalformedMoney` and a required column that is absent
:class:`SchemaDrift`; both name file and line. A charge with another bad cell goes to ``focus_files/rejected_rows`` with
its amount and the bill loads; more than one such charge and more than :data:`BAD_ROWS_RATIO` of a bill, or all of it, are
:class:`SchemaDrift`. Any error leaves the landing area as it was.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from expectations.rules import FIRST_PLAUSIBLE, LAST_PLAUSIBLE
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.focus.cells import TAGS_FORM, moment, tags
from orchestration.connectors.providers.focus.columns import (
    ALL,
    CATEGORIES,
    MAY_BE_EMPTY,
    MOMENTS,
    MONEY,
    OPTIONAL,
    PROVIDER,
    QUANTITIES,
    REQUIRED,
    focus_version,
    missing_columns,
)
from orchestration.connectors.providers.focus.exports import (
    BILLED_BY_API,
    SUPERSEDED_DAYS,
    Export,
    refuse_second_bills,
    superseded_days,
)
from orchestration.connectors.text_tables import (
    SUFFIXES,
    TextFile,
    literal,
    load_text_table,
    open_text_file,
    quoted,
)
from orchestration.connectors.written_forms import Declared, bring_to_one_form
from orchestration.files import utc_text
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry import Company
from orchestration.registry.currencies import CURRENCIES
from orchestration.utc_duckdb import connect

SOURCE = "focus_files"
STREAM = "cost_and_usage"
REJECTED = "rejected_rows"
ROW_RULES = "3"
BAD_ROWS_RATIO = 0.1
"""Share of a bill's charges with a bad cell above which the bill is refused whole."""
EMPTY_COST = "FOCUS gives every charge one: export it anew, or write what the charge cost, 0 if nothing"
NOTHING_REJECTED = pa.table({})
DECIMAL = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"


@dataclass(frozen=True)
class Bill:
    """One file: its charges, or None where the landing already holds them, and the span of their charge periods."""

    name: str
    load_id: str
    charges: pa.Table | None
    rows: int
    first_event_at: str | None = None
    last_event_at: str | None = None
    rejected: pa.Table | None = None


def extract(company: Company, landing: Landing, as_of: date, secret: str | None) -> list[StreamOutcome]:
    """Land every bill of the company. Charges after ``as_of`` are landed too; files need no ``secret``."""
    paths = bill_files(company.folder, company.sources[SOURCE].path)
    held = {name: part.current for name, part in landing.manifest(SOURCE, STREAM).items()}
    bills = []
    modified = {path.relative_to(company.folder).as_posix(): int(path.stat().st_mtime) for path in paths}
    with connect() as connection:
        for path in paths:
            file = open_text_file(connection, SOURCE, path, path.relative_to(company.folder).as_posix(), ALL)
            load_id = hashlib.sha256(f"{ROW_RULES}:{file.digest()}".encode()).hexdigest()[:16]
            load = held.get(file.name)
            if load is not None and load.load_id == load_id:
                bills.append(Bill(file.name, load_id, None, load.rows))
            else:
                bills.append(read_bill(connection, file, load_id))
        exports = _exports(connection, landing, bills, modified)
        refuse_second_bills(connection, SOURCE, exports, _read_from(company))
        is_judged = all(bill.charges is None for bill in bills) and bool(landing.manifest(SOURCE, SUPERSEDED_DAYS))
        is_judged &= {name for name, load in held.items() if load is not None} == exports.keys()
        replaced = None if is_judged else superseded_days(connection, SOURCE, exports)
    _land(landing, bills, replaced)
    return [StreamOutcome(SOURCE, STREAM, len(bills), sum(bill.rows for bill in bills))]


def bill_files(folder: Path, pattern: str | None) -> list[Path]:
    """The files that ``pattern`` names, in order. None at all is an error: an unread bill is not an empty bill."""
    if not pattern:
        raise PermanentFailure(SOURCE, "key 'path' is missing; name the files, like focus/*.csv")
    paths = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise PermanentFailure(SOURCE, f"no file matches path {pattern} in the company folder")
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise SchemaDrift(SOURCE, f"{path.relative_to(folder).as_posix()}: bills are read as .csv or .parquet only")
    return paths


def read_bill(connection: duckdb.DuckDBPyConnection, file: TextFile, load_id: str) -> Bill:
    """Check and type the charges of one file."""
    missing = missing_columns(file.header)
    if missing:
        raise file.missing(missing, "export the columns of FOCUS unrenamed")
    load_text_table(connection, file, "bill_text", ALL, null_word="NULL")
    amounts = [_focus_name(column) for column in (*MONEY, *QUANTITIES)]
    bring_to_one_form(connection, file, "bill_text", amounts, [REQUIRED[column] for column in MOMENTS], Declared())
    expressions = {column: quoted(name) for column, name in REQUIRED.items()}
    expressions |= {column: _first_of(names) for column, names in OPTIONAL.items()}
    expressions["provider_name"] = _first_of(PROVIDER)
    rewritten = {column: moment(expressions[column]) for column in MOMENTS} | {"tags": tags(expressions["tags"])}
    expressions |= {column: rewritten[column] for column in _in_other_forms(connection, expressions)}
    shown = ", ".join(f"{sql} as {column}" for column, sql in expressions.items())
    connection.execute(f"create or replace temp table bill as select line, {shown} from bill_text")
    rejected = NOTHING_REJECTED
    if _has_bad_cells(connection):
        _refuse_malformed_money(connection, file.name)
        rejected = _reject_bad_rows(connection, file.name)
    moments = ", ".join(f"cast({column} as timestamptz) as {column}" for column in MOMENTS)
    charges = connection.execute(
        f"select * replace ({moments}), {literal(focus_version(file.header))} as focus_version from bill order by line"
    ).to_arrow_table()
    first, last = _span(connection)
    return Bill(file.name, load_id, charges, charges.num_rows, first, last, rejected)


def _in_other_forms(connection: duckdb.DuckDBPyConnection, expressions: Mapping[str, str]) -> list[str]:
    """The moments and tags with a cell that is not in the one form: planning how to rewrite them all takes longer than reading a
    small bill.
    """
    asked = {column: f"try_cast({expressions[column]} as timestamptz) is null" for column in MOMENTS}
    asked["tags"] = f"not starts_with({expressions['tags']}, '{{')"
    found = ", ".join(f"bool_or({expressions[column]} is not null and {sql})" for column, sql in asked.items())
    row = connection.execute(f"select {found} from bill_text").fetchone()
    assert row is not None
    return [column for column, is_odd in zip(asked, row, strict=True) if is_odd]


def _has_bad_cells(connection: duckdb.DuckDBPyConnection) -> bool:
    """Any cell of the bill breaks a rule: one look at a bill that breaks none."""
    rules = " or ".join(condition for _, condition, _ in (*_malformed_money(), *_bad_cells()))
    return connection.execute(f"select bool_or({rules}) from bill").fetchone() == (True,)


def _focus_name(column: str) -> str:
    return REQUIRED[column] if column in REQUIRED else OPTIONAL[column][0]


def _first_of(names: tuple[str, ...]) -> str:
    return f"coalesce({', '.join(map(quoted, names))})" if len(names) > 1 else quoted(names[0])


def _malformed_money() -> Iterator[tuple[str, str, str]]:
    """Column, the condition under which its amount is none, and what to say of it."""
    for column in (column for column in REQUIRED if column in MONEY):
        yield column, f"{column} is null", f"is empty; {EMPTY_COST}"
    for column in MONEY:
        yield column, _is_no_decimal(column), "is not a decimal number"


def _refuse_malformed_money(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raise for the first amount that is none: what a charge costs is never left open."""
    for column, condition, reason in _malformed_money():
        found = connection.execute(
            f"select line, {column} from bill where {condition} order by line limit 1"
        ).fetchone()
        if found:
            line, value = found
            cell = _focus_name(column) + ("" if value is None else f" '{value}'")
            raise MalformedMoney(SOURCE, f"{name}:{line}: {cell} {reason}")


def _is_no_decimal(column: str) -> str:
    return (
        f"{column} is not null and (not regexp_full_match({column}, '{DECIMAL}') "
        f"or try_cast({column} as decimal(38, 18)) is null)"
    )


def _bad_cells() -> Iterator[tuple[str, str, str]]:
    """Column, the condition under which its cell is bad, and what to say of it."""
    for column in (*REQUIRED, "provider_name"):
        if column not in MONEY and column not in MAY_BE_EMPTY:
            yield column, f"{column} is null", "is empty"
    for column in QUANTITIES:
        yield column, _is_no_decimal(column), "is not a decimal number"
    for column in MOMENTS:
        yield column, f"{column} is not null and try_cast({column} as timestamptz) is null", "is not a date and time"
    start, end = (f"try_cast({column} as timestamptz)" for column in ("charge_period_start", "charge_period_end"))
    plausible = f"{start} >= '{FIRST_PLAUSIBLE}' and {start} < '{LAST_PLAUSIBLE}'"
    yield "charge_period_start", f"not ({plausible})", f"is not from {FIRST_PLAUSIBLE} to {LAST_PLAUSIBLE}"
    yield "charge_period_end", f"{end} <= {start}", "is not after ChargePeriodStart"
    categories = ", ".join(map(literal, CATEGORIES))
    yield "charge_category", f"charge_category not in ({categories})", f"is none of {', '.join(CATEGORIES)}"
    codes = ", ".join(map(literal, sorted(CURRENCIES)))
    yield "billing_currency", f"upper(billing_currency) not in ({codes})", "is no ISO 4217 currency"
    is_object = "coalesce(case when json_valid(tags) then json_type(tags) end, '') = 'OBJECT'"
    yield "tags", f"tags is not null and not ({is_object})", f"is not {TAGS_FORM}"


def _reject_bad_rows(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    """Take the charges with a bad cell out of the bill; refuse the bill where they are too many."""
    shown = {column: names[0] for column, names in OPTIONAL.items()} | REQUIRED | {"provider_name": PROVIDER[0]}
    connection.execute(
        "create or replace temp table bad_cells (line bigint, column_name varchar, value varchar, reason varchar)"
    )
    for column, condition, reason in _bad_cells():
        connection.execute(
            f"insert into bad_cells select line, {literal(shown[column])}, {column}, {literal(reason)} "
            f"from bill where {condition}"
        )
    counted = connection.execute(
        "select (select count(*) from bill), (select count(distinct line) from bad_cells), "
        "(select struct_pack(line, column_name, value, reason) from bad_cells order by line, column_name limit 1)"
    ).fetchone()
    assert counted is not None
    rows, bad, first = counted
    if bad == rows > 0 or bad > max(1, BAD_ROWS_RATIO * rows):
        cell = first["column_name"] + ("" if first["value"] is None else f" '{first['value']}'")
        more = f"; {bad} of {rows} charges have such a cell, more than {BAD_ROWS_RATIO:.0%}" if rows > 1 else ""
        raise SchemaDrift(SOURCE, f"{name}:{first['line']}: {cell} {first['reason']}{more}")
    rejected = connection.execute(
        f"select {literal(SOURCE)} as source, {literal(name)} as file, line, column_name, value, reason, "
        "cast(try_cast(billed_cost as decimal(38, 18)) as decimal(38, 9)) as amount, "
        "upper(billing_currency) as currency from bad_cells inner join bill using (line) order by line, column_name, reason"
    ).to_arrow_table()
    connection.execute("delete from bill where line in (select line from bad_cells)")
    return rejected


def _span(connection: duckdb.DuckDBPyConnection) -> tuple[str | None, str | None]:
    """The first and last charge period start of the bill, None for a bill without charges."""
    row = connection.execute(
        "select min(cast(charge_period_start as timestamptz)), max(cast(charge_period_start as timestamptz)) from bill"
    ).fetchone()
    assert row is not None
    return (utc_text(row[0]), utc_text(row[1])) if row[0] else (None, None)


def _read_from(company: Company) -> dict[str, date]:
    """The first day of each source that is on and bills its own provider."""
    billing = {name: company.sources[name] for name in BILLED_BY_API if name in company.sources}
    return {name: one.start_date for name, one in billing.items() if one.enabled and one.start_date is not None}


def _exports(
    connection: duckdb.DuckDBPyConnection, landing: Landing, bills: list[Bill], modified: dict[str, int]
) -> dict[str, Export]:
    """Every bill as a relation: as just read, or as landed before."""
    exports = {}
    held = landing.manifest(SOURCE, STREAM)
    for number, bill in enumerate(bills):
        relation = f"export_{number}"
        if bill.charges is not None:
            connection.register(relation, bill.charges)
        else:
            current = held[bill.name].current
            assert current is not None
            relation = f"read_parquet({literal(str(landing.load_file(SOURCE, STREAM, bill.name, current)))})"
        exports[bill.name] = Export(bill.name, relation, bill.load_id, modified[bill.name])
    return exports


def _land(landing: Landing, bills: list[Bill], replaced: list[dict[str, Any]] | None) -> None:
    """Land the bills, and the days replaced among them; None: those landed before still hold."""
    if replaced is not None:
        with landing.batch(SOURCE, SUPERSEDED_DAYS) as batch:
            batch.add_rows("current", replaced)
    with landing.batch(SOURCE, STREAM) as batch:
        for bill in bills:
            if bill.charges is not None:
                facts = {
                    "first_event_at": bill.first_event_at,
                    "last_event_at": bill.last_event_at,
                    "origin": bill.name,
                }
                batch.add_table(bill.name, bill.charges, load_id=bill.load_id, **facts)
        for name in set(batch.partitions) - {bill.name for bill in bills}:
            batch.withdraw(name)
    with landing.batch(SOURCE, REJECTED) as batch:
        for bill in bills:
            if bill.rejected is not None and bill.rejected.num_rows:
                batch.add_table(bill.name, bill.rejected, load_id=bill.load_id, origin=bill.name)
            elif bill.rejected is not None and bill.name in batch.partitions:
                batch.withdraw(bill.name)
        for name in set(batch.partitions) - {bill.name for bill in bills}:
            batch.withdraw(name)
