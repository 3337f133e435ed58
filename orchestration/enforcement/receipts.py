"""The append-only journal of what was done to gateways: ``HOME/enforcement/receipts/receipts.jsonl``.

One JSON line per event of an action, synced before anything else happens: ``planned`` (with everything needed to judge it
later), ``applied``, ``pending``, ``verified``, ``refused``, ``abandoned``, ``drifted``. The newline commits: a line without it,
left by a killed writer, is ignored by readers and cut off by the next writer. Any other damage is an error and never
skipped. Entities are named by token hash; no line holds a key or another secret. What we own of an entity that cannot
hold a stamp stands nowhere else: keep a copy of this file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from orchestration.enforcement.port import FieldName, Stamp
from orchestration.enforcement.values import from_plain, to_plain
from orchestration.journal import append, committed_lines
from orchestration.lock import home_lock

Outcome = Literal["planned", "applied", "pending", "verified", "refused", "abandoned", "drifted"]
OUTCOMES: tuple[str, ...] = Outcome.__args__  # type: ignore[attr-defined]
OPEN: tuple[Outcome, ...] = ("planned", "applied", "pending")
"""Outcomes that a later look at the gateway must settle."""
FAILED: tuple[Outcome, ...] = ("refused", "abandoned", "drifted")
"""Outcomes of what does not stand at the gateway."""


class ReceiptsDamaged(Exception):
    """A committed line of the journal does not hold what was written; names the file and the line."""


@dataclass(frozen=True)
class Owned:
    """What is ours of one entity: ``before`` stood when each field was taken over, ``after`` was written last."""

    before: Mapping[FieldName, Any] = field(default_factory=dict)
    after: Mapping[FieldName, Any] = field(default_factory=dict)

    def without(self, fields: Iterable[FieldName]) -> "Owned":
        """The same without ``fields``."""
        gone = set(fields)
        return Owned(
            {name: value for name, value in self.before.items() if name not in gone},
            {name: value for name, value in self.after.items() if name not in gone},
        )


@dataclass(frozen=True)
class Action:
    """One change of one entity, folded from its events.

    ``before`` and ``after``: the fields that it changes; ``owned``: what is ours once it is done; ``due_at``: until when the
    change may be unseen by traffic; ``landed``: fields found written although the action as a whole was not.
    """

    action_id: str
    run_id: str
    adapter: str
    entity: str
    action: str
    before: Mapping[FieldName, Any]
    after: Mapping[FieldName, Any]
    owned: Owned
    policy: str
    policy_version: str
    reason: str
    evidence_id: str
    seen_within_seconds: int
    planned_at: datetime
    applied_at: datetime | None = None
    verified_at: datetime | None = None
    outcome: Outcome = "planned"
    note: str = ""
    landed: tuple[FieldName, ...] = ()

    @property
    def stamp(self) -> Stamp | None:
        """The stamp that the entity carries once this is done; None when nothing of it is ours any more."""
        return (
            Stamp(self.policy, self.policy_version, self.owned.before, self.owned.after) if self.owned.after else None
        )


class Receipts:
    """The journal of one home."""

    def __init__(self, home: Path) -> None:
        self.path = home / "enforcement" / "receipts" / "receipts.jsonl"
        self.lock = home / "enforcement" / "lock"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the journal: one plan-and-apply at a time in a home. Raises what :func:`orchestration.lock.home_lock` raises."""
        with home_lock(self.lock):
            yield

    def read(self, before: datetime | None = None) -> tuple[Action, ...]:
        """Every action, in the order in which they were planned, as it stood just before a moment where one is given.

        Raises :class:`ReceiptsDamaged`.
        """
        actions: dict[str, Action] = {}
        for number, line in committed_lines(self.path):
            try:
                event = json.loads(line)
                if before is not None and datetime.fromisoformat(event["at"]) >= before:
                    continue
                known = None if event["event"] == "planned" else actions[event["action_id"]]
                actions[event["action_id"]] = _planned(event) if known is None else _followed(known, event)
            except (ValueError, KeyError, TypeError, ArithmeticError, AttributeError) as error:
                text = f"{self.path}:{number}: {type(error).__name__}: {error}; restore the file from a copy"
                raise ReceiptsDamaged(text) from None
        return tuple(actions.values())

    def plan(self, action: Action) -> Action:
        """Write that ``action`` is about to be done."""
        self._append(
            {
                "action_id": action.action_id,
                "event": "planned",
                "at": action.planned_at.isoformat(),
                "run_id": action.run_id,
                "adapter": action.adapter,
                "entity": action.entity,
                "action": action.action,
                "before": to_plain(action.before),
                "after": to_plain(action.after),
                "owned_before": to_plain(action.owned.before),
                "owned_after": to_plain(action.owned.after),
                "policy": action.policy,
                "policy_version": action.policy_version,
                "reason": action.reason,
                "evidence_id": action.evidence_id,
                "seen_within_seconds": action.seen_within_seconds,
            }
        )
        return action

    def follow(
        self,
        action: Action,
        outcome: Outcome,
        at: datetime,
        note: str = "",
        landed: tuple[FieldName, ...] = (),
    ) -> Action:
        """Write what became of ``action``."""
        event = {
            "action_id": action.action_id,
            "event": outcome,
            "at": at.isoformat(),
            "note": note,
            "landed": list(landed),
        }
        self._append(event)
        return _followed(action, event)

    def _append(self, event: Mapping[str, Any]) -> None:
        append(self.path, json.dumps(event, separators=(",", ":")).encode() + b"\n")


