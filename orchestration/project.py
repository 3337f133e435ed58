"""Where things are: the dbt project next to this package, and the layout of a home folder. No work is done here."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = ROOT / "dbt_project"
DBT_PROFILES = DBT_PROJECT
_DBT_SUFFIXES = {".sql", ".yml", ".yaml", ".csv", ".md"}


class ProjectError(Exception):
    """The dbt project does not parse, or dbt is not installed."""


@dataclass(frozen=True)
class Home:
    """The layout of ``--home``."""

    root: Path

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """A relative symbolic link to the newest folder of :attr:`publications`."""
        return self.root / "published"

    @property
    def publications(self) -> Path:
        return self.root / "publications"

    @property
    def evidence(self) -> Path:
        """Evidence packs of initiatives that became ready; also the memory that each was flagged."""
        return self.root / "evidence"

    @property
    def budget(self) -> Path:
        """The append-only journal of budget movements."""
        return self.root / "budget"

    @property
    def closed(self) -> Path:
        """The register of closed periods and their frozen rows."""
        return self.root / "closed"

    @property
    def alerts(self) -> Path:
        return self.root / "alerts"

    @property
    def enforcement(self) -> Path:
        """Journals of receipts and decisions, the log as polled, the policy file."""
        return self.root / "enforcement"

    @property
    def private(self) -> Path:
        """What the policy on people keeps out of publications and alerts; see :mod:`orchestration.people`."""
        return self.root / "private"

    @property
    def charts(self) -> Path:
        """Drawings of the dashboard, kept from publication to publication."""
        return self.root / "charts"

    @property
    def docs(self) -> Path:
        """The dbt project's documentation."""
        return self.root / "docs"

    @property
    def demo_company(self) -> Path:
        return self.root / "demo_company"

    @property
    def demo_gateway(self) -> Path:
        """What was written to the demo's gateway, kept for the next command."""
        return self.root / "demo_gateway.json"

    @property
    def dagster(self) -> Path:
        """Dagster's records of the runs in this home, for its UI."""
        return self.root / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.root / "dbt" / "target"

    @property
    def dbt_logs(self) -> Path:
        return self.root / "dbt" / "logs"

    @property
    def spark(self) -> Path:
        """What Spark built and was handed, where it builds; see :mod:`orchestration.transform.spark_tables`."""
        return self.root / "spark"

    @property
    def manifest(self) -> Path:
        """dbt's manifest, from which the orchestrator reads the models."""
        return self.dbt_target / "manifest.json"

    @property
    def lock(self) -> Path:
        return self.root / ".run.lock"


def parsed_projects() -> Path:
    """Where the parsed dbt project is kept for new homes: dbt's own folder for what it makes of a project."""
    return DBT_PROJECT / "target"


def project_digest() -> str:
    """A hash of the dbt project's sources: equal digests mean equal models. Prose beside ``dbt_project.yml`` is none of them."""
    digest = hashlib.sha256()
    for path in sorted(_project_sources()):
        digest.update(str(path.relative_to(DBT_PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _project_sources() -> Iterator[Path]:
    """What dbt reads; the folders that it writes are not entered."""
    written = {parsed_projects(), DBT_PROJECT / "logs"}
    for folder, inner, files in os.walk(DBT_PROJECT):
        at = Path(folder)
        inner[:] = [name for name in inner if at / name not in written]
        for path in (at / name for name in files):
            if path.suffix in _DBT_SUFFIXES and not (path.suffix == ".md" and at == DBT_PROJECT):
                yield path
