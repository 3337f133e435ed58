"""Dagster's instance for a run from the command line: the run is at work in it, and it keeps nothing.

What the run says reaches its loggers, its listeners and its result; what of that is kept for the UI is written by
``defs/history.py``. Dagster's own instances write every event on its own, a fifth of a small run's processor time. A step
therefore finds no earlier materialization of what it reads; no step asks.
"""

from collections.abc import Sequence

from dagster import AssetKey, DagsterInstance, EventLogEntry
from dagster._core.instance.types import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.event_log.base import AssetRecord
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage


class UnkeptEvents(InMemoryEventLogStorage):
    """An event log that keeps nothing and knows of no asset."""

    def store_event(self, event: EventLogEntry) -> None:
        """Not written."""

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        return []


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
