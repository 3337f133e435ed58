"""A publisher killed while it writes the finance pack leaves the publication before as it was, and the next one succeeds."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.dashboard.small_publication import TABLES

PUBLISHER = """
import os, signal, sys
from datetime import date
from functools import partial
from pathlib import Path
import duckdb
from dashboard import site
from dashboard.pack import files
from dashboard.site import write_site
from orchestration.publish.snapshot import publish
home, run_id, killed_in = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def half(file):
    file.write_bytes(b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
deaths = {
    "write_printed": lambda publication, pages, templates, file: half(file),
    "write_workbook": lambda publication, front, file: half(file),
    "write_approvals": lambda publication, templates, folder: half(folder / "half.html"),
}
if killed_in in deaths:
    setattr(site if killed_in == "write_approvals" else files, killed_in, deaths[killed_in])
with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
    publish(connection, home, run_id=run_id, as_of=date(2026, 10, 28), company_id="acme", version="1",
        write_pages=partial(write_site, kept_charts=home / "charts"))
"""


def publish(home: Path, run_id: str, killed_in: str = "nothing") -> int:
    done = subprocess.run(
        [sys.executable, "-c", PUBLISHER, str(home), run_id, killed_in],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def seen(home: Path) -> dict[str, str]:
    """Checksum by path of every file that a reader of ``published`` finds."""
    folder = (home / "published").resolve()
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema marts")
        warehouse.execute("use marts")
        for statement in TABLES:
            warehouse.execute(statement)
    assert publish(folder, "first") == 0
    return folder


@pytest.mark.parametrize("killed_in", ["write_printed", "write_workbook", "write_approvals"])
def test_killed_while_the_pack_is_written_leaves_the_publication_before(home: Path, killed_in: str) -> None:
    before = seen(home)
    assert {"pack/finance_pack.html", "pack/finance_pack.xlsx", "evidence/triage.html"} <= before.keys()
    assert publish(home, f"killed_in_{killed_in}", killed_in) == -signal.SIGKILL
    assert seen(home) == before


def test_the_next_publication_is_whole_and_shares_nothing_half_written(home: Path) -> None:
    before = seen(home)
    assert publish(home, "after") == 0
    after = seen(home)
    assert after.keys() == before.keys()
    assert "half.html" not in " ".join(after)
    assert after["evidence/triage.json"] == before["evidence/triage.json"]
    assert after["evidence/triage.html"] != before["evidence/triage.html"]  # it names its run
    assert (home / "published" / "pack" / "finance_pack.xlsx").stat().st_mode & 0o222 == 0
    assert not list((home / "publications").glob(".unfinished-*"))
