"""Read the drop folder ``ledgers/`` of a company, and its accounting systems, into the landing area.

Source: CSV and Parquet files, at any depth; the prefix of the file name selects the schema (``schemas``). Several
files of a prefix are one table. Rows of accounting systems (``systems``) join those of ``general_ledger`` before any
rule is checked. Grain: one landed row per accepted row of a file, one partition per file, named by
the file's path relative to the company folder; an unchanged file is no new load, a vanished one is withdrawn. Columns
that the schema does not know are not landed. Amounts stay in their own currency.
Journal lines whose ``posting_status`` is filled and is not ``posted`` (drafts, voids) are legal and are left out.
Failure mode: a row that breaks a rule goes to ``ledgers/rejected_rows`` and the other rows of its file load, under
``on_reject: quarantine``; under ``fail`` (the default of general_ledger) :class:`RejectedFile` lists the faults. Any
error, of one file or several, leaves the landing area as it was.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.connectors.ledgers import foreign
from orchestration.connectors.ledgers.rules import describe_faults, find_faults
from orchestration.connectors.ledgers.schemas import CURRENCY, SCHEMAS, Kind, Schema
from orchestration.connectors.ledgers.shapes import LedgerRows
from orchestration.connectors.ledgers.systems import SecretOf, read_systems, switched_off_partitions, system_files
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.text_tables import (
    SUFFIXES,
    TextFile,
    literal,
    load_text_table,
    open_text_file,
    quoted,
)
from orchestration.connectors.written_forms import Declared, bring_to_one_form
from orchestration.files import counted, utc_text
from orchestration.landing.errors import RejectedFile, SchemaDrift
from orchestration.landing.store import Batch, Landing, content_id
from orchestration.landing.streams import stream_schema
from orchestration.registry import Company
from orchestration.registry.sources import LedgerConfig
from orchestration.utc_duckdb import connect

SOURCE = "ledgers"
REJECTED = "rejected_rows"
SHOWN_FAULTS = 10
ROW_RULES = "2"


@dataclass(frozen=True)
class LedgerFile:
    """What one file gives: its accepted rows (columns of the stream) and its rejected ones."""

    prefix: str
    name: str
    load_id: str
    accepted: pa.Table
    rejected: list[dict[str, Any]]
    first_event_at: str | None
    last_event_at: str | None


def extract(
    company: Company, landing: Landing, as_of: date | None = None, secret_of: SecretOf = lambda name: None
) -> list[StreamOutcome]:
    """Land every ledger file of the company and the ledgers of its accounting systems.

    ``as_of`` and ``secret_of`` (source name to secret) are needed only by systems read over their API. Raises
    :class:`SchemaDrift` or :class:`RejectedFile`, or the failures of an API, before anything is landed.
    """
    policies = on_reject_policies(company.ledgers)
    found = ledger_files(company.folder, system_files(company))
    converted = read_systems(company, landing, as_of, secret_of)
    if converted:
        found.setdefault("general_ledger", [])
    files: list[LedgerFile] = []
    refusals: list[tuple[str, int, list[str]]] = []
    with connect() as connection:
        for prefix, paths in found.items():
            schema = SCHEMAS[prefix]
            reading = company.ledgers.get(prefix) or LedgerConfig()
            opened = [_open(connection, schema, reading, path, _name(company.folder, path)) for path in paths]
            parts: list[TextFile | LedgerRows] = list(opened)
            if prefix == "general_ledger":
                parts += converted
            _load_rows(connection, schema, reading, parts)
            _check_declared(schema, reading, opened)
            find_faults(connection, schema, company.config.fiscal_year_start_month)
            count = _rejected_count(connection)
            if count and policies[prefix] == "fail":
                refusals.append((prefix, count, describe_faults(connection, schema, SHOWN_FAULTS)))
            else:
                files += [_read_file(connection, schema, reading, part) for part in parts]
    if refusals:
        raise RejectedFile(SOURCE, _refusal_text(refusals))
    return _land(landing, files, switched_off_partitions(company))


def on_reject_policies(configured: Mapping[str, LedgerConfig]) -> dict[str, str]:
    """``fail`` or ``quarantine`` per prefix: the schema's default where the company has configured nothing."""
    return {
        prefix: (configured[prefix].on_reject if prefix in configured else None) or schema.on_reject
        for prefix, schema in SCHEMAS.items()
    }


