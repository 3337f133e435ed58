"""Readers that look at a home's publication all the while a run is killed and repeated, and remember every broken
state.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow.parquet as pq

PAUSE_SECONDS = 0.15
LOOK_SECONDS = 1
"""After so long the tables of a publication that was looked at are read again."""


class Watchers:
    """A DuckDB and an Arrow reader polling ``home/published`` while the block runs. ``faults`` are what they saw wrong.

    A state is whole when the manifest parses and every table it names is there with as many rows as it says, in both
    forms unless it is Parquet alone. Once
    something was published, something must always be.
    """

    def __init__(self, home: Path) -> None:
        self.link = home / "published"
        self.faults: list[str] = []
        self.looks = {"duckdb": 0, "arrow": 0}
        self._over = threading.Event()
        readers: dict[str, Callable[[Path], dict[str, int]]] = {"duckdb": _duckdb_counts, "arrow": _arrow_counts}
        self._threads = [threading.Thread(target=self._poll, args=reader) for reader in readers.items()]

    def __enter__(self) -> "Watchers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _poll(self, name: str, counts: Callable[[Path], dict[str, int]]) -> None:
        was_published, known, looked_at = False, None, 0.0
        while not self._over.wait(PAUSE_SECONDS):
            try:
                if not self.link.exists():
                    if was_published:
                        self.faults.append(f"{name}: the publication is gone")
                    continue
                was_published = True
                before = _manifest(self.link)
                if before == known and time.monotonic() - looked_at < LOOK_SECONDS:
                    continue
                seen = counts(self.link)
                if _manifest(self.link) != before:
                    continue
            except (OSError, ValueError, duckdb.Error) as error:
                self.faults.append(f"{name}: {type(error).__name__}: {error}")
                continue
            promised = {
                table: facts["rows"]
                for table, facts in before["tables"].items()
                if name == "arrow" or not facts["parquet_only"]
            }
            if seen != promised:
                self.faults.append(f"{name}: {sorted(set(seen.items()) ^ set(promised.items()))}")
            self.looks[name] += 1
            known, looked_at = before, time.monotonic()


def _manifest(link: Path) -> dict:
    return json.loads((link / "manifest.json").read_text())


def _duckdb_counts(link: Path) -> dict[str, int]:
    with duckdb.connect(str(link / "marts.duckdb"), read_only=True) as connection:
        tables = [name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()]
        return {table: connection.execute(f'select count(*) from "{table}"').fetchall()[0][0] for table in tables}


def _arrow_counts(link: Path) -> dict[str, int]:
    folder = (link / "parquet").resolve()
    return {path.name: pq.read_table(path).num_rows for path in folder.iterdir()}
