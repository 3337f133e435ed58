"""What one read of a source holds, and how it is landed: partitions by UTC day, directories, no part of a failed read.

A connector first collects every stream of its source as a :class:`StreamRead`; only then :func:`land_reads` writes. A
failed read therefore replaces nothing. A process that dies between two streams' manifests leaves the later one as it
was, and the next run reads again whatever day is not landed in every stream (:func:`landed_days`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow.parquet as pq

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.window import DAY, days_between, read_days, utc_midnight
from orchestration.files import utc_text
from orchestration.landing.errors import SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry.company import Company

CURRENT = "current"

Row = dict[str, Any]


@dataclass(frozen=True)
class PartitionRead:
    """The rows of one partition; ``facts`` are fields of :class:`orchestration.landing.store.Load`."""

    partition: str
    rows: list[Row]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamRead:
    """Everything one run read of one stream."""

    stream: str
    partitions: list[PartitionRead]


def landed_days(landing: Landing, source: str, streams: Iterable[str]) -> set[date]:
    """The UTC days that every one of ``streams`` has a current load for."""
    landed = [
        {date.fromisoformat(name) for name, part in landing.manifest(source, stream).items() if part.current}
        for stream in streams
    ]
    return set.intersection(*landed)


def due_days(
    company: Company, landing: Landing, source: str, streams: Iterable[str], as_of: date, *, full_refresh: bool
) -> list[date]:
    """The UTC days to read of a source whose ``streams`` are landed by day; ``full_refresh``: all since its start date."""
    landed = set() if full_refresh else landed_days(landing, source, streams)
    return read_days(company.sources[source], landed, as_of, company.config.zone)


def days_read(
    source: str,
    stream: str,
    windows: Iterable[tuple[datetime, datetime]],
    answer: Callable[[datetime, datetime], tuple[Iterable[Row], datetime]],
    *,
    measures: Iterable[str],
    start: str,
    origin: str,
) -> StreamRead:
    """One stream by UTC day: ``answer`` gives a window's rows and its watermark. Rows that agree in everything but
    ``measures`` are refused; ``start`` and ``origin`` as for :func:`day_partitions`.
    """
    rows: list[Row] = []
    watermarks: dict[date, datetime] = {}
    for begin, end in windows:
        found, watermark = answer(begin, end)
        rows.extend(found)
        watermarks |= dict.fromkeys(days_between(begin, end), watermark)
    refuse_duplicates(source, stream, rows, measures)
    return StreamRead(stream, day_partitions(rows, watermarks, start=start, origin=origin))


def day_partitions(
    rows: Iterable[Row], watermarks: Mapping[date, datetime], *, start: str, origin: str
) -> list[PartitionRead]:
    """One partition per UTC day of ``watermarks`` (day to the moment the provider's data reaches), also without rows.

    ``start`` is the column with a row's begin; ``origin`` names the endpoint. Rows are in a fixed order.
    """
    by_day: dict[date, list[Row]] = {day: [] for day in watermarks}
    for row in rows:
        by_day[row[start].date()].append(row)
    partitions = []
    for day in sorted(by_day):
        ordered = sorted(by_day[day], key=_order)
        facts: Row = {
            "watermark_at": utc_text(watermarks[day]),
            "window_start": utc_text(utc_midnight(day)),
            "window_end": utc_text(utc_midnight(day + DAY)),
            "first_event_at": utc_text(min(row[start] for row in ordered)) if ordered else None,
            "last_event_at": utc_text(max(row[start] for row in ordered)) if ordered else None,
            "origin": origin,
        }
        partitions.append(PartitionRead(day.isoformat(), ordered, facts))
    return partitions


def directory_read(
    landing: Landing, source: str, stream: str, *, key: str, rows: Sequence[Row], read_at: datetime, origin: str
) -> StreamRead:
    """A directory (rows without ``read_at``) joined with what is landed of it.

    Entries that vanished at the provider stay, because cost rows still name them. ``read_at`` is when an entry was
    first read as it stands, so that an unchanged directory is no new load.
    """
    known = {row[key]: row for row in _landed_rows(landing, source, stream)}
    for row in rows:
        before = known.get(row[key])
        is_unchanged = before is not None and all(before[name] == value for name, value in row.items())
        if not is_unchanged:
            known[row[key]] = {**row, "read_at": read_at}
    merged = sorted(known.values(), key=_order)
    facts = {"watermark_at": utc_text(read_at), "origin": origin}
    return StreamRead(stream, [PartitionRead(CURRENT, merged, facts)])


def refuse_duplicates(source: str, stream: str, rows: Sequence[Row], measures: Iterable[str]) -> None:
    """Raise :class:`SchemaDrift` when two rows agree in everything but ``measures``: a page was served twice or
    changed meanwhile.
    """
    left_out = set(measures)
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        natural_key = tuple(value for name, value in row.items() if name not in left_out)
        if natural_key in seen:
            shown = ", ".join(str(value) for value in natural_key)
            raise SchemaDrift(
                source, f"stream {stream}: the same group came twice ({shown}); nothing was landed. Run again."
            )
        seen.add(natural_key)


def land_reads(landing: Landing, source: str, reads: Sequence[StreamRead]) -> list[StreamOutcome]:
    """Land every stream of a source: all files first, then the manifests, one atomic replacement per stream.

    A stream that collapsed is refused (:class:`CollapsedLoad`) before the manifest of any other is replaced.
    """
    with ExitStack() as stack:
        batches = [stack.enter_context(landing.batch(source, read.stream)) for read in reads]
        for batch, read in zip(batches, reads, strict=True):
            for part in read.partitions:
                batch.add_rows(part.partition, part.rows, **part.facts)
        for batch in batches:
            batch.refuse_collapse()
    return [
        StreamOutcome(source, read.stream, len(read.partitions), sum(len(part.rows) for part in read.partitions))
        for read in reads
    ]


def _landed_rows(landing: Landing, source: str, stream: str) -> list[Row]:
    rows: list[Row] = []
    for file in landing.current_files(source, stream):
        rows.extend(pq.ParquetFile(file).read().drop_columns(["partition", "load_id"]).to_pylist())
    return rows


def _order(row: Row) -> tuple[tuple[bool, str], ...]:
    return tuple((value is not None, str(value)) for value in row.values())