def ledger_files(folder: Path, elsewhere: Set[Path] = frozenset()) -> dict[str, list[Path]]:
    """The files of ``folder/ledgers`` by prefix, in order of name. A table that no prefix fits is an error.

    Files in ``elsewhere`` are read by another way.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted((folder / SOURCE).rglob("*")):
        inside = path.relative_to(folder).parts
        if path in elsewhere or not path.is_file() or any(part.startswith((".", "~")) for part in inside):
            continue
        prefix = next((prefix for prefix in SCHEMAS if path.name.startswith(prefix)), None)
        is_table = path.suffix.lower() in SUFFIXES
        if prefix and is_table:
            found.setdefault(prefix, []).append(path)
        elif prefix:
            raise SchemaDrift(SOURCE, f"{_name(folder, path)}: ledgers are read as .csv or .parquet only")
        elif is_table:
            raise SchemaDrift(
                SOURCE, f"{_name(folder, path)}: no ledger has this name; it must begin with {', '.join(SCHEMAS)}"
            )
    return found


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _open(
    connection: duckdb.DuckDBPyConnection, schema: Schema, reading: LedgerConfig, path: Path, name: str
) -> TextFile:
    columns = [column.name for column in schema.columns]
    return open_text_file(
        connection,
        SOURCE,
        path,
        name,
        [*columns, *foreign.extra_columns(reading)],
        foreign.headings(reading),
        reading.encoding,
    )


def _load_rows(
    connection: duckdb.DuckDBPyConnection, schema: Schema, reading: LedgerConfig, parts: Sequence[TextFile | LedgerRows]
) -> None:
    """Create the table ``schema.prefix`` of the rows of all files and systems as text."""
    names = [column.name for column in schema.columns]
    shown = ", ".join(f"{quoted(name)} varchar" for name in names)
    connection.execute(f"create or replace temp table {schema.prefix} (file varchar, line bigint, {shown})")
    for part in parts:
        if isinstance(part, LedgerRows):
            _insert_converted(connection, part, names)
            continue
        _check_columns(schema, reading, part)
        load_text_table(connection, part, "one_file", [*names, *foreign.extra_columns(reading)])
        bring_to_one_form(
            connection,
            part,
            "one_file",
            [foreign.AMOUNT, *(column.name for column in schema.columns if column.kind is Kind.DECIMAL)],
            [column.name for column in schema.columns if column.kind in (Kind.DATE, Kind.BOUND)],
            Declared(f"under ledgers: {schema.prefix} in sources.yaml", reading.decimal_comma, reading.day_first),
        )
        foreign.bring_to_schema(connection, schema, reading, part, "one_file")
        connection.execute(f"insert into {schema.prefix} select {literal(part.name)}, * from one_file")
        connection.execute("drop table one_file")
    if schema.prefix == "general_ledger":
        connection.execute("delete from general_ledger where lower(posting_status) <> 'posted'")


def _insert_converted(connection: duckdb.DuckDBPyConnection, part: LedgerRows, names: list[str]) -> None:
    columns = {"line": pa.array(range(1, len(part.rows) + 1), pa.int64())}
    columns |= {name: pa.array([row[name] for row in part.rows], pa.string()) for name in names}
    connection.register("converted", pa.table(columns))
    connection.execute(f"insert into general_ledger select {literal(part.name)}, * from converted")
    connection.unregister("converted")


def _check_columns(schema: Schema, reading: LedgerConfig, file: TextFile) -> None:
    known = {*file.header, *foreign.provided(reading, file)}
    missing = [column.name for column in schema.columns if column.is_required and column.name not in known]
    missing += foreign.missing_extras(reading, file)
    if missing:
        remedy = (
            f"rename them, or say under ledgers: {schema.prefix} in sources.yaml what the file calls them (columns) or "
            f"what they are (values{', account_classes' if schema.prefix == 'general_ledger' else ''})"
        )
        raise file.missing(missing, remedy)
    if schema.one_of and not set(schema.one_of) & set(file.header):
        one_of = ", ".join(schema.one_of)
        raise SchemaDrift(SOURCE, f"{file.place_of_header}: one of the columns {one_of} is required")
    floating = file.floating_columns(column.name for column in schema.columns if column.kind is Kind.DECIMAL)
    if floating:
        raise SchemaDrift(
            SOURCE, f"{file.name}: {', '.join(floating)} is binary floating point, not exact; write decimals or text"
        )


def _check_declared(schema: Schema, reading: LedgerConfig, files: Sequence[TextFile]) -> None:
    """A column that sources.yaml gives a heading of its own stands in one of the files at least."""
    for column, heading in foreign.headings(reading).items():
        if files and not any(column in file.header for file in files):
            names = ", ".join(file.name for file in files)
            raise SchemaDrift(
                SOURCE,
                f"{names}: no column is called '{heading}', as ledgers: {schema.prefix}: columns in sources.yaml calls "
                f"{column}; correct the heading there, or drop its line",
            )


def _rejected_count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select count(distinct (file, line)) from faults").fetchone()
    assert row is not None
    return int(row[0])


def _refusal_text(refusals: Iterable[tuple[str, int, list[str]]]) -> str:
    lines = ["rows were refused and nothing was landed; correct the file, or set on_reject: quarantine for its prefix"]
    for prefix, count, faults in refusals:
        lines += [f"{prefix}: {counted(count, 'row')} refused", *(f"  {fault}" for fault in faults)]
        if len(faults) == SHOWN_FAULTS:
            lines.append("  (the first faults only)")
    return "\n".join(lines)


def _read_file(
    connection: duckdb.DuckDBPyConnection, schema: Schema, reading: LedgerConfig, file: TextFile | LedgerRows
) -> LedgerFile:
    rejected = _rejected_rows(connection, schema, file.name)
    columns = ", ".join(f"{column.value} as {quoted(column.name)}" for column in schema.columns)
    balanced = ", true as is_balanced_entry" if schema.prefix == "general_ledger" else ""
    accepted = connection.execute(
        f"select file, line, {columns}{balanced} from {schema.prefix} anti join faults using (file, line) "
        "where file = ? order by line",
        [file.name],
    ).to_arrow_table()
    first, last = _span(accepted, schema.dated_by)
    rules = f"{ROW_RULES}:{_as_declared(reading)}"
    load_id = hashlib.sha256(f"{rules}:{file.digest()}:{content_id(rejected)}".encode()).hexdigest()[:16]
    return LedgerFile(schema.prefix, file.name, load_id, accepted, rejected, first, last)


def _as_declared(reading: LedgerConfig) -> str:
    """What the company says of the files; what it does not say of foreign ledgers is left out."""
    own = {"on_reject", "columns", "decimal_comma", "day_first"}
    unsaid = {name for name, value in reading if name not in own and not value}
    return reading.model_dump_json(exclude=unsaid)


def _rejected_rows(connection: duckdb.DuckDBPyConnection, schema: Schema, name: str) -> list[dict[str, Any]]:
    """Every fault of a file, each with what its whole row is worth; null where the row itself does not say it."""
    names = ("source", "file", "line", "column_name", "value", "reason", "amount", "currency")
    amount = schema.column(schema.amount).value if schema.amount else "cast(null as decimal(38, 9))"
    currency = CURRENCY.value if schema.amount else "cast(null as varchar)"
    rows = connection.execute(
        f"select {literal(SOURCE)}, file, line, column_name, faults.value, reason, {amount}, {currency} "
        f"from faults inner join {schema.prefix} using (file, line) where file = ? order by line, column_name, reason",
        [name],
    ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def _rejected_table(rejected: list[dict[str, Any]]) -> pa.Table:
    schema = stream_schema(SOURCE, REJECTED)
    names = [name for name in schema.names if name not in ("partition", "load_id")]
    return pa.Table.from_pylist(rejected, pa.schema([schema.field(name) for name in names]))


def _span(rows: pa.Table, column: str | None) -> tuple[str | None, str | None]:
    """The first and last day of the rows, as midnight UTC; None where there is no row or no day."""
    days: list[date] = [day for day in rows[column].unique().to_pylist() if day is not None] if column else []
    if not days:
        return None, None
    return _midnight(min(days)), _midnight(max(days))


def _midnight(day: date) -> str:
    return utc_text(datetime.combine(day, time(), UTC))


def _land(landing: Landing, files: list[LedgerFile], kept: tuple[str, ...]) -> list[StreamOutcome]:
    """Every stream's files are written first, then the manifests move. A shrinking list of faults is no collapse.

    Partitions that begin like one of ``kept`` are not withdrawn.
    """
    outcomes = []
    with ExitStack() as stack:
        for prefix in SCHEMAS:
            batch = stack.enter_context(landing.batch(SOURCE, prefix))
            mine = [file for file in files if file.prefix == prefix]
            for file in mine:
                facts = {
                    "first_event_at": file.first_event_at,
                    "last_event_at": file.last_event_at,
                    "origin": file.name,
                }
                batch.add_table(file.name, file.accepted, load_id=file.load_id, **facts)
            _withdraw_vanished(batch, mine, kept)
            outcomes.append(StreamOutcome(SOURCE, prefix, len(mine), sum(file.accepted.num_rows for file in mine)))
        faults = Landing(landing.root, allow_shrink=True)
        batch = stack.enter_context(faults.batch(SOURCE, REJECTED))
        for file in files:
            load_id = hashlib.sha256(f"{ROW_RULES}:{content_id(file.rejected)}".encode()).hexdigest()[:16]
            batch.add_table(file.name, _rejected_table(file.rejected), load_id=load_id, origin=file.name)
        _withdraw_vanished(batch, files, kept)
        outcomes.append(StreamOutcome(SOURCE, REJECTED, len(files), sum(len(file.rejected) for file in files)))
    return outcomes


def _withdraw_vanished(batch: Batch, files: list[LedgerFile], kept: tuple[str, ...]) -> None:
    for name in set(batch.partitions) - {file.name for file in files}:
        if not name.startswith(kept):
            batch.withdraw(name)
