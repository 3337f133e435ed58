"""One source read from a loopback server into a landing area of its own."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.connectors.outcome import StreamOutcome
from orchestration.landing.store import Landing
from tests.connectors.loopback_server import LoopbackServer
from tests.connectors.provider_payloads import NOW, company


class SourceReader:
    """``world`` answers the server's requests; ``extract`` is the connector under test."""

    def __init__(
        self, source: str, extract: Callable[..., list[StreamOutcome]], world: Any, server: LoopbackServer, home: Path
    ) -> None:
        self.source, self.extract, self.world, self.server = source, extract, world, server
        self.landing = Landing(home)
        self.key: str | None = "key-for-tests-77"

    def read(self, as_of: date = date(2026, 10, 3), full_refresh: bool = False, **changes: Any) -> list[StreamOutcome]:
        own = company(self.source, self.server.url, **changes)
        return self.extract(
            own, self.landing, as_of, self.key, full_refresh=full_refresh, sleep=lambda _: None, now=lambda: NOW
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = duckdb.connect()
        self.landing.register(connection)
        return connection.execute(sql).fetchall()

    def state(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.landing.root.rglob("*")) if path.is_file()}
