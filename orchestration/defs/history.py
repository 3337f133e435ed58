"""Runs in Dagster's own records, where the UI of a home reads them: what ran, what it made, what was checked.

A run from the command line works on an instance that keeps nothing (``control/unkept.py``), and tells it here what a reader of
the UI looks for; each step is one transaction. Dagster's own way, an event at a time with all that the engine says to itself,
takes ten times the processor time.

The records are no part of the money: where they cannot be written, because a database is locked or broken, the run goes on
and says so in a sentence. A run that was killed is marked as failed by the next one that holds the home's lock.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, EventLogEntry, RunsFilter
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG
from dagster._serdes import deserialize_value, serialize_value
from dagster._time import datetime_from_timestamp
from sqlalchemy import Connection, NullPool, create_engine

from orchestration.files import write_atomically
from orchestration.project import Home
from orchestration.settings import dagster_home

HOME_TAG = "tokenomics/home"
"""On every run from the moment at which it holds the lock of that home: of two such runs, the one without the lock is dead."""

KEPT = {
    DagsterEventType.PIPELINE_START,
    DagsterEventType.PIPELINE_SUCCESS,
    DagsterEventType.PIPELINE_FAILURE,
    DagsterEventType.PIPELINE_CANCELED,
    DagsterEventType.STEP_START,
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_SKIPPED,
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_OBSERVATION,
    DagsterEventType.ASSET_CHECK_EVALUATION,
}
WRITTEN_AT = {DagsterEventType.RESOURCE_INIT_SUCCESS, DagsterEventType.STEP_START}
"""The home is locked from the first on; at each step's start the step before has said everything."""

CONFIG = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"
KILLED = (
    "The process of this run ended before the run did: it was killed, or the machine stopped. What was published before "
    "it stands; a later run has begun."
)
LOCK_WAIT_SECONDS = 5
KEPT_RUNS = 100
"""In the records of a home of ours; a run of some three hundred assets takes about 7 MB."""


def records_folder(home: Home) -> Path:
    """The folder of Dagster's records for ``home``: where ``DAGSTER_HOME`` says, else ``HOME/dagster``, made where it is not."""
    folder = dagster_home() or home.dagster
    if folder == home.dagster and not (folder / "dagster.yaml").exists():
        write_atomically(folder / "dagster.yaml", CONFIG)
    return folder


def tags(home: Home) -> dict[str, str]:
    """The tags of a run from the command line; the second makes the UI show it with its job."""
    return {HOME_TAG: str(home.root), REPOSITORY_LABEL_TAG: "__repository__@tokenomics"}


