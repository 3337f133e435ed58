"""Read cloud bills in the FOCUS shape, versions 1.0 to 1.4, CSV or Parquet, into the landing area.

Source: the files that ``path`` of ``focus_files`` names, a glob below the company folder. Grain: one row per charge,
one partition per file, named by the file's path relative to the company folder; an unchanged file is no new load, a
vanished one is withdrawn. Exports that state the same charges again: ``exports.py`` says which days count.
Money and quantities stay text as written; a Parquet file that stores them in binary floating point gives the shortest
decimal text that means the same. Times are UTC, also where the file writes no zone; ``NULL`` and blank are null.
Failure mode: a required column that is absent or null, a bad time or bad tags are :class:`SchemaDrift`, an amount
that is not a decimal :class:`MalformedMoney`; both name file and line. Any error leaves the landing area as it was.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.focus.columns import (
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
    connect,
    literal,
    load_text_table,
    open_text_file,
    quoted,
)
from orchestration.files import utc_text
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry import Company
from orchestration.registry.currencies import CURRENCIES

SOURCE = "focus_files"
STREAM = "cost_and_usage"
ROW_RULES = "1"
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


def extract(company: Company, landing: Landing, as_of: date, secret: str | None) -> list[StreamOutcome]:
    """Land every bill of the company. Charges after ``as_of`` are landed too; files need no ``secret``."""
    paths = bill_files(company.folder, company.sources[SOURCE].path)
    held = {name: part.current for name, part in landing.manifest(SOURCE, STREAM).items()}
    bills = []
    modified = {path.relative_to(company.folder).as_posix(): int(path.stat().st_mtime) for path in paths}
    with connect() as connection:
        for path in paths:
            file = open_text_file(connection, SOURCE, path, path.relative_to(company.folder).as_posix())
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
        raise SchemaDrift(SOURCE, f"{file.name}:1: the required columns {', '.join(missing)} are missing")
    names = [*REQUIRED.values(), *PROVIDER, *(name for names in OPTIONAL.values() for name in names)]
    load_text_table(connection, file, "bill_text", names, null_word="NULL")
    expressions = {column: quoted(name) for column, name in REQUIRED.items()}
    expressions |= {column: _first_of(names) for column, names in OPTIONAL.items()}
    expressions["provider_name"] = _first_of(PROVIDER)
    shown = ", ".join(f"{sql} as {column}" for column, sql in expressions.items())
    connection.execute(f"create or replace temp table bill as select line, {shown} from bill_text")
    _refuse_bad_rows(connection, file.name)
    moments = ", ".join(f"cast({column} as timestamptz) as {column}" for column in MOMENTS)
    charges = connection.execute(
        f"select * replace ({moments}), {literal(focus_version(file.header))} as focus_version from bill order by line"
    ).to_arrow_table()
    first, last = _span(connection)
    return Bill(file.name, load_id, charges, charges.num_rows, first, last)


def _first_of(names: tuple[str, ...]) -> str:
    return f"coalesce({', '.join(map(quoted, names))})" if len(names) > 1 else quoted(names[0])


def _refuse_bad_rows(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raise for the first bad row in the order of the checks."""
    shown = {column: names[0] for column, names in OPTIONAL.items()} | REQUIRED | {"provider_name": PROVIDER[0]}
    for column in (*REQUIRED, "provider_name"):
        found = _first(connection, column, f"{column} is null")
        if found:
            kind = MalformedMoney if column in MONEY else SchemaDrift
            raise kind(SOURCE, f"{name}:{found[0]}: {shown[column]} is empty")
    for column in (*MONEY, *QUANTITIES):
        condition = f"not regexp_full_match({column}, '{DECIMAL}') or try_cast({column} as decimal(38, 18)) is null"
        found = _first(connection, column, f"{column} is not null and ({condition})")
        if found:
            kind = MalformedMoney if column in MONEY else SchemaDrift
            raise kind(SOURCE, f"{name}:{found[0]}: {shown[column]} '{found[1]}' is not a decimal number")
    for column in MOMENTS:
        found = _first(connection, column, f"try_cast({column} as timestamptz) is null")
        if found:
            raise SchemaDrift(SOURCE, f"{name}:{found[0]}: {shown[column]} '{found[1]}' is not a date and time")
    codes = ", ".join(map(literal, sorted(CURRENCIES)))
    found = _first(connection, "billing_currency", f"upper(billing_currency) not in ({codes})")
    if found:
        raise SchemaDrift(SOURCE, f"{name}:{found[0]}: BillingCurrency '{found[1]}' is no ISO 4217 currency")
    is_object = "coalesce(case when json_valid(tags) then json_type(tags) end, '') = 'OBJECT'"
    found = _first(connection, "tags", f"tags is not null and not ({is_object})")
    if found:
        raise SchemaDrift(SOURCE, f"{name}:{found[0]}: Tags '{found[1]}' is not a JSON object")


def _first(connection: duckdb.DuckDBPyConnection, column: str, condition: str) -> tuple[int, str] | None:
    return connection.execute(f"select line, {column} from bill where {condition} order by line limit 1").fetchone()


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
