"""A gateway in memory that speaks the port: what a person and we set is one state, as at a real one.

``steps``: the fields that one write sends as one request each, in order; a real gateway may need several.
``before_step`` is called before each request and may raise :class:`Killed` in its place. ``refused``: entities whose writes
the gateway refuses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orchestration.enforcement.port import FIELDS, Capabilities, FieldName, Limit, LimitWindow, Observation, Stamp
from orchestration.enforcement.values import LOOSEST
from orchestration.landing.errors import PermanentFailure, TransientFailure

STARTED_AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process ended here."""


def daily(amount: str) -> tuple[Limit, ...]:
    return (Limit("daily", Decimal(amount)),)


@dataclass
class FakeGateway:
    """``values`` and ``stamps`` per entity; ``writes`` counts requests that changed something."""

    values: dict[str, dict[FieldName, Any]] = field(default_factory=dict)
    stamps: dict[str, Stamp | None] = field(default_factory=dict)
    able: Capabilities = field(
        default_factory=lambda: Capabilities(
            frozenset(FIELDS), frozenset({"daily", "monthly"}), max_limits=2, holds_stamp=True
        )
    )
    spent: dict[str, dict[LimitWindow, Decimal]] = field(default_factory=dict)
    is_stepwise: bool = False
    writes: int = 0
    now: datetime = STARTED_AT
    before_step: Callable[[str], None] = lambda _: None
    loses_answers: bool = False
    refused: set[str] = field(default_factory=set)
    name: str = "litellm"

    def capabilities(self, kind: str) -> Capabilities:
        return self.able

    def add(self, entity: str, **values: Any) -> str:
        self.values[entity] = {**LOOSEST, **values}
        return entity

    def observe(self, entity: str) -> Observation:
        found = self.values.get(entity)
        stamp = self.stamps.get(entity) if self.able.holds_stamp else None
        spent = self.spent.get(entity, {})
        return Observation(self.name, entity, self.now, found is not None, dict(found or {}), stamp, spent)

    def write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        if before.entity in self.refused:
            raise PermanentFailure(self.name, "POST /key/update answered 400: not now")
        self.writes += 1
        self.before_step("stamp")
        if self.able.holds_stamp:
            self.stamps[before.entity] = stamp
        for number, (name, value) in enumerate(values.items()):
            if number and self.is_stepwise:
                self.before_step(name)
            self.values[before.entity][name] = value
        self.before_step("answer")
        if self.loses_answers:
            raise TransientFailure(self.name, "no answer")
