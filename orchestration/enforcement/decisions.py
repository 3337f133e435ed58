"""The journal of what the minute path decided: ``HOME/enforcement/decisions/<UTC day>.jsonl``, which a run lands.

One JSON line per decision, synced before anybody acts on it; the newline commits, so that a line cut off by a kill is ignored by
readers and cut off by the next writer. A decision is known by its ``decision_id``, and written once however often it is made.
Failure mode: any other damage raises :class:`DecisionsDamaged`, which names file and line.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.journal import append, committed_lines

KNOWN_DAYS = 2
"""A decision that was made and not remembered, because its maker was killed, is made again at the next tick."""


class DecisionsDamaged(Exception):
    """A committed line of the journal does not hold what was written; names the file and the line."""


@dataclass(frozen=True)
class Decided:
    """A change of state that a guardrail policy decided about ``entity`` (``key:<hash>``, ``product:<id>``)."""

    decision_id: str
    decided_at: datetime
    policy: str
    entity: str
    from_state: str
    to_state: str
    reason: str
    evidence_id: str
    policy_version: str


class Decisions:
    """The journal of one home. One writer at a time: the tick holds its lock."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "enforcement" / "decisions"

    def record(self, decisions: Iterable[Decided], now: datetime) -> list[Decided]:
        """Write those that are not written yet, and answer them."""
        today = now.astimezone(UTC).date()
        known = {
            one.decision_id for back in range(KNOWN_DAYS + 1) for one in self._read_day(today - timedelta(days=back))
        }
        new = [one for one in decisions if one.decision_id not in known]
        if new:
            self._append(self._file(today), new)
        return new

    def until(self, last: date, zone: ZoneInfo) -> list[Decided]:
        """Every decision up to the end of the day ``last`` in ``zone``, by time."""
        days = sorted(date.fromisoformat(path.stem) for path in self.folder.glob("????-??-??.jsonl"))
        found = [one for day in days if day <= last + timedelta(days=2) for one in self._read_day(day)]
        kept = [one for one in found if one.decided_at.astimezone(zone).date() <= last]
        return sorted(kept, key=lambda one: (one.decided_at, one.policy, one.entity, one.decision_id))

    def _file(self, day: date) -> Path:
        return self.folder / f"{day}.jsonl"

    def _read_day(self, day: date) -> Iterator[Decided]:
        path = self._file(day)
        for number, line in committed_lines(path):
            try:
                yield _decided(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                text = f"{path}:{number}: {type(error).__name__}: {error}; restore the file from a copy, or remove that line"
                raise DecisionsDamaged(text) from None

    def _append(self, path: Path, decisions: list[Decided]) -> None:
        lines = [
            json.dumps({**asdict(one), "decided_at": one.decided_at.astimezone(UTC).isoformat()}) for one in decisions
        ]
        append(path, ("\n".join(lines) + "\n").encode())


def _decided(body: dict[str, Any]) -> Decided:
    return Decided(**{**body, "decided_at": datetime.fromisoformat(body["decided_at"])})
