"""The port to a gateway: what can be read of an entity and what can be written. Every gateway's adapter speaks it.

An entity is ``key:<id>``, ``team:<id>``, ``project:<id>``, ``workspace:<id>`` or ``endpoint:<id>`` at one adapter. Its
settings are a handful of fields; a plan names only those it wants to own. Amounts are US dollars as exact decimals, as every
gateway keeps them. Failure modes: an entity that the gateway does not know is an observation (``is_found`` false); a
request that fails raises what connectors/http.py raises and is never an empty reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

FieldName = Literal["limits", "requests_per_minute", "allowed_models", "aliases", "is_blocked"]
FIELDS: tuple[FieldName, ...] = ("limits", "requests_per_minute", "allowed_models", "aliases", "is_blocked")
"""``limits``: tuple of :class:`Limit`, () for none; ``requests_per_minute``: int or None for none; ``allowed_models``: tuple of
names, None for all of them (never an empty tuple); ``aliases``: dict of requested to served model; ``is_blocked``: bool.
"""
LimitWindow = Literal["daily", "weekly", "monthly", "total"]


@dataclass(frozen=True, order=True)
class Limit:
    """At most ``amount`` US dollars per ``window``; ``total`` never resets."""

    window: LimitWindow
    amount: Decimal


@dataclass(frozen=True)
class Capabilities:
    """What an adapter can do with one kind of entity, as probed. A field that is missing in ``writable`` is a plan error.

    ``windows``: limit windows it can hold, ``max_limits`` how many at once; ``holds_stamp``: whether the entity itself
    can carry the ownership stamp (else the receipts do); ``seen_within_seconds``: until when a change may be unseen;
    ``notes``: what its user must know, in words.
    """

    writable: frozenset[FieldName]
    windows: frozenset[LimitWindow] = frozenset()
    max_limits: int = 1
    holds_stamp: bool = False
    seen_within_seconds: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stamp:
    """Who owns which fields of an entity: written with them, read back with them.

    ``before``: the values that stood when each field was first taken over, for an exact revert; ``after``: what was
    written last. A field whose value is no longer ``after`` was changed by somebody else.
    """

    policy: str
    policy_version: str
    before: Mapping[FieldName, Any]
    after: Mapping[FieldName, Any]


@dataclass(frozen=True)
class Observation:
    """One entity as the gateway shows it now.

    ``values``: every readable field; ``raw``: what exact revert and merge-writes need, as the gateway wrote it, without
    any secret; ``spend_in_window``: the gateway's own counter per limit window, for comparison only; ``stamp``: None
    where the entity carries none.
    """

    adapter: str
    entity: str
    read_at: datetime
    is_found: bool
    values: Mapping[FieldName, Any] = field(default_factory=dict)
    stamp: Stamp | None = None
    spend_in_window: Mapping[LimitWindow, Decimal] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Desired:
    """What a decision wants of one entity: only the fields it names. ``evidence_id`` is that of the decision."""

    adapter: str
    entity: str
    values: Mapping[FieldName, Any]
    policy: str
    reason: str
    evidence_id: str
    policy_version: str


def kind_of(entity: str) -> str:
    """``key`` of ``key:<id>``. Raises ValueError for a raw key, which is never an entity."""
    kind, _, name = entity.partition(":")
    if not name or name.startswith("sk-"):
        raise ValueError(f"{kind}: an entity is named by its kind and token hash or id, never by the key itself")
    return kind


class Unsupported(Exception):
    """The adapter cannot do what is asked; a plan error that names the adapter, the entity and the field."""


class Gateway(Protocol):
    """One gateway. Use as a context manager; it opens no connection before the first call."""

    @property
    def name(self) -> str: ...

    def capabilities(self, kind: str) -> Capabilities:
        """What can be done with entities of ``kind`` (``key``, ``team``, ...); probed once, kept for the session."""

    def observe(self, entity: str) -> Observation:
        """The entity now."""

    def write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        """Write these fields and no others, and the stamp where the entity holds one (None removes it). Sent once: a lost
        answer raises, and the caller reads back. Raises :class:`Unsupported` before anything is sent.
        """
