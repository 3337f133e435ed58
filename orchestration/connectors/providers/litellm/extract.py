"""Read the LiteLLM gateway into the landing area: its spend log (``mode: files`` or ``api``), sums of a log that stays where
it is (``mode: query``) or, for a gateway without one, its daily totals (``mode: daily_activity``), and the settings of
capped keys.

Source: files in the shape of table ``LiteLLM_SpendLogs`` that ``path`` names, or ``GET /spend/logs/v2``. Grain: one
row per logged request, as logged; a request id may come in several files. A bad row is set aside in
``litellm/rejected_rows``, with the gateway's own spend as its amount (US dollars). Partitions: a file's path relative to the
company folder, or the UTC day. An unchanged file is no new load, a vanished one is withdrawn. A day is landed as requests or
as sums, never as both. Settings are read in every mode where ``base_url`` is given. Failure mode: typed errors of
connectors/errors.py; whatever fails, the landing area stays as it was. Scratch files live below the landing area, hold
allow-listed fields only, and are removed by the next read when a killed one leaves them behind.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.litellm import daily_activity, guardrails
from orchestration.connectors.providers.litellm.client import LOGS_PATH, SOURCE, Gateway, require_columns
from orchestration.connectors.providers.litellm.conversion import beside, connect, convert
from orchestration.connectors.providers.litellm.log_files import LogFile, combined_id, open_log_file
from orchestration.connectors.providers.litellm.records import COLUMNS, PATHS, REQUIRED
from orchestration.connectors.providers.litellm.rollup.day_sums import STREAM as SUMS
from orchestration.connectors.providers.litellm.rollup.day_sums import DaySums
from orchestration.connectors.providers.litellm.rollup.read import read_sums
from orchestration.connectors.reads import PartitionRead, landed_days
from orchestration.connectors.window import DAY, read_days, utc_midnight
from orchestration.files import utc_text
from orchestration.landing.errors import PermanentFailure
from orchestration.landing.store import Batch, Landing
from orchestration.landing.streams import stream_schema
from orchestration.settings import secret as secret_of

if TYPE_CHECKING:
    from orchestration.registry import Company

LOGS, REJECTED = "spend_logs", "rejected_rows"
MOST_FILES_AT_ONCE = 4


@dataclass(frozen=True)
class PreparedLoad:
    """One partition, ready to land; ``file`` is None where the landing area already holds it. ``rejected`` are rows of
    stream ``litellm/rejected_rows``.
    """

    partition: str
    load_id: str
    rows: int
    file: Path | None
    facts: dict[str, Any]
    rejected: list[dict[str, Any]]


def extract(
    company: "Company", landing: Landing, as_of: date, secret: str | None, *, full_refresh: bool = False
) -> list[StreamOutcome]:
    """Land the spend log or the daily totals and, once per as-of day, the settings of guarded keys and teams.

    ``full_refresh`` reads every day of the API since the start date; files are looked at in full anyway.
    """
    source = company.sources[SOURCE]
    with ExitStack() as stack:
        scratch = stack.enter_context(_scratch_folder(landing))
        connection = stack.enter_context(connect(scratch))
        gateway = None
        if source.base_url is not None:
            api = JsonApi(
                SOURCE,
                source.base_url,
                secret=secret,
                secret_env=source.api_key_env,
                timeout_seconds=source.timeout_seconds,
            )
            gateway = Gateway(stack.enter_context(api))
        loads: list[PreparedLoad] = []
        activity: list[PartitionRead] | None = None
        if source.mode == "files":
            loads = _read_files(connection, company, landing, scratch)
        elif source.mode == "query":
            place = secret_of(source.connection_env) if source.connection_env and not source.results else None
            sums = read_sums(company, landing, as_of, place, scratch, full_refresh=full_refresh)
            loads = [_prepared_sums(one, scratch / f"{one.day}.parquet") for one in sums]
        elif gateway is None:
            raise PermanentFailure(SOURCE, "base_url is missing; write it into sources.yaml")
        else:
            stream = daily_activity.STREAM if source.mode == "daily_activity" else LOGS
            landed = set() if full_refresh else landed_days(landing, SOURCE, [stream])
            days = read_days(source, landed, as_of, ZoneInfo(company.config.reporting_time_zone))
            if source.mode == "daily_activity":
                activity = daily_activity.read_daily_activity(gateway.api, days)
            else:
                loads = [_read_day(connection, gateway, day, scratch) for day in days]
        settings: list[dict[str, Any]] = []
        if gateway is not None and guardrails.is_due(landing, as_of):
            settings = guardrails.read_settings(gateway, guardrails.guarded_entities(company), as_of, utc_now())
        is_complete_list = source.mode == "files" or source.results is not None
        stream = SUMS if source.mode == "query" else LOGS
        return _land(landing, stream, loads, activity, settings, as_of, is_complete_list=is_complete_list)


@contextmanager
def _scratch_folder(landing: Landing) -> Iterator[Path]:
    folder = landing.root / SOURCE / ".incoming"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read_files(
    connection: duckdb.DuckDBPyConnection, company: "Company", landing: Landing, scratch: Path
) -> list[PreparedLoad]:
    """Files side by side, one thread each, since a file has its own line of work; the first one at fault is the error."""
    held = landing.manifest(SOURCE, LOGS)

    def read(numbered: tuple[int, Path]) -> PreparedLoad:
        number, path = numbered
        with beside(connection) as cursor:
            log = open_log_file(cursor, path, path.relative_to(company.folder).as_posix())
            load_id = log.load_id()
            current = held[log.name].current if log.name in held else None
            if current is not None and current.load_id == load_id:
                return PreparedLoad(log.name, load_id, current.rows, None, {}, [])
            return _prepared(cursor, log, load_id, scratch / f"{number}.parquet", {"origin": log.name})

    paths = _log_paths(company.folder, company.sources[SOURCE].path)
    with ThreadPoolExecutor(min(MOST_FILES_AT_ONCE, os.cpu_count() or 1)) as pool:
        return list(pool.map(read, enumerate(paths)))


def _log_paths(folder: Path, pattern: str | None) -> list[Path]:
    """The files that ``pattern`` names, in order. None at all is an error: an unread log is not an empty log."""
    if pattern is None:
        raise PermanentFailure(SOURCE, "path is missing; name the files in sources.yaml, like gateway/*.parquet")
    paths = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise PermanentFailure(
            SOURCE, f"no file matches path {pattern} in the company folder; correct it in sources.yaml"
        )
    return paths


def _read_day(connection: duckdb.DuckDBPyConnection, gateway: Gateway, day: date, scratch: Path) -> PreparedLoad:
    """Spool one UTC day of the API to JSON lines, then treat it as a file."""
    began, spool, digests = utc_now(), scratch / f"{day}.jsonl", []
    with spool.open("w", encoding="utf-8") as file:
        for row in gateway.spend_logs(day):
            line = json.dumps(allowed(row), sort_keys=True, default=str)
            digests.append(hashlib.sha256(line.encode()).digest())
            file.write(line + "\n")
    load_id = combined_id(hashlib.sha256(b"".join(sorted(digests))).hexdigest())
    facts = {
        "watermark_at": utc_text(began),
        "window_start": utc_text(utc_midnight(day)),
        "window_end": utc_text(utc_midnight(day + DAY)),
        "origin": LOGS_PATH,
    }
    log = LogFile(spool, day.isoformat(), dict.fromkeys(COLUMNS, "VARCHAR"))
    prepared = _prepared(connection, log, load_id, scratch / f"{day}.parquet", facts)
    spool.unlink()
    return prepared


def allowed(row: dict[str, Any]) -> dict[str, Any]:
    """The columns and metadata keys that may be kept; raises :class:`SchemaDrift` for a field that is missing. Metadata that
    is no object is kept as ``false``, which the conversion finds at fault.
    """
    require_columns(row, REQUIRED)
    metadata = _metadata(row)
    kept: dict[str, Any] = {}
    for path in PATHS:
        _copy_path(metadata or {}, kept, path.split("."))
    tags = row["request_tags"]
    return {
        **{name: row[name] for name in COLUMNS if name in row},
        "metadata": "false" if metadata is None else json.dumps(kept, sort_keys=True, default=str),
        "request_tags": tags if tags is None or isinstance(tags, str) else json.dumps(tags, default=str),
    }


def _metadata(row: dict[str, Any]) -> dict[str, Any] | None:
    """The metadata object of a row, which the gateway sends as an object or as JSON text; empty when it has none, None when it
    is something else.
    """
    metadata = row["metadata"]
    if isinstance(metadata, str) and metadata:
        try:
            metadata = json.loads(metadata)
        except ValueError:
            metadata = False
    if metadata is None or metadata == "":
        return {}
    return metadata if isinstance(metadata, dict) else None


def _copy_path(origin: dict[str, Any], target: dict[str, Any], keys: list[str]) -> None:
    first, *rest = keys
    value = origin.get(first)
    if rest and isinstance(value, dict):
        _copy_path(value, target.setdefault(first, {}), rest)
    elif not rest and value is not None:
        target[first] = value


def _prepared(
    connection: duckdb.DuckDBPyConnection, log: LogFile, load_id: str, target: Path, facts: dict[str, Any]
) -> PreparedLoad:
    profile = convert(connection, log, target, load_id)
    events = {
        "first_event_at": _text_or_none(profile.first_event_at),
        "last_event_at": _text_or_none(profile.last_event_at),
        "days": {day.isoformat(): rows for day, rows in sorted(profile.days.items())},
        "models": sorted(map(list, profile.models)),
    }
    rejected = [row.landed(log.name) for row in profile.bad_rows]
    return PreparedLoad(log.name, load_id, profile.rows, target, {**facts, **events}, rejected)


def _prepared_sums(sums: DaySums, target: Path) -> PreparedLoad:
    name, schema = sums.day.isoformat(), stream_schema(SOURCE, SUMS)
    table = sums.table
    for column, value in (("partition", name), ("load_id", sums.load_id)):
        table = table.append_column(column, pa.array([value] * table.num_rows, pa.string()))
    pq.write_table(table.select(schema.names).cast(schema), target, compression="zstd")
    return PreparedLoad(name, sums.load_id, table.num_rows, target, dict(sums.facts), sums.rejected)


def _text_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)


def _land(
    landing: Landing,
    stream: str,
    loads: list[PreparedLoad],
    activity: list[PartitionRead] | None,
    settings: list[dict[str, Any]],
    as_of: date,
    *,
    is_complete_list: bool,
) -> list[StreamOutcome]:
    """Make everything current in ``stream``; ``is_complete_list`` withdraws the partitions that ``loads`` does not name.
    ``activity`` is None where the spend log is read.
    """
    _refuse_days_landed_otherwise(landing, stream, loads)
    outcomes = [StreamOutcome(SOURCE, stream, len(loads), sum(load.rows for load in loads))]
    if activity is not None:
        rows = sum(len(part.rows) for part in activity)
        outcomes = [StreamOutcome(SOURCE, daily_activity.STREAM, len(activity), rows)]
    with ExitStack() as stack:
        batch = stack.enter_context(landing.batch(SOURCE, stream))
        for load in loads:
            if load.file is not None:
                batch.add_file(load.partition, _mover(load), load_id=load.load_id, **load.facts)
        vanished = set(batch.partitions) - {load.partition for load in loads} if is_complete_list else set()
        for name in vanished:
            batch.withdraw(name)
        _land_rejected(
            stack.enter_context(Landing(landing.root, allow_shrink=True).batch(SOURCE, REJECTED)), loads, vanished
        )
        if activity is not None:
            totals = stack.enter_context(landing.batch(SOURCE, daily_activity.STREAM))
            for part in activity:
                totals.add_rows(part.partition, part.rows, **part.facts)
        if settings:
            readings = stack.enter_context(landing.batch(SOURCE, guardrails.STREAM))
            facts = {"watermark_at": utc_text(settings[0]["read_at"]), "origin": "/key/info"}
            readings.add_rows(as_of.isoformat(), settings, **facts)
            outcomes.append(StreamOutcome(SOURCE, guardrails.STREAM, 1, len(settings)))
    return outcomes


def _refuse_days_landed_otherwise(landing: Landing, stream: str, loads: list[PreparedLoad]) -> None:
    """A day that is landed as requests and as sums would count twice."""
    held = {
        day
        for part in landing.manifest(SOURCE, LOGS if stream == SUMS else SUMS).values()
        if part.current is not None
        for day in part.current.days or ()
    }
    twice = sorted(held & {day for load in loads for day in load.facts.get("days") or ()})
    if twice:
        landed, remedy = "sums of mode query", "leave these days out of what is read"
        if stream == SUMS:
            landed, remedy = "single requests", f"give a start_date after {max(held)}"
        raise PermanentFailure(
            SOURCE,
            f"{twice[0]} to {twice[-1]} are landed as {landed} already and would count twice; nothing was landed: {remedy}, or "
            "run with a new --home",
        )


def _land_rejected(batch: Batch, loads: list[PreparedLoad], vanished: set[str]) -> None:
    """What new loads set aside; a partition without a bad row has none. A shrinking list of faults is no collapse."""
    for load in loads:
        if load.rejected:
            batch.add_rows(load.partition, load.rejected, origin=load.partition)
        elif load.file is not None and load.partition in batch.partitions:
            batch.withdraw(load.partition)
    for name in vanished & set(batch.partitions):
        batch.withdraw(name)


def _mover(load: PreparedLoad) -> Any:
    def write(path: Path) -> int:
        assert load.file is not None
        load.file.rename(path)
        return load.rows

    return write
