"""A run killed at any moment and run again gives what an undisturbed run gives, and no reader ever sees less.

For every seed the process group of a run is sent SIGKILL at a random moment: in a fresh home and, every other seed, in
a home that published before a day came to the gateway's log and another one was restated. Two seeds unless ``KILL_SEEDS``
says how many; ``make test-kill`` runs the long form.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.connectors.loopback_server import LoopbackServer
from tests.end_to_end.command_line import tokenomics
from tests.end_to_end.tiny_company import (
    KEY,
    PUBLISHED_AS_OF,
    RESTATED_AS_OF,
    RUN_LIMIT_SECONDS,
    TinyOpenAI,
    copy_tiny_company,
    start,
)
from tests.end_to_end.watchers import Watchers

pytestmark = pytest.mark.kill

SEEDS = range(int(os.environ.get("KILL_SEEDS", "2")))
AS_OF = {"fresh": PUBLISHED_AS_OF.isoformat(), "earlier": RESTATED_AS_OF.isoformat()}
LEFT_OUT = {"loaded_at", "watermark_at", "published_at", "run_id"}


@dataclass(frozen=True)
class Site:
    """What every run starts from, by kind. ``seconds`` an undisturbed run takes; ``earlier`` is a home with a publication."""

    companies: dict[str, Path]
    earlier: Path
    seconds: float
    wanted: dict[str, dict[str, str]]

    def home(self, kind: str, target: Path) -> Path:
        if kind == "earlier":
            shutil.copytree(self.earlier, target, symlinks=True)
        return target


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill the process group at that moment; whether the run was still going."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(RUN_LIMIT_SECONDS)
        return True
    return False


def content(home: Path) -> dict[str, str]:
    """Table name to a hash of its ordered rows, moments of loading and run ids aside."""
    hashes = {}
    with duckdb.connect(str(home / "published" / "marts.duckdb"), read_only=True) as connection:
        tables = connection.execute("select table_name from information_schema.tables").fetchall()
        for (table,) in tables:
            names = [row[0] for row in connection.execute(f'describe "{table}"').fetchall() if row[0] not in LEFT_OUT]
            listed = ", ".join(f'"{name}"' for name in names)
            rows = connection.execute(f'select {listed} from "{table}"').fetchall()
            digest = hashlib.sha256(repr(names).encode())
            for row in sorted(map(repr, rows)):
                digest.update(row.encode())
            hashes[table] = f"{len(rows)} rows {digest.hexdigest()}"
    return hashes


def differing(home: Path, wanted: dict[str, str]) -> list[str]:
    got = content(home)
    return sorted(table for table in {*got, *wanted} if got.get(table) != wanted.get(table))


@pytest.fixture(scope="module")
def site(tiny: Path, tiny_restated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, published = tmp_path_factory.mktemp("kill"), {"fresh": tiny, "earlier": tiny_restated}
    with LoopbackServer(TinyOpenAI().answer) as server:
        companies = {
            kind: copy_tiny_company(of, folder / kind, server.url) / "company" for kind, of in published.items()
        }
        wanted = {kind: content(of / "home") for kind, of in published.items()}
        yield Site(companies, tiny / "home", float((tiny_restated / "seconds").read_text()), wanted)
    shutil.rmtree(folder)


def test_the_comparison_sees_a_difference(site: Site) -> None:
    assert len(site.wanted["fresh"]) > 40
    changed = differing(site.earlier, site.wanted["earlier"])
    assert {"fct_usage", "fct_allocated_costs"} <= set(changed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_run_loses_and_doubles_nothing(site: Site, tmp_path: Path, seed: int) -> None:
    kind = ("fresh", "earlier")[seed % 2]
    home = site.home(kind, tmp_path / "home")
    moment = random.Random(f"{seed}:{kind}").uniform(0.02, 0.98) * site.seconds
    with Watchers(home) as watchers:
        was_killed = kill_after(start(site.companies[kind], home, AS_OF[kind]), moment)
        if kind == "earlier":
            assert (home / "published" / "manifest.json").exists()
        arguments = ("--company", site.companies[kind], "--home", home, "--as-of", AS_OF[kind])
        done = tokenomics("run", *arguments, timeout=RUN_LIMIT_SECONDS, OPENAI_ADMIN_KEY=KEY)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        time.sleep(1)
    assert watchers.faults == []
    assert min(watchers.looks.values()) > 0
    assert differing(home, site.wanted[kind]) == [], f"killed after {moment:.1f} s: {was_killed}"
    assert not [path.name for path in (home / "publications").iterdir() if path.name.startswith(".")]
    shutil.rmtree(tmp_path)
