"""The landing area: versioned Parquet loads with one manifest per stream.

``HOME/landing/<source>/<stream>/<partition>/<load_id>/data.parquet`` holds rows as received. A load is whole or absent:
the file is written under a temporary name, then renamed, and the manifest that names the current load of every
partition is replaced last and atomically. What a killed writer left under a temporary name is nobody's, and the next
run removes it (:meth:`Landing.remove_leftovers`). ``load_id`` is a hash of the content, so that reading the same data again is
no new load. Older loads stay on disk and in the manifest's history; together with the facts that a re-read renewed and
the times of withdrawal they say what was known at any earlier moment.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration import utc_duckdb
from orchestration.files import utc_text, write_atomically
from orchestration.landing.errors import CollapsedLoad
from orchestration.landing.loads import Load, Partition
from orchestration.landing.profile import MODELS_OF_USAGE
from orchestration.landing.streams import STREAMS, stream_schema
from orchestration.quoting import literal

COLLAPSE_RATIO = 0.2
COLLAPSE_MIN_ROWS = 100
DERIVED_SOURCES = ("registry", "prices", "statistics", "guardrails", "replay")
"""What a run makes for itself: always shown as it is now, and free to shrink, as when the as-of day moves back."""
FREE_TO_SHRINK = (("focus_files", "superseded_days"),)
"""Streams that a connector works out from what it read, beside :data:`DERIVED_SOURCES`: fewer rows are no withdrawal."""

_TEMPORARY = ".tmp-"
_MANIFEST = "manifest.json"

_LOADS_COLUMNS = (
    *("load_id", "rows", "loaded_at", "watermark_at", "window_start", "window_end"),
    *("first_event_at", "last_event_at", "origin"),
)
_LOADS_TYPES = {"rows": "bigint"} | {
    name: "timestamptz" for name in _LOADS_COLUMNS if name.endswith(("_at", "_start", "_end"))
}
_STANDING_VIEWS = """
select view_name, comment from duckdb_views() where database_name = current_database() and schema_name = 'landing'
"""


def content_id(rows: Iterable[Mapping[str, Any]]) -> str:
    """A hash of the rows that does not depend on their order."""
    lines = sorted(json.dumps(row, sort_keys=True, default=str, separators=(",", ":")) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


class Landing:
    """The landing area under ``root`` (``HOME/landing``).

    ``known_before`` (RFC 3339 UTC, None: now): the moment whose knowledge :meth:`register` shows, and ``history_until`` the
    day up to which what first landed later is history all the same. Reading and writing loads is not affected by them.
    """

    def __init__(
        self,
        root: Path,
        *,
        allow_shrink: bool = False,
        known_before: str | None = None,
        history_until: date | None = None,
    ) -> None:
        self.root = root
        self.allow_shrink = allow_shrink
        self.known_before = known_before
        self.history_until = history_until

    def folder(self, source: str, stream: str) -> Path:
        return self.root / source / stream

    def manifest(self, source: str, stream: str) -> dict[str, Partition]:
        path = self.folder(source, stream) / _MANIFEST
        if not path.exists():
            return {}
        body = json.loads(path.read_text())
        return {name: Partition.from_json(part) for name, part in body["partitions"].items()}

    def current_files(self, source: str, stream: str) -> list[Path]:
        """The Parquet files of the current loads, in order of partition."""
        return [
            self.load_file(source, stream, name, part.current)
            for name, part in sorted(self.manifest(source, stream).items())
            if part.current is not None
        ]

    def load_file(self, source: str, stream: str, partition: str, load: Load) -> Path:
        return self.folder(source, stream) / quote(partition, safe="") / load.load_id / "data.parquet"

    def remove_leftovers(self) -> list[Path]:
        """Remove what killed writers left under temporary names, in every stream; returns what was removed.

        Only for the holder of the home's lock before its first batch: every writer lands under that lock, so that then
        no temporary name belongs to a writer that lives.
        """
        parts = [path for path in self.root.glob(f"*/*/*/{_TEMPORARY}*") if path.is_dir()]
        manifests = [path for path in self.root.glob(f"*/*/.{_MANIFEST}.*") if path.is_file()]
        for part in parts:
            shutil.rmtree(part)
        for manifest in manifests:
            manifest.unlink()
        return sorted([*parts, *manifests])

    @contextmanager
    def batch(self, source: str, stream: str) -> Iterator["Batch"]:
        """Collect the loads of one read of one stream; they become current together when the block ends well."""
        batch = Batch(self, source, stream)
        yield batch
        batch.commit()

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create one view per declared stream in schema ``landing``, and the table ``landing.loads`` of the same loads.

        Shown are the current loads, or with ``known_before`` those that were current just before it. The streams of
        :data:`DERIVED_SOURCES` are always shown as they are now. A stream without a load is an empty view of the
        declared columns; a column that was not yet declared when a load landed is null in it. A view says in its comment what it
        shows, and one that shows the same stays as it is.
        """
        connection.execute("create schema if not exists landing")
        standing = dict(connection.execute(_STANDING_VIEWS).fetchall())
        for source, stream in STREAMS:
            files = [
                self.load_file(source, stream, name, load) for name, load in self.visible_loads(source, stream).items()
            ]
            schema = stream_schema(source, stream)
            shown = _digest(schema, files)
            if standing.get(f"{source}__{stream}") != shown:
                name = f"landing.{source}__{stream}"
                connection.execute(f"create or replace view {name} as {_scan(connection, schema, files)}")
                connection.execute(f"comment on view {name} is {literal(shown)}")
        self._register_loads(connection)

    def visible_loads(self, source: str, stream: str) -> dict[str, Load]:
        """The loads that :meth:`register` shows, by partition, in order of partition."""
        moment = None if source in DERIVED_SOURCES else self.known_before
        loads = {
            name: part.current if moment is None else part.known_before(moment, self.history_until)
            for name, part in sorted(self.manifest(source, stream).items())
        }
        return {name: load for name, load in loads.items() if load is not None}

    def count_rows(self) -> int:
        """Rows of the visible loads of every stream."""
        return sum(load.rows for name in STREAMS for load in self.visible_loads(*name).values())

    def models_of_usage(self) -> set[tuple[str, str]]:
        """Provider and model of all usage in the visible loads. Only loads that landed before models were written down
        are read for it.
        """
        found: set[tuple[str, str]] = set()
        for (source, stream), columns in MODELS_OF_USAGE.items():
            loads = self.visible_loads(source, stream)
            found |= {(provider, model) for load in loads.values() for provider, model in load.models or ()}
            old = [self.load_file(source, stream, name, load) for name, load in loads.items() if load.models is None]
            if old:
                listed = ", ".join(literal(file) for file in old)
                query = f"select distinct {', '.join(columns.columns)} from read_parquet([{listed}])"
                with utc_duckdb.connect() as connection:
                    rows = [
                        dict(zip(columns.columns, row, strict=True)) for row in connection.execute(query).fetchall()
                    ]
                found |= {(provider, model) for provider, model in columns.pairs(rows)}
        return found

    def _register_loads(self, connection: duckdb.DuckDBPyConnection) -> None:
        found = [
            (source, stream, name, *(getattr(load, column) for column in _LOADS_COLUMNS))
            for source, stream in STREAMS
            for name, load in self.visible_loads(source, stream).items()
        ]
        names = ("source", "stream", "partition", *_LOADS_COLUMNS)
        values = zip(*found, strict=True) if found else [[] for _ in names]
        texts = pa.table(
            {name: pa.array(map(_text, column), pa.string()) for name, column in zip(names, values, strict=True)}
        )
        columns = ", ".join(f'cast("{name}" as {_LOADS_TYPES.get(name, "varchar")}) as "{name}"' for name in names)
        connection.register("loads_read", texts)
        connection.execute(f"create or replace table landing.loads as select {columns} from loads_read")
        connection.unregister("loads_read")


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