def end_dead_runs(instance: DagsterInstance, home: Home, run_id: str) -> None:
    """Mark as failed what still counts as at work in ``home``, which run ``run_id`` has locked."""
    at_work = [DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    for run in instance.get_runs(RunsFilter(statuses=at_work, tags={HOME_TAG: str(home.root)})):
        if run.run_id != run_id:
            instance.report_run_failed(run, KILLED)


class Record:
    """What one run says, until it stands in the records of ``home``. ``fault``: why it does not, as a sentence."""

    def __init__(self, home: Home, run_id: str, source: DagsterInstance, redact: Callable[[str], str]) -> None:
        self.fault: str | None = None
        self.run_id = run_id
        self._home, self._source, self._redact = home, source, redact
        self._waiting: list[EventLogEntry] = []
        self._stack = ExitStack()
        self._target: DagsterInstance | None = None
        self._batch: _Batch | None = None

    def hear(self, entry: EventLogEntry) -> None:
        kind = entry.dagster_event.event_type if entry.dagster_event else None
        if kind in KEPT or (kind is None and int(entry.level) >= logging.WARNING):
            self._waiting.append(entry)
        if kind in WRITTEN_AT and self.fault is None:
            self._try_to_write()

    def close(self) -> None:
        """Write what is left, and once more what could not be written before."""
        with self._stack:
            self._try_to_write(is_last=True)

    def _try_to_write(self, *, is_last: bool = False) -> None:
        try:
            target = self._open()
            self._write(target)
            if is_last and dagster_home() in (None, self._home.dagster):
                _forget_old(target, self._home.dagster)
            self.fault = None
        except Exception as error:
            reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
            self.fault = self._redact(
                f"The Dagster UI does not show all of this run: {dagster_home() or self._home.dagster} could not be "
                f"written ({reason}). Nothing else is affected. If another program holds it open, end that; if it is "
                "damaged, move it away: the next run makes a new one, without the history."
            )

    def _open(self) -> DagsterInstance:
        """The records, with this run in them; first the runs that died are ended, for this one holds the lock."""
        if self._target is None:
            folder = records_folder(self._home)
            _refuse_locked(folder)
            target = self._stack.enter_context(DagsterInstance.from_config(str(folder)))
            end_dead_runs(target, self._home, self.run_id)
            run = self._source.get_run_by_id(self.run_id)
            assert run is not None and run.job_snapshot_id and run.execution_plan_snapshot_id
            job, plan = run.job_snapshot_id, run.execution_plan_snapshot_id
            if not target.has_snapshot(job):
                target.add_snapshot(self._source.get_historical_job(job).job_snapshot)
            if not target.has_snapshot(plan):
                target.add_snapshot(self._source.get_execution_plan_snapshot(plan))
            target.add_run(run)
            storage = target.event_log_storage
            self._batch = _Batch(storage._base_dir) if type(storage) is SqliteEventLogStorage else None
            self._target = target
        return self._target

    def _write(self, target: DagsterInstance) -> None:
        said = [self._without_secrets(entry) for entry in self._waiting]
        if self._batch is not None:
            with self._batch.transaction():
                for entry in said:
                    self._batch.store_event(entry)
        else:
            for entry in said:
                target.store_event(entry)
        self._waiting.clear()
        for entry in said:
            if entry.dagster_event and entry.dagster_event.is_job_event:
                target.handle_run_event(self.run_id, entry.dagster_event, datetime_from_timestamp(entry.timestamp))

    def _without_secrets(self, entry: EventLogEntry) -> EventLogEntry:
        text = serialize_value(entry)
        clean = self._redact(text)
        return entry if clean == text else deserialize_value(clean, EventLogEntry)


class _Batch(SqliteEventLogStorage):
    """Dagster's event log in SQLite, in which what is stored within :meth:`transaction` is one transaction of each file."""

    _connections: dict[str, Connection]
    _open: ExitStack

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with ExitStack() as self._open:
            self._connections = {}
            yield

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard not in self._connections:
            wait = {"timeout": LOCK_WAIT_SECONDS}
            engine = create_engine(self.conn_string_for_shard(shard), poolclass=NullPool, connect_args=wait)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            connection = self._open.enter_context(engine.connect())
            self._open.enter_context(connection.begin())
            self._connections[shard] = connection
        yield self._connections[shard]

    @cache  # noqa: B019 - one such object in a process; the tables of a file do not change while it is written
    def has_table(self, table_name: str) -> bool:
        return super().has_table(table_name)


def _forget_old(instance: DagsterInstance, folder: Path) -> None:
    """Remove the runs before the newest, a few at a time; what was last made and checked stays known of every asset."""
    newest = instance.get_run_ids(limit=KEPT_RUNS)
    if len(newest) == KEPT_RUNS:
        for run_id in instance.get_run_ids(cursor=newest[-1], limit=5):
            instance.delete_run(run_id)
            for file in (folder / "history" / "runs").glob(f"{run_id}.db*"):
                file.unlink()


def _refuse_locked(folder: Path) -> None:
    """Raise sqlite3.Error where one of Dagster's files is locked or no database, which it would take minutes to say."""
    for file in (folder / "history" / "runs.db", folder / "history" / "runs" / "index.db"):
        if file.exists():
            connection = sqlite3.connect(file, timeout=LOCK_WAIT_SECONDS)
            try:
                connection.execute("begin immediate")
                connection.rollback()
            finally:
                connection.close()
