"""Whether what is published still stands: a digest of all that feeds a build, and the record of the build that the publication
shows.

What feeds a build: the visible loads of every stream and their files; the company's files; the as-of day and the moment
whose knowledge it shows; closed periods, the budget journal, what enforcement wrote down; this program, its dbt project
and the packages it runs on. Fails closed: without a record, or if anything differs, the run builds. The record goes before a
build touches the warehouse and comes back after its publication, so that a killed run has none.

One thing may move and still stand: how far past the as-of day a source had been read (:data:`PAST_IN_ANY_ZONE`).
"""

import hashlib
import json
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from orchestration.files import utc_text, write_atomically
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS
from orchestration.project import ROOT, Home, project_digest

PAST_IN_ANY_ZONE = timedelta(days=2)
"""From the as-of day's midnight in UTC until that day has ended everywhere. A day is complete or not by whether its source was
read past its end and settle lag; a read later than both is no news."""

PACKAGES = ("orchestration", "expectations", "dashboard")
MADE_BY_THE_BUILD = ("prices", "statistics", "guardrails")
"""They follow from the rest; a price book that is landed again before the decision is no news either."""


@dataclass(frozen=True)
class Fed:
    """What a run would feed its build with, but for the loads. ``program`` and ``company`` are digests; ``settle_lag`` is the
    longest of the company's sources.
    """

    home: Home
    landing: Landing
    as_of: date
    program: str
    company: str
    settle_lag: timedelta

    def digest(self) -> str:
        """One digest of everything; equal digests mean equal tables."""
        body = {
            "as_of": self.as_of.isoformat(),
            "known_before": self.landing.known_before,
            "history_until": str(self.landing.history_until),
            "program": self.program,
            "company": self.company,
            "loads": list(_loads(self.landing, self.as_of, self.settle_lag)),
            "closed": list(_files(self.home.closed)),
            "budget": list(_files(self.home.budget)),
            "receipts": list(_files(self.home.enforcement / "receipts")),
            "decisions": list(_files(self.home.enforcement / "decisions")),
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def standing_run(fed: Fed) -> str | None:
    """The run whose publication is the published one and was fed with the same; None: build."""
    path = _record(fed.home)
    if not (path.exists() and fed.home.warehouse.exists() and fed.home.published.exists()):
        return None
    run_id = fed.home.published.resolve().name
    return run_id if path.read_text() == _text(run_id, fed) else None


def forget(home: Home) -> None:
    """A build begins: what the warehouse holds is no longer what is published."""
    _record(home).unlink(missing_ok=True)


def remember(fed: Fed, run_id: str) -> None:
    """The published run ``run_id`` shows what was built from ``fed``."""
    write_atomically(_record(fed.home), _text(run_id, fed))


def _text(run_id: str, fed: Fed) -> str:
    return json.dumps({"run_id": run_id, "fed": fed.digest()}) + "\n"


def program_digest() -> str:
    """This program: its sources, its dbt project, and the names and versions of all packages beside it."""
    digest = hashlib.sha256(f"{sys.version} {project_digest()}".encode())
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    for folder in sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}):
        digest.update("\n".join(sorted(path.name for path in Path(folder).glob("*.dist-info"))).encode())
    return digest.hexdigest()


def company_digest(folder: Path) -> str:
    """The company's own files. Where a source answers is left out: what it answers is landed."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.y*ml")):
        lines = [line for line in path.read_bytes().splitlines() if not line.strip().startswith(b"base_url:")]
        digest.update(path.name.encode() + b"\0" + b"\n".join(lines) + b"\0")
    return digest.hexdigest()


def _record(home: Home) -> Path:
    return home.root / "built.json"


def _loads(landing: Landing, as_of: date, settle_lag: timedelta) -> Iterator[list[Any]]:
    settled = utc_text(datetime.combine(as_of, time(), UTC) + PAST_IN_ANY_ZONE + settle_lag)
    for source, stream in STREAMS:
        if source in MADE_BY_THE_BUILD:
            continue
        for name, load in landing.visible_loads(source, stream).items():
            file = landing.load_file(source, stream, name, load).stat()
            read_to = load.watermark_at and min(load.watermark_at, settled)
            facts = asdict(replace(load, watermark_at=read_to, renewed_at=None))
            yield [source, stream, name, facts, file.st_size, file.st_mtime_ns]


def _files(folder: Path) -> Iterator[list[Any]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "lock":
            found = path.stat()
            yield [str(path.relative_to(folder)), found.st_size, found.st_mtime_ns]