def owned_entities(actions: Iterable[Action]) -> dict[tuple[str, str], Owned]:
    """What is ours by the receipts, per adapter and entity: an action that did not happen changes nothing, one that
    happened in part changes the fields that landed.
    """
    owned: dict[tuple[str, str], Owned] = {}
    for one in actions:
        key = (one.adapter, one.entity)
        if one.outcome in ("refused", "abandoned"):
            known = owned.get(key, Owned())
            kept = [name for name in one.landed if name in one.owned.after]
            gone = known.without(one.landed)
            owned[key] = Owned(
                {**gone.before, **{name: one.owned.before[name] for name in kept}},
                {**gone.after, **{name: one.owned.after[name] for name in kept}},
            )
        elif one.outcome != "planned":
            owned[key] = one.owned
    return {key: value for key, value in owned.items() if value.after}


def undone_fields(actions: Iterable[Action]) -> dict[tuple[str, str], set[FieldName]]:
    """Per adapter and entity the fields that were planned and not written since the last action that was done: a stamp may
    claim them all the same.
    """
    undone: dict[tuple[str, str], set[FieldName]] = {}
    for one in actions:
        key = (one.adapter, one.entity)
        if one.outcome in ("refused", "abandoned"):
            undone[key] = (undone.get(key, set()) | set(one.after)) - set(one.landed)
        elif one.outcome != "planned":
            undone.pop(key, None)
    return undone


def last_actions(actions: Iterable[Action]) -> dict[tuple[str, str], Action]:
    """The newest action per adapter and entity."""
    return {(one.adapter, one.entity): one for one in actions}


def _planned(event: Mapping[str, Any]) -> Action:
    return Action(
        action_id=event["action_id"],
        run_id=event["run_id"],
        adapter=event["adapter"],
        entity=event["entity"],
        action=event["action"],
        before=from_plain(event["before"]),
        after=from_plain(event["after"]),
        owned=Owned(from_plain(event["owned_before"]), from_plain(event["owned_after"])),
        policy=event["policy"],
        policy_version=event["policy_version"],
        reason=event["reason"],
        evidence_id=event["evidence_id"],
        seen_within_seconds=event["seen_within_seconds"],
        planned_at=datetime.fromisoformat(event["at"]),
    )


def _followed(action: Action, event: Mapping[str, Any]) -> Action:
    outcome, at = event["event"], datetime.fromisoformat(event["at"])
    if outcome not in OUTCOMES:
        raise ValueError(f"unknown event {outcome!r}")
    changed = replace(action, outcome=outcome, note=event["note"], landed=tuple(event["landed"]))
    if outcome in ("applied", "pending"):
        return replace(changed, applied_at=action.applied_at or at)
    if outcome == "verified":
        return replace(changed, applied_at=action.applied_at or at, verified_at=at)
    return changed
