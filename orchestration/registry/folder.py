"""A company folder while it is being read: documents, valid records with their places, and the faults found so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from orchestration.registry.alerts import OtherAlertKeys
from orchestration.registry.documents import Document, NodePath
from orchestration.registry.faults import Fault
from orchestration.registry.guardrails import AdapterConfig
from orchestration.registry.sources import LedgerConfig, SourceConfig
from orchestration.registry.tiers import TierMaps

T = TypeVar("T")


@dataclass(frozen=True)
class Located(Generic[T]):
    """A valid record and where it stands."""

    record: T
    document: Document
    path: NodePath

    @property
    def line(self) -> int:
        return self.document.line(self.path)

    def fault(self, inner: NodePath, message: str) -> Fault:
        return self.document.fault((*self.path, *inner), message)


@dataclass
class Folder:
    """What has been read of the folder at ``path``."""

    path: Path
    documents: dict[str, Document]
    faults: list[Fault]
    records: dict[str, list[Located[Any]]] = field(default_factory=dict)
    sources: list[Located[SourceConfig]] = field(default_factory=list)
    metering: dict[str, str] = field(default_factory=dict)
    ledgers: dict[str, LedgerConfig] = field(default_factory=dict)
    other_alert_keys: OtherAlertKeys = field(default_factory=OtherAlertKeys)
    tier_maps: TierMaps = field(default_factory=TierMaps)
    adapters: list[Located[AdapterConfig]] = field(default_factory=list)

    def report(self, document: Document) -> Callable[[NodePath, str], None]:
        """A function that adds a fault of ``document`` at a path."""
        return lambda path, message: self.faults.append(document.fault(path, message))

    def written_ids(self, file: str, section: str, key: str) -> set[str]:
        """Every value of ``key`` in a list section as written, also of records that have other faults."""
        document = self.documents.get(file)
        items = document.data.get(section) if document else None
        records = items if isinstance(items, list) else []
        return {item[key] for item in records if isinstance(item, dict) and isinstance(item.get(key), str)}
