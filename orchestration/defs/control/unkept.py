"""Dagster's instance for a run from the command line: the run is at work in it, and it keeps nothing.

What the run says reaches its loggers, its listeners and its result; what of that is kept for the UI is written by
``defs/history.py``. Dagster's own instances write every event on its own, a fifth of a small run's processor time. A step
therefore finds what this run made of what it reads, and nothing of another run.
"""

from collections.abc import Sequence

from dagster import AssetKey, DagsterInstance, EventLogEntry, EventLogRecord
from dagster._core.instance.types import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.event_log.base import AssetEntry, AssetRecord
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage


class UnkeptEvents(InMemoryEventLogStorage):
    """An event log that knows the latest materialization of every asset of its run, by which Dagster tells of which data another
    was made, and nothing else. Its records have no number of their own: another event log gives them one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._latest: dict[AssetKey, AssetRecord] = {}

    def store_event(self, event: EventLogEntry) -> None:
        if event.dagster_event and event.dagster_event.is_step_materialization and event.dagster_event.asset_key:
            key = event.dagster_event.asset_key
            made = EventLogRecord(storage_id=0, event_log_entry=event)
            self._latest[key] = AssetRecord(
                storage_id=0, asset_entry=AssetEntry(asset_key=key, last_materialization_record=made)
            )

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        return [self._latest[key] for key in asset_keys or () if key in self._latest]


def unkept_instance() -> DagsterInstance:
    """As ``DagsterInstance.ephemeral``, with :class:`UnkeptEvents`."""
    return DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=TemporaryLocalArtifactStorage(),
        run_storage=InMemoryRunStorage(),
        event_storage=UnkeptEvents(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=SyncInMemoryRunLauncher(),
    )
