"""What was written to the demo's gateway: per key or team the settings that differ from those it was created with.

Kept in memory, and with a file also there, written whole and atomically, so that a later command finds them. A file that
cannot be read stops whoever asks: nobody guesses what a gateway holds.
"""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class WrittenSettings:
    """Settings by entity (``key:<token hash>``, ``team:<id>``)."""

    def __init__(self, file: Path | None) -> None:
        self._file, self._lock = file, threading.Lock()
        self._settings: dict[str, dict[str, Any]] = {}
        if file is not None and file.exists():
            self._settings = json.loads(file.read_text(encoding="utf-8"))

    def of(self, entity: str) -> Mapping[str, Any]:
        """What was written of the entity."""
        with self._lock:
            return dict(self._settings.get(entity, {}))

    def write(self, entity: str, changes: Mapping[str, Any]) -> None:
        """Change these settings and no others."""
        with self._lock:
            self._settings.setdefault(entity, {}).update(changes)
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                beside = self._file.with_suffix(".new")
                beside.write_text(json.dumps(self._settings, indent=1, sort_keys=True), encoding="utf-8")
                beside.replace(self._file)
