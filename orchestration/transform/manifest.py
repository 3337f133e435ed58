"""The dbt project parsed, once for as long as it does not change, and kept in the home: as JSON for the graph, and as dbt itself
reads it for the calls of a run.
"""

from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.files import write_atomically
from orchestration.project import Home, ProjectError, project_digest
from orchestration.settings import load_settings, redact
from orchestration.transform.runner import as_a_child, run_dbt

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PARSE = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--no-use-colors", "parse")


def ensure_manifest(home: Home) -> Path:
    """Parse the dbt project unless ``home`` holds the manifest of exactly these sources."""
    stamp, wanted = home.dbt_target / "parsed.digest", _wanted(home)
    if home.manifest.exists() and _parsed(home).exists() and stamp.exists() and stamp.read_text() == wanted:
        return home.manifest
    stamp.unlink(missing_ok=True)
    with as_a_child(home):
        ended = run_dbt(home, PARSE)
    if not ended.success:
        raise ProjectError(f"the dbt project does not parse:\n{redact(str(ended.exception).strip())}")
    write_atomically(stamp, wanted)
    return home.manifest


def load_manifest(home: Home) -> "Manifest":
    """The manifest as dbt's calls take it, read once in a process."""
    ensure_manifest(home)
    return _read(_parsed(home), _wanted(home))


@lru_cache(maxsize=1)
def _read(path: Path, stamp: str) -> "Manifest":
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack(path.read_bytes())


def _parsed(home: Home) -> Path:
    return home.dbt_target / "partial_parse.msgpack"


def _wanted(home: Home) -> str:
    versions = " ".join(f"{name} {version(name)}" for name in ("dbt-core", "dbt-duckdb"))
    return f"{project_digest()} {home.warehouse} {versions}"


def main() -> None:
    """Parse the dbt project for the home that the environment names (used by ``make ui``)."""
    print(ensure_manifest(Home(load_settings().home)))


if __name__ == "__main__":
    main()
