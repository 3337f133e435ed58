"""What ``manifest.json`` says of the published tables, and the publication before as a store of files to link.

A file is linked only if its content is the same, the same program wrote it (:func:`writer`) and nobody touched it since it was
published. Failure mode: when one of these is not so, or there is no publication before, the file is written anew.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.checksum import METHOD, Content, added
from orchestration.published import read_manifest


@dataclass(frozen=True)
class PublishedTable:
    """``parts`` by name, in order; ``rows`` and ``checksum`` are their sums. ``columns``: type by name. ``origins``:
    digest by part of what it follows from, where that is known (:mod:`orchestration.publish.origins`); no content, so
    not compared.
    """

    columns: dict[str, str]
    parts: dict[str, Content]
    parquet_only: bool = False
    origins: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts.values())

    @property
    def checksum(self) -> str:
        return added(part.checksum for part in self.parts.values())

    def as_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "checksum": self.checksum, **asdict(self)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "PublishedTable":
        parts = {name: Content(**part) for name, part in body["parts"].items()}
        return cls(body["columns"], parts, body["parquet_only"], body["origins"])


@dataclass(frozen=True)
class Before:
    """The publication before: ``tables`` and ``files`` (size by path) are those that may stand for new ones, none after
    another program. ``sealed_at``: when the last of its files stood, in seconds of the epoch.
    """

    folder: Path
    sealed_at: float = 0
    tables: dict[str, PublishedTable] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, published: Path) -> "Before":
        """The publication that the link ``published`` leads to, if any."""
        folder = published.resolve()
        body = read_manifest(folder) or {}
        if body.get("writer") != writer():
            return cls(folder)
        moment = datetime.fromisoformat(body["sealed_at"]).timestamp()
        tables = {name: PublishedTable.from_json(table) for name, table in body["tables"].items()}
        return cls(folder, moment, tables, body["files"])

    def has(self, tables: Mapping[str, PublishedTable]) -> bool:
        """Every one of ``tables``, at least one, was published with this content and layout."""
        return bool(tables) and all(self.tables.get(name) == table for name, table in tables.items())

    def parts(self, name: str, columns: Mapping[str, str]) -> dict[str, Content]:
        """The parts of table ``name`` if it had these columns, in this order."""
        known = self.tables.get(name)
        return known.parts if known and list(known.columns.items()) == list(columns.items()) else {}

    def origins(self, name: str) -> dict[str, str]:
        known = self.tables.get(name)
        return known.origins if known else {}

    def link(self, name: str, work: Path) -> bool:
        """Make ``work/name`` the same file, or folder of files, as here. False, and nothing done, if it has none or one
        of them was touched.
        """
        paths = [path for path in self.files if path == name or path.startswith(f"{name}/")]
        if not paths or not all(map(self._is_as_published, paths)):
            return False
        for path in paths:
            link(self.folder / path, work / path)
        return True

    @property
    def is_whole(self) -> bool:
        """There are files, and each is as it was published."""
        return bool(self.files) and all(map(self._is_as_published, self.files))

    def _is_as_published(self, path: str) -> bool:
        file = self.folder / path
        if not file.is_file():
            return False
        found = file.stat()
        return found.st_size == self.files[path] and found.st_mtime <= self.sealed_at


def writer() -> str:
    """A digest of checksum method and this package's sources: equal writers write equal files for equal content."""
    digest = hashlib.sha256(METHOD.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def link(source: Path, target: Path) -> None:
    """Make ``target`` the same file as ``source``, or a copy of it where the file system has no hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def seal(folder: Path) -> dict[str, int]:
    """Make the files below ``folder`` read-only, since later publications may share them; their size by path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        path.chmod(0o444)
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}
