"""What alerts remember between two occasions: ``HOME/alerts/sent.state``, replaced whole, never half written.

``told``: for each message, when it went out over each destination that owes it (None: not yet). ``owed``: the messages that
some destination still owes, whole. ``open``: the conditions that hold, with the alert that was last told of each. ``sent_at``:
the moments of the messages of the last hour, per window. ``held_back``: counts and amounts for the next digest, per window.
A file of an earlier version is the ``told`` alone.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.alerts.message import Alert, read_plain
from orchestration.files import utc_text, write_atomically
from orchestration.policy.alert_rounds import Open

VERSION = 2


@dataclass
class Standing:
    """An open condition: where it stands, the alert last told of it, and the messages that were made of it."""

    at: Open
    alert: Alert
    messages: list[str] = field(default_factory=list)


@dataclass
class HeldBack:
    """What one window held back since its last digest."""

    counts: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)


@dataclass
class Owed:
    """A message that goes out. ``closes``: the earlier messages of the condition that it resolves."""

    alert: Alert
    closes: list[str] = field(default_factory=list)
    episode: str | None = None


@dataclass
class Memory:
    """All of it; :meth:`write` after every change that must survive a kill."""

    path: Path
    told: dict[str, dict[str, str | None]] = field(default_factory=dict)
    owed: dict[str, Owed] = field(default_factory=dict)
    open: dict[str, Standing] = field(default_factory=dict)
    sent_at: dict[str, list[datetime]] = field(default_factory=dict)
    held_back: dict[str, HeldBack] = field(default_factory=dict)

    def write(self) -> None:
        write_atomically(self.path, json.dumps(self._plain(), sort_keys=True))

    def _plain(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "told": self.told,
            "owed": {
                name: {"alert": one.alert.plain(), "closes": one.closes, "episode": one.episode}
                for name, one in self.owed.items()
            },
            "owed_in_order": list(self.owed),
            "open": {
                condition: {"at": _plain_open(one.at), "alert": one.alert.plain(), "messages": one.messages}
                for condition, one in self.open.items()
            },
            "sent_at": {window: [utc_text(moment) for moment in moments] for window, moments in self.sent_at.items()},
            "held_back": {
                window: {
                    "counts": one.counts,
                    "amounts": {currency: f"{amount:f}" for currency, amount in one.amounts.items()},
                }
                for window, one in self.held_back.items()
            },
        }


def read_memory(folder: Path) -> Memory:
    """The memory of a folder of alerts; an empty one where nothing was ever told."""
    path = folder / "sent.state"
    values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if values.get("version") != VERSION:
        return Memory(path, told=values)
    return Memory(
        path,
        told=values["told"],
        owed={
            name: Owed(read_plain(one["alert"]), one["closes"], one["episode"])
            for name, one in ((name, values["owed"][name]) for name in values["owed_in_order"])
        },
        open={
            condition: Standing(_read_open(one["at"]), read_plain(one["alert"]), one["messages"])
            for condition, one in values["open"].items()
        },
        sent_at={window: [_moment(text) for text in moments] for window, moments in values["sent_at"].items()},
        held_back={
            window: HeldBack(one["counts"], {currency: Decimal(amount) for currency, amount in one["amounts"].items()})
            for window, one in values["held_back"].items()
        },
    )


def _plain_open(at: Open) -> dict[str, Any]:
    since = at.critical_since
    return {**asdict(at), "opened_at": utc_text(at.opened_at), "critical_since": utc_text(since) if since else None}


def _read_open(values: dict[str, Any]) -> Open:
    since = values["critical_since"]
    return Open(
        **{**values, "opened_at": _moment(values["opened_at"]), "critical_since": _moment(since) if since else None}
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
