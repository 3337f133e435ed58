"""A policy file on this machine: ``HOME/enforcement/policy.json``, which a gateway beside it reads on every request.

Its reader is ``orchestration/enforcement/policy_reader.py``, which needs nothing but the standard library. The file is
replaced whole; ``version`` grows with every change; after ``expires_at`` the reader does what it was set up to do. Whoever
decides must therefore call :meth:`PolicyFile.refresh` each time the decisions were made again and hold as they are.
Entities: ``key:<token hash>``, ``team:<id>``, ``project:<id>``, ``user:<id>``. Windows begin at midnight UTC, weeks on
Monday. Failure mode: a file that is no policy raises PermanentFailure and is not overwritten.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

from orchestration.connectors.http import utc_now
from orchestration.enforcement.adapters.base import check_supported
from orchestration.enforcement.adapters.wire import (
    read_settings,
    read_stamp,
    stamp_json,
    without_defaults,
)
from orchestration.enforcement.port import FIELDS, Capabilities, FieldName, LimitWindow, Observation, Stamp, kind_of
from orchestration.enforcement.values import LOOSEST, to_plain
from orchestration.files import utc_text, write_atomically
from orchestration.landing.errors import PermanentFailure
from orchestration.lock import in_turn
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig

KINDS = ("key", "team", "project", "user")


def open_adapter(config: AdapterConfig, secret: str | None, home: Home) -> "PolicyFile":
    return PolicyFile(home.enforcement / "policy.json", timedelta(minutes=config.valid_for_minutes))


class PolicyFile:
    """The policy file at ``path``, valid for ``valid_for`` after each write. ``now`` is a seam for tests."""

    name = "policy_file"

    def __init__(self, path: Path, valid_for: timedelta, now: Callable[[], datetime] = utc_now) -> None:
        self.path, self._valid_for, self._now = path, valid_for, now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def capabilities(self, kind: str) -> Capabilities:
        """Everything, for the kinds of entity that the reader tells apart."""
        if kind not in KINDS:
            return Capabilities(frozenset(), notes=(f"the reader knows {', '.join(KINDS)} only",))
        windows: frozenset[LimitWindow] = frozenset(get_args(LimitWindow))
        return Capabilities(
            writable=frozenset(FIELDS),
            windows=windows,
            max_limits=len(windows),
            holds_stamp=True,
            seen_within_seconds=1,
            notes=("holds only where a reader is installed", "windows begin at midnight UTC, weeks on Monday"),
        )

    def observe(self, entity: str) -> Observation:
        """What the file says of the entity; one that it does not name has nothing set."""
        if kind_of(entity) not in KINDS:
            return Observation(self.name, entity, self._now(), is_found=False)
        policy = self._read()
        settings = dict(policy["entities"].get(entity, {}))
        stamp = read_stamp(settings.pop("stamp", None))
        values = {**LOOSEST, **read_settings(settings)}
        raw = {name: policy[name] for name in ("version", "expires_at") if name in policy}
        return Observation(self.name, entity, self._now(), is_found=True, values=values, stamp=stamp, raw=raw)

    def write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        """Replace the file by one in which these fields and the stamp of the entity are changed."""
        check_supported(self.name, before.entity, self.capabilities(kind_of(before.entity)), values)
        with in_turn(self.path.with_suffix(".lock")):
            policy = self._read()
            settings = dict(policy["entities"].get(before.entity, {}))
            settings.pop("stamp", None)
            kept: dict[str, Any] = to_plain(without_defaults({**read_settings(settings), **values}))
            if stamp is not None:
                kept["stamp"] = stamp_json(stamp)
            entities = {name: one for name, one in policy["entities"].items() if name != before.entity}
            if kept:
                entities[before.entity] = kept
            self._replace(int(policy["version"]) + 1, entities)

    def refresh(self) -> None:
        """Make the file valid for longer, as it is. No change: the version stays."""
        with in_turn(self.path.with_suffix(".lock")):
            policy = self._read()
            self._replace(int(policy["version"]), policy["entities"])

    def _read(self) -> dict[str, Any]:
        try:
            policy = json.loads(self.path.read_text())
            for settings in policy["entities"].values():
                read_settings({name: value for name, value in settings.items() if name != "stamp"})
            int(policy["version"])
        except FileNotFoundError:
            return {"version": 0, "entities": {}}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PermanentFailure(
                self.name, f"{self.path} is no policy file ({error}); mend it or move it away"
            ) from None
        return dict(policy)

    def _replace(self, version: int, entities: Mapping[str, Any]) -> None:
        now = self._now()
        policy = {
            "version": version,
            "generated_at": utc_text(now),
            "expires_at": utc_text(now + self._valid_for),
            "entities": dict(sorted(entities.items())),
        }
        write_atomically(self.path, json.dumps(policy, indent=1) + "\n")
