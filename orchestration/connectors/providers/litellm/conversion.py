"""Turn a spend log into landed Parquet: one pass that parses, checks and counts, in bounded memory.

DuckDB parses the file and streams batches of rows; each is checked, counted into the load's profile and written as one
row group. Bad rows are left out, and named in the profile. Rows keep the order of the file, which is nearly always that
of time, so that a filter on days skips row groups; a file whose row groups mix its days is rewritten in order of the UTC
day. One thread per file: a second one costs more CPU than it saves, so files run side by side instead. Failure mode:
:class:`SchemaDrift` where more than :data:`MOST_BAD_SHARE` of a file's rows are bad, a single one aside, or all of them;
``log_faults.py`` looks for them only then. An error of the disk or of memory is raised as it is.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration import utc_duckdb
from orchestration.connectors.providers.litellm.log_faults import BadRow, bad_rows, explained, refusal
from orchestration.connectors.providers.litellm.log_files import SOURCE, LogFile
from orchestration.connectors.text_tables import literal
from orchestration.landing.streams import stream_schema

STREAM = "spend_logs"
SCHEMA = stream_schema(SOURCE, STREAM)
MEMORY_LIMIT = "1GB"
ROW_GROUP = 122_880
DAY_MICROSECONDS = 86_400_000_000
_DICTIONARY = [field.name for field in SCHEMA if field.type == pa.string() and field.name != "request_id"]
_STATISTICS = ["started_at", "partition", "load_id"]
MOST_BAD_SHARE = 0.1
"""Of a file's rows: beyond it the file is not a log with odd rows, but another thing than what is read here."""
_ROWS_FAULTS = (duckdb.Error, UnicodeDecodeError, OSError)
_NOT_THE_ROWS_FAULT = ("Out of Memory Error", "IO Error")


@dataclass
class Profile:
    """What one pass learns of the rows of a load, besides the rows. Moments are UTC, None without rows."""

    rows: int = 0
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None
    days: Counter[date] = field(default_factory=Counter)
    models: set[tuple[str, str]] = field(default_factory=set)
    days_of_groups: list[int] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch with rows."""
        self.rows += batch.num_rows
        span = pc.min_max(batch["started_at"])
        first, last = span["min"].as_py(), span["max"].as_py()
        self.first_event_at = first if self.first_event_at is None else min(first, self.first_event_at)
        self.last_event_at = last if self.last_event_at is None else max(last, self.last_event_at)
        days = _utc_days(batch["started_at"])
        for day, rows in days.items():
            self.days[day] += rows
        self.days_of_groups.append(len(days))
        self.models |= _pairs(batch["custom_llm_provider"], batch["model"])

    @property
    def is_mixed(self) -> bool:
        """The row groups hold several times as many days as they would in order, so that a day cannot be found."""
        return sum(self.days_of_groups) > 2 * (len(self.days) + len(self.days_of_groups))


def _utc_days(moments: pa.Array) -> dict[date, int]:
    """Rows by UTC day; a batch mostly holds one."""
    days = moments.cast(pa.date32())
    span = pc.min_max(days)
    if span["min"] == span["max"]:
        return {span["min"].as_py(): len(moments)}
    return {row["values"]: row["counts"] for row in pc.value_counts(days).to_pylist()}


def _pairs(providers: pa.Array, models: pa.Array) -> set[tuple[str, str]]:
    """The distinct pairs that both name something, found by the numbers of the values rather than their text."""
    left, right = providers.dictionary_encode(), models.dictionary_encode()
    size = len(right.dictionary) + 1
    numbers = pc.unique(
        pc.add(
            pc.multiply(pc.fill_null(left.indices, len(left.dictionary)).cast(pa.int64()), size),
            pc.fill_null(right.indices, size - 1).cast(pa.int64()),
        )
    )
    named = [[*part.dictionary.to_pylist(), None] for part in (left, right)]
    found = {(named[0][number // size], named[1][number % size]) for number in numbers.to_pylist()}
    return {(provider, model) for provider, model in found if provider and model}


def connect(temp_folder: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB in UTC, bounded in memory, that spills to ``temp_folder``; one thread per query."""
    connection = utc_duckdb.connect()
    connection.execute("set threads = 1")
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute(f"set temp_directory = {literal(str(temp_folder))}")
    return connection


def beside(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection to the same DuckDB, for another thread; a time zone is not inherited."""
    cursor = connection.cursor()
    cursor.execute("set TimeZone = 'UTC'")
    return cursor


def convert(connection: duckdb.DuckDBPyConnection, log: LogFile, target: Path, load_id: str) -> Profile:
    """Write the good rows of ``log`` to ``target`` in the stream's columns; the profile names the bad ones. Raises
    :class:`SchemaDrift` where they are too many, or the file is no log.
    """
    profile = Profile()
    try:
        bad = _write(connection, log.rows().landed(log.name, load_id), target, profile)
    except _ROWS_FAULTS as error:
        if _is_not_the_rows_fault(error):
            raise
        profile = Profile()
        try:
            query = log.rows(is_lenient=True).landed(log.name, load_id, is_lenient=True)
            bad = _write(connection, query, target, profile)
        except _ROWS_FAULTS as second:
            if _is_not_the_rows_fault(second):
                raise
            raise explained(log, str(error)) from None
        if not bad:
            raise explained(log, str(error)) from None
    if bad:
        profile.bad_rows = bad_rows(log)
        if profile.rows == 0 or bad > max(1, MOST_BAD_SHARE * (profile.rows + bad)):
            raise refusal(log, profile.bad_rows)
    if profile.is_mixed:
        _order_by_day(connection, target)
    return profile


def _is_not_the_rows_fault(error: Exception) -> bool:
    """An error in the middle of a stream of batches reaches Python as an OSError without a number."""
    if isinstance(error, OSError):
        return error.errno is not None or str(error).startswith(_NOT_THE_ROWS_FAULT)
    return isinstance(error, (duckdb.OutOfMemoryException, duckdb.IOException))


def _write(connection: duckdb.DuckDBPyConnection, query: str, target: Path, profile: Profile) -> int:
    """Stream the good rows to ``target`` and into ``profile``; returns the number of bad ones."""
    batches, bad = connection.execute(query).to_arrow_reader(ROW_GROUP), 0
    with _writer(target) as writer:
        for batch in batches:
            found = pc.sum(batch["is_bad"]).as_py() or 0
            good = batch.filter(pc.invert(batch["is_bad"])) if found else batch
            bad += found
            if good.num_rows:
                profile.add(good)
                writer.write_batch(good.select(SCHEMA.names))
    return bad


def _order_by_day(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    ordered = file.with_suffix(".ordered")
    query = f"select * from read_parquet({literal(str(file))}) order by epoch_us(started_at) // {DAY_MICROSECONDS}"
    with _writer(ordered) as writer:
        for batch in connection.execute(query).to_arrow_reader(ROW_GROUP):
            writer.write_batch(batch)
    ordered.replace(file)


def _writer(target: Path) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        target, SCHEMA, compression="zstd", use_dictionary=_DICTIONARY, write_statistics=_STATISTICS
    )
