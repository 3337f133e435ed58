"""A publisher killed at any moment leaves the old publication whole, and the next one succeeds."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from orchestration.checksum import checksum

pytestmark = pytest.mark.kill

SEEDS = int(os.environ.get("KILL_SEEDS", "3"))
PUBLISHER = """
import sys
from datetime import date
from pathlib import Path
import duckdb
from orchestration.publish.layout import Layout
from orchestration.publish.snapshot import publish
home, run_id = Path(sys.argv[1]), sys.argv[2]
layouts = {f"t{number}": Layout("day") for number in range(3)}
layouts["following"] = Layout("day", parts_follow='"marts"."t1"')
with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
    connection.execute(f"update marts.t1 set n = n + 1 where day < '2026-02-01'")
    print("publishing", flush=True)
    publish(connection, home, run_id=run_id, as_of=date(2026, 10, 31), company_id="acme", version="1", layouts=layouts)
    print("published", flush=True)
"""


def start(home: Path, run_id: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(home), run_id], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def assert_whole(home: Path, among: set[str]) -> None:
    folder = (home / "published").resolve()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["run_id"] in among
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as reader:
        for name, table in manifest["tables"].items():
            assert checksum(reader, name) == (table["rows"], table["checksum"])
            files = f"read_parquet('{folder / 'parquet' / name}/*.parquet')"
            assert checksum(reader, files) == (table["rows"], table["checksum"])


def test_publisher_killed_leaves_a_whole_publication(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema marts")
        for number in range(5):
            warehouse.execute(
                f"create table marts.t{number} as select range as n, date '2026-01-01' + cast(range % 200 as integer) as day "
                "from range(200000)"
            )
        warehouse.execute("create view marts.following as select n + 1 as n, day from marts.t1")
    first = start(tmp_path, "first")
    assert first.stdout is not None
    first.stdout.readline()
    began = time.monotonic()
    assert first.wait(timeout=60) == 0
    took = time.monotonic() - began

    published = {"first"}
    for seed in range(SEEDS):
        victim = start(tmp_path, f"killed{seed}")
        assert victim.stdout is not None
        victim.stdout.readline()
        time.sleep(random.Random(seed).uniform(0, took))
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait(timeout=30)
        published.add(f"killed{seed}")
        assert_whole(tmp_path, published)

    after = start(tmp_path, "after")
    assert after.wait(timeout=60) == 0
    assert_whole(tmp_path, {"after"})
    assert not list((tmp_path / "publications").glob(".unfinished-*"))