class Batch:
    """Loads of one read, not yet current. See :meth:`Landing.batch`."""

    def __init__(self, landing: Landing, source: str, stream: str) -> None:
        self.landing, self.source, self.stream = landing, source, stream
        self.partitions = landing.manifest(source, stream)
        self.previous = {name: part.current for name, part in self.partitions.items()}
        self.changed: set[str] = set()
        self.touched: set[str] = set()

    def add_rows(self, partition: str, rows: list[dict[str, Any]], **facts: Any) -> Load:
        """Land plain rows (keys: the stream's columns; a missing one is an error). ``facts``: fields of :class:`Load`."""
        schema = stream_schema(self.source, self.stream)
        names = [name for name in schema.names if name not in ("partition", "load_id")]
        for row in rows:
            if set(row) != set(names):
                raise KeyError(
                    f"{self.source}/{self.stream}: columns {sorted(set(row) ^ set(names))} do not fit the stream"
                )
        load_id = content_id(rows)
        if self.is_current(partition, load_id):
            return self._refresh(partition, facts)
        if (self.source, self.stream) in MODELS_OF_USAGE:
            facts["models"] = MODELS_OF_USAGE[self.source, self.stream].pairs(rows)
        columns = [pa.array([row[name] for row in rows], schema.field(name).type) for name in names]
        table = pa.table(columns, names=names)
        return self.add_table(partition, table, load_id=load_id, **facts)

    def add_table(self, partition: str, table: pa.Table, *, load_id: str, **facts: Any) -> Load:
        """Land an Arrow table of the stream's columns (without partition and load_id, which are added here)."""
        if self.is_current(partition, load_id):
            return self._refresh(partition, facts)
        schema = stream_schema(self.source, self.stream)
        table = table.append_column("partition", pa.array([partition] * table.num_rows, pa.string()))
        table = table.append_column("load_id", pa.array([load_id] * table.num_rows, pa.string()))
        table = table.select(schema.names).cast(schema)

        def write(path: Path) -> int:
            pq.write_table(table, path, compression="zstd")
            return int(table.num_rows)

        return self.add_file(partition, write, load_id=load_id, **facts)

    def add_file(self, partition: str, write: Any, *, load_id: str, **facts: Any) -> Load:
        """Land what ``write(path)`` writes as Parquet with all columns of the stream; it returns the number of rows."""
        if self.is_current(partition, load_id):
            return self._refresh(partition, facts)
        target = self.landing.folder(self.source, self.stream) / quote(partition, safe="") / load_id
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=_TEMPORARY))
        try:
            rows = write(staging / "data.parquet")
            if target.exists():
                shutil.rmtree(target)
            staging.rename(target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        load = Load(load_id=load_id, rows=rows, loaded_at=utc_text(datetime.now(UTC)), **facts)
        self._replace(partition, load)
        return load

    def withdraw(self, partition: str) -> None:
        """The partition has no current load any more (its file is gone); its history stays."""
        part = self.partitions[partition]
        if part.current is not None:
            withdrawals = [*part.withdrawals, utc_text(datetime.now(UTC))]
            self.partitions[partition] = Partition(None, [*part.history, part.current], part.renewed, withdrawals)
            self.changed.add(partition)
            self.touched.add(partition)

    def commit(self) -> None:
        """Write the manifest; from here on the batch is what the stream holds."""
        if not self.touched:
            return
        self.refuse_collapse()
        body = {
            "source": self.source,
            "stream": self.stream,
            "partitions": {name: part.as_json() for name, part in sorted(self.partitions.items())},
        }
        path = self.landing.folder(self.source, self.stream) / _MANIFEST
        write_atomically(path, json.dumps(body, indent=1))

    def refuse_collapse(self) -> None:
        if self.source in DERIVED_SOURCES or self.landing.allow_shrink:
            return
        if (self.source, self.stream) in FREE_TO_SHRINK:
            return
        before = sum(load.rows for name in self.changed if (load := self.previous.get(name)))
        after = sum(load.rows for name in self.changed if (load := self.partitions[name].current))
        if before < COLLAPSE_MIN_ROWS or after >= before * COLLAPSE_RATIO:
            return
        raise CollapsedLoad(
            self.source,
            f"stream {self.stream} came back with {after} rows where {before} were landed before; nothing was "
            "replaced. If the source really withdrew them, run again with --allow-shrink.",
        )

    def is_current(self, partition: str, load_id: str) -> bool:
        part = self.partitions.get(partition)
        return part is not None and part.current is not None and part.current.load_id == load_id

    def _refresh(self, partition: str, facts: Mapping[str, Any]) -> Load:
        part = self.partitions[partition]
        assert part.current is not None
        load = replace(part.current, **facts)
        if load != part.current:
            load = replace(load, renewed_at=utc_text(datetime.now(UTC)))
            self.partitions[partition] = replace(part, current=load, renewed=[*part.renewed, part.current])
        self.touched.add(partition)
        return load

    def _replace(self, partition: str, load: Load) -> None:
        part = self.partitions.get(partition, Partition(None))
        history = [*part.history, part.current] if part.current else part.history
        self.partitions[partition] = replace(part, current=load, history=history)
        self.changed.add(partition)
        self.touched.add(partition)


def _scan(connection: duckdb.DuckDBPyConnection, schema: pa.Schema, files: Iterable[Path]) -> str:
    """A query for the declared columns of the files, which are grouped by the columns that they lack. A damaged file is told
    by what reads its rows.
    """
    lacking: dict[frozenset[str], list[Path]] = {}
    for file in files:
        held = _columns(file, file.stat().st_mtime_ns)
        lacking.setdefault(frozenset(schema.names) - (held or frozenset(schema.names)), []).append(file)
    types = _duckdb_types(connection, schema.empty_table())
    scans = []
    for missing, group in lacking.items() or [(frozenset(schema.names), [])]:
        columns = [f'cast(null as {kind}) as "{name}"' if name in missing else f'"{name}"' for name, kind in types]
        listed = ", ".join(literal(file) for file in group)
        origin = f"from read_parquet([{listed}])" if group else "where false"
        scans.append(f"select {', '.join(columns) if missing else '*'} {origin}")
    return " union all by name ".join(scans)


def _digest(schema: pa.Schema, files: Iterable[Path]) -> str:
    """Of all that :func:`_scan` depends on."""
    written = [(str(file), file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(f"{duckdb.__version__} {schema} {written}".encode()).hexdigest()


@cache
def _columns(file: Path, written_at: int) -> frozenset[str] | None:
    """The columns of a file, read once for each time that it was written; None: it is damaged."""
    try:
        return frozenset(pq.read_schema(file).names)
    except pa.ArrowInvalid:
        return None


def _duckdb_types(connection: duckdb.DuckDBPyConnection, empty: pa.Table) -> list[tuple[str, str]]:
    described = connection.from_arrow(empty)
    return list(zip(described.columns, map(str, described.types), strict=True))
