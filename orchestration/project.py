"""Where things are: the dbt project next to this package, and the layout of a home folder. No work is done here, save
parsing the dbt project once, so that the orchestrator can read its manifest.
"""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from orchestration.files import write_atomically
from orchestration.settings import child_environment, load_settings, redact

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
    def alerts(self) -> Path:
        return self.root / "alerts"

    @property
    def demo_company(self) -> Path:
        return self.root / "demo_company"

    @property
    def dbt_target(self) -> Path:
        return self.root / "dbt" / "target"

    @property
    def dbt_logs(self) -> Path:
        return self.root / "dbt" / "logs"

    @property
    def manifest(self) -> Path:
        """dbt's manifest, from which the orchestrator reads the models."""
        return self.dbt_target / "manifest.json"

    @property
    def lock(self) -> Path:
        return self.root / ".run.lock"


def dbt_executable() -> str:
    """The dbt of this Python environment; raises :class:`ProjectError` when it is absent."""
    path = Path(sys.executable).parent / "dbt"
    if not path.exists():
        raise ProjectError(f"{path} does not exist: install the project's requirements (make install)")
    return str(path)


def dbt_environment(home: Home) -> dict[str, str]:
    """The environment of every dbt process: where the warehouse, target and logs are, and nothing secret."""
    return child_environment(
        TOKENOMICS_WAREHOUSE=str(home.warehouse),
        DBT_PROFILES_DIR=str(DBT_PROFILES),
        DBT_PROJECT_DIR=str(DBT_PROJECT),
        DBT_TARGET_PATH=str(home.dbt_target),
        DBT_LOG_PATH=str(home.dbt_logs),
    )


def project_digest() -> str:
    """A hash of the dbt project's sources: equal digests mean equal models."""
    digest = hashlib.sha256()
    skipped = {DBT_PROJECT / "target", DBT_PROJECT / "logs"}
    for path in sorted(DBT_PROJECT.rglob("*")):
        if path.suffix in _DBT_SUFFIXES and path.is_file() and not skipped & set(path.parents):
            digest.update(str(path.relative_to(DBT_PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def ensure_manifest(home: Home) -> Path:
    """Parse the dbt project unless ``home`` holds the manifest of exactly these sources."""
    stamp = home.dbt_target / "parsed.digest"
    wanted = f"{project_digest()} {home.warehouse}"
    if home.manifest.exists() and stamp.exists() and stamp.read_text() == wanted:
        return home.manifest
    home.dbt_target.mkdir(parents=True, exist_ok=True)
    home.dbt_logs.mkdir(parents=True, exist_ok=True)
    command = [dbt_executable(), "--quiet", "parse"]
    done = subprocess.run(
        command, cwd=DBT_PROJECT, env=dbt_environment(home), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ProjectError(f"the dbt project does not parse:\n{redact((done.stdout + done.stderr).strip())}")
    write_atomically(stamp, wanted)
    return home.manifest


def main() -> None:
    """Parse the dbt project for the home that the environment names (used by ``make ui``)."""
    print(ensure_manifest(Home(load_settings().home)))


if __name__ == "__main__":
    main()
