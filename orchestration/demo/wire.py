"""What the three vendors' APIs share on the wire: queries, page tokens bound to them, faults, and the simulated world
behind.

No vendor's own shapes: those are in ``openai_api``, ``anthropic_api`` and ``litellm_api``.
"""

import base64
import binascii
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from orchestration.demo.billing import BilledLine, anthropic_lines, openai_lines
from orchestration.demo.catalog import DEFAULT_CLOCK
from orchestration.demo.gateway_settings import WrittenSettings
from orchestration.demo.traffic import AnthropicUsage, OpenAIUsage, Traffic, as_reported, simulate

WIDTHS = {"1m": 60, "1h": 3600, "1d": 86400}
PLANTED_ONCE = frozenset({"openai_costs_429", "anthropic_cost_500"})
"""Transient faults that every client must survive: each is served once per server."""


class Fault(Exception):
    """An error answer: HTTP status, body in the vendor's shape, extra headers."""

    def __init__(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.body, self.headers = status, body, dict(headers or {})


Refuse = Callable[[str], Fault]
"""Makes the vendor's 400 (or 422) out of a message."""


class Query:
    """Query parameters; an array may come as ``name[]=a&name[]=b``, as ``name=a&name=b`` or as ``name=a,b``."""

    def __init__(self, text: str) -> None:
        self._pairs = parse_qsl(text, keep_blank_values=True)
        self._lists: dict[str, list[str]] = defaultdict(list)
        for name, value in self._pairs:
            self._lists[name.removesuffix("[]")].append(value)

    def one(self, name: str) -> str | None:
        """The last value of a parameter, None when it was not sent."""
        return self._lists[name][-1] if name in self._lists else None

    def many(self, name: str) -> list[str]:
        """Every value of an array parameter."""
        return [part for value in self._lists.get(name, []) for part in value.split(",")]

    def each(self, name: str) -> list[str]:
        """Every value of an array parameter whose values may hold commas."""
        return self._lists.get(name, [])

    def whole(self, name: str, default: int, least: int, most: int, refuse: Refuse) -> int:
        """A whole number between two bounds, both included."""
        text = self.one(name)
        if text is None:
            return default
        if not text.lstrip("-").isdigit() or not least <= int(text) <= most:
            raise refuse(f"{name} must be a whole number between {least} and {most}")
        return int(text)

    def page_token(self, path: str, offset: int) -> str:
        """A token that is only good for this path and these parameters."""
        raw = json.dumps([path, self._fingerprint(), offset])
        return "page_" + base64.urlsafe_b64encode(raw.encode()).decode()

    def page_offset(self, path: str, refuse: Refuse) -> int:
        """The offset inside the ``page`` parameter, 0 without one."""
        token = self.one("page")
        if not token:
            return 0
        try:
            issued_for, fingerprint, offset = json.loads(base64.urlsafe_b64decode(token.removeprefix("page_")))
        except (ValueError, binascii.Error):
            raise refuse("page: the token is malformed") from None
        if (issued_for, fingerprint) != (path, self._fingerprint()):
            raise refuse("page: the token belongs to another query")
        return int(offset)

    def _fingerprint(self) -> str:
        others = sorted(pair for pair in self._pairs if pair[0] != "page")
        return hashlib.sha256(json.dumps(others).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Request:
    """One request as an API sees it; header names are lower case, ``path`` has no base path."""

    path: str
    query: Query
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    """The JSON object of a POST; None for a GET."""


@dataclass(frozen=True)
class View:
    """What the providers report at one moment."""

    openai: list[OpenAIUsage]
    anthropic: list[AnthropicUsage]
    openai_lines: list[BilledLine]
    anthropic_lines: list[BilledLine]


@dataclass
class World:
    """The simulated company behind the server: a clock that tests may set, the faults still to be served, and the file
    that keeps what was written to the gateway (None: in memory alone).
    """

    clock: datetime = DEFAULT_CLOCK
    gateway_file: Path | None = None
    faults: set[str] = field(default_factory=lambda: set(PLANTED_ONCE))
    requests: list[str] = field(default_factory=list)
    _views: dict[datetime, View] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.written = WrittenSettings(self.gateway_file)

    @property
    def traffic(self) -> Traffic:
        """The whole simulated history."""
        return simulate()

    @property
    def view(self) -> View:
        """What is reported at the clock's moment."""
        with self._lock:
            if self.clock not in self._views:
                self._views[self.clock] = View(
                    as_reported(self.traffic.openai, self.clock),
                    as_reported(self.traffic.anthropic, self.clock),
                    openai_lines(self.traffic, self.clock),
                    anthropic_lines(self.traffic, self.clock),
                )
            return self._views[self.clock]

    def note(self, line: str) -> None:
        """Remember a request, so that tests can count them."""
        with self._lock:
            self.requests.append(line)

    def strikes(self, fault: str) -> bool:
        """True exactly once for a planted fault."""
        with self._lock:
            if fault in self.faults:
                self.faults.remove(fault)
                return True
            return False


def seconds(moment: datetime) -> int:
    """Unix seconds of a moment."""
    return int(moment.timestamp())


def rfc3339(unix: int) -> str:
    """A moment as the vendors write it, in UTC."""
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
