"""What one tick saw, decided and did, as the command, the sensor and the alerts read it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestration.alerts.message import Alert
from orchestration.enforcement.decisions import Decided
from orchestration.enforcement.feed import Reading
from orchestration.enforcement.live_breakers import BreakerAtNow
from orchestration.enforcement.live_caps import CapAtNow
from orchestration.enforcement.live_loops import LoopRound
from orchestration.enforcement.live_margins import MarginCapAtNow
from orchestration.enforcement.plan import Plan
from orchestration.enforcement.port import Desired, FieldName, Observation
from orchestration.enforcement.receipts import FAILED, Action


@dataclass(frozen=True)
class Unread:
    """Entities that a gateway did not show in this tick, and why."""

    entities: tuple[str, ...]
    reason: str


@dataclass
class TickResult:
    """What one tick saw and did. ``unread``: by adapter, what it did not show; ``seen_whole``: adapters that showed every entity
    anything is wanted of; ``faults``: what failed, in words; ``notes``: what its reader must know.
    """

    at: datetime
    is_applied: bool
    readings: dict[str, Reading] = field(default_factory=dict)
    caps: list[CapAtNow] = field(default_factory=list)
    breakers: list[BreakerAtNow] = field(default_factory=list)
    margins: list[MarginCapAtNow] = field(default_factory=list)
    loops: LoopRound | None = None
    desired: list[Desired] = field(default_factory=list)
    observations: dict[tuple[str, str], Observation] = field(default_factory=dict)
    unread: dict[str, Unread] = field(default_factory=dict)
    seen_whole: set[str] = field(default_factory=set)
    plans: list[Plan] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    decisions: list[Decided] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def written(self) -> list[Action]:
        """The actions that were not refused or left undone."""
        return [one for one in self.actions if one.outcome not in FAILED]

    def values_at(self, adapter: str, entity: str) -> dict[FieldName, Any]:
        """The entity's settings by what was read back: as observed, with what this tick wrote and saw; empty where unseen."""
        observed = self.observations.get((adapter, entity))
        values = dict(observed.values) if observed else {}
        for one in self.actions:
            if (one.adapter, one.entity) == (adapter, entity) and one.outcome in ("verified", "pending"):
                values.update(one.after)
        return values
