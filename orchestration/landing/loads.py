"""What a stream's manifest says of each partition: the current load, the earlier ones, and what was known when."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Load:
    """One landed version of one partition. Times are UTC; the window is half-open and None for files.

    ``renewed_at``: when a re-read of equal content last changed the other facts, the watermark above all.
    ``days``: rows by UTC day (ISO date) of streams of dated events, so that a change of loads names the days it touches;
    None for streams without, and for loads landed before days were written down.
    ``models``: the distinct pairs of provider and model in usage that list prices may value; None likewise.
    """

    load_id: str
    rows: int
    loaded_at: str
    watermark_at: str | None = None
    window_start: str | None = None
    window_end: str | None = None
    first_event_at: str | None = None
    last_event_at: str | None = None
    origin: str | None = None
    renewed_at: str | None = None
    days: dict[str, int] | None = None
    models: list[list[str]] | None = None

    @property
    def known_at(self) -> str:
        """Since when these facts are known."""
        return self.renewed_at or self.loaded_at

    @property
    def first_day(self) -> str | None:
        """The UTC day of its first event, else of its window (ISO date); None for a load without dates."""
        begins = self.first_event_at or self.window_start
        return begins[:10] if begins else None

    def rows_until(self, day: date) -> int:
        """Rows up to a UTC day, as far as the load says which days its rows are of."""
        if self.days is not None:
            return sum(rows for of, rows in self.days.items() if of <= day.isoformat())
        return self.rows if (self.first_day or "") <= day.isoformat() else 0


@dataclass
class Partition:
    """``history``: earlier contents; ``renewed``: earlier facts of contents that were read again unchanged;
    ``withdrawals``: when the partition ceased to have a current load.
    """

    current: Load | None
    history: list[Load] = field(default_factory=list)
    renewed: list[Load] = field(default_factory=list)
    withdrawals: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Partition":
        """The partition of a manifest's entry; an entry without ``renewed`` and ``withdrawals`` has none."""
        return cls(
            current=Load(**body["current"]) if body["current"] else None,
            history=[Load(**load) for load in body["history"]],
            renewed=[Load(**load) for load in body.get("renewed", [])],
            withdrawals=list(body.get("withdrawals", [])),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def known_before(self, moment: str, history_until: date | None = None) -> Load | None:
        """The load that was current just before ``moment``; None when there was none.

        With ``history_until`` a partition that first landed later counts as its first load, if that begins by this day
        and the partition still stands.
        """
        versions = [*self.history, *self.renewed, *([self.current] if self.current else [])]
        known = [load for load in versions if load.known_at < moment]
        if not known and history_until is not None and self.current is not None:
            first = min(versions, key=lambda load: load.known_at)
            return first if (first.first_day or "") <= history_until.isoformat() else None
        latest = max(known, key=lambda load: load.known_at, default=None)
        if latest is None or any(latest.known_at < withdrawn < moment for withdrawn in self.withdrawals):
            return None
        return latest
