"""Dagster's instance for a run whose events nobody can read afterwards: a run from the command line without ``DAGSTER_HOME``.

What the run says still reaches its loggers and its result; only the log that would go with the process is not written.
Dagster's own instance writes it to SQLite in memory, a tenth of a small run's processor time. A step therefore finds no
earlier materialization of what it reads; in Dagster's own instance for such runs, too, no event of another run is known.
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
