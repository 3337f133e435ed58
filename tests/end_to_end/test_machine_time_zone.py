"""A machine that is at home elsewhere than in UTC says and writes the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.command_line import ROOT

ZONES = ("Pacific/Auckland", "America/Los_Angeles")
"""On both sides of UTC, so that no moment has one date and hour in the two of them."""
MOMENT = """
import duckdb
from orchestration import utc_duckdb
for connect in (duckdb.connect, utc_duckdb.connect):
    print(connect().execute("select cast(timestamptz '2026-10-31 22:00:00+00' as date)").fetchone()[0])
"""
WRITE_SITE = """
import json, shutil, sys
from pathlib import Path
from dashboard.site import write_site
published, target = map(Path, sys.argv[1:])
shutil.copytree(published, target, symlinks=True)
for folder in ("dashboard", "pack"):
    shutil.rmtree(target / folder)
write_site(target, json.loads((published / "manifest.json").read_text()), kept_charts=target.with_name("charts"))
"""


def python(zone: str, *arguments: str | Path) -> str:
    """What Python says in a process of its own, begun in this zone: a library reads it once."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOKENOMICS_")}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env={**environment, "TZ": zone}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_moments_day_is_that_of_utc() -> None:
    assert python("Pacific/Auckland", "-c", MOMENT).split() == ["2026-11-01", "2026-10-31"]


def test_pages_and_pack_are_the_same(demo_home: Path, tmp_path: Path) -> None:
    written = []
    for zone in ZONES:
        folder = tmp_path / zone / "site"
        folder.parent.mkdir(parents=True)
        python(zone, "-c", WRITE_SITE, (demo_home / "published").resolve(), folder)
        written.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    here, there = written
    assert len(here) > 100
    assert b"2026-10-14 01:00" in here[Path("dashboard", "guardrails.html")]
    assert sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name)) == []


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_summary_is_the_same(demo_home: Path, form: tuple[str, ...]) -> None:
    here, there = (python(zone, "-m", "orchestration", "status", *form, "--home", demo_home) for zone in ZONES)
    assert there == here
    assert "2026-10-14" in here
