"""The dbt project parsed, once for as long as it does not change: as JSON for the graph, and as dbt itself reads it for the
calls of a run.

A home keeps its own copy. What was parsed is also kept in the project's folder for dbt's output, so that a new home
does not parse again; nothing in it names a home. A project that cannot be written to is parsed for each home.
"""

import hashlib
import shutil
import sys
import tempfile
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.files import write_atomically
from orchestration.project import Home, ProjectError, parsed_projects, project_digest
from orchestration.settings import load_settings, redact
from orchestration.transform.runner import as_a_child, run_dbt

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

MANIFEST, PARSED, STAMP = "manifest.json", "partial_parse.msgpack", "parsed.digest"
KEPT = {"duckdb": "parsed-", "spark": "spark-parsed-"}
"""What the folder of a parsed project is called before its digest, by target."""
PARSE = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--no-use-colors", "parse")


def ensure_manifest(home: Home, target: str = "duckdb") -> Path:
    """Parse the dbt project unless ``home`` or the project holds the manifest of exactly these sources."""
    folder, wanted = target_path(home, target), _wanted(home, target)
    manifest, stamp = folder / MANIFEST, folder / STAMP
    if manifest.exists() and (folder / PARSED).exists() and stamp.exists() and stamp.read_text() == wanted:
        return manifest
    stamp.unlink(missing_ok=True)
    kept = parsed_projects() / f"{KEPT[target]}{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"
    if not _copied(kept, folder):
        _parse(home, target)
        _keep(folder, kept, KEPT[target])
    write_atomically(stamp, wanted)
    return manifest


def target_path(home: Home, target: str) -> Path:
    """Where dbt writes what it makes of the project for ``target``."""
    return home.dbt_target if target == "duckdb" else home.dbt_target.with_name(f"target-{target}")


def _parse(home: Home, target: str) -> None:
    with as_a_child(home, target_path(home, target)):
        ended = run_dbt(home, [*PARSE, "--target", target])
    if not ended.success:
        raise ProjectError(f"the dbt project does not parse:\n{redact(str(ended.exception).strip())}")


def _copied(kept: Path, target: Path) -> bool:
    """Whether the parsed project was there to be copied."""
    target.mkdir(parents=True, exist_ok=True)
    try:
        for name in (MANIFEST, PARSED):
            shutil.copyfile(kept / name, target / name)
    except OSError:
        return False
    return True


def _keep(target: Path, kept: Path, beginning: str) -> None:
    """Keep what was parsed, whole or not at all, in place of what other sources parsed to."""
    with suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".tmp-", ignore_cleanup_errors=True) as work:
            for name in (MANIFEST, PARSED):
                shutil.copyfile(target / name, Path(work) / name)
            for old in kept.parent.glob(f"{beginning}*"):
                shutil.rmtree(old)
            Path(work).rename(kept)


def load_manifest(home: Home, target: str = "duckdb") -> "Manifest":
    """The manifest as dbt's calls take it, read once in a process."""
    ensure_manifest(home, target)
    return _read(target_path(home, target) / PARSED, _wanted(home, target))


@lru_cache(maxsize=2)
def _read(path: Path, stamp: str) -> "Manifest":
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack(path.read_bytes())


def _wanted(home: Home, target: str) -> str:
    versions = " ".join(f"{name} {version(name)}" for name in ("dbt-core", f"dbt-{target}"))
    return f"{project_digest()} {home.warehouse.stem} {versions} {parsed_projects()} {sys.prefix}"


def main() -> None:
    """Parse the dbt project for the home that the environment names (used by ``make ui``)."""
    print(ensure_manifest(Home(load_settings().home)))


if __name__ == "__main__":
    main()
