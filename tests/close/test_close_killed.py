"""A close killed at any moment has not happened, or has happened whole; the next one succeeds."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from orchestration.close.decide import close_period
from orchestration.close.frozen import frozen_periods
from orchestration.close.register import closed_periods, read_register
from tests.close.conftest import SmallHome

CFO = "cfo@company.example"
SEEDS = int(os.environ.get("KILL_SEEDS", "3"))
CLOSER = """
import os, signal, sys
from pathlib import Path
from orchestration.close import decide, freeze
home, moment = Path(sys.argv[1]), sys.argv[2]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
calls = []
def counted(*arguments):
    calls.append(arguments)
    return die() if moment == f"table {len(calls)}" else real(*arguments)
real, freeze.checksum = freeze.checksum, counted
if moment == "before the register":
    decide.append = die
print("closing", flush=True)
decide.close_period(home, "2026-08", "cfo@company.example")
"""


def closer(home: Path, moment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CLOSER, str(home), moment], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def assert_whole_or_absent(home: SmallHome) -> bool:
    """What the register names is whole; returns whether the period is closed."""
    names = list(closed_periods(read_register(home.root)))
    assert [frozen.period for frozen in frozen_periods(home.root, date(2026, 10, 15))] == names
    home.publish()
    return names == ["2026-08"]


@pytest.mark.parametrize("moment", ["table 1", "table 5", "before the register"])
def test_a_close_killed_before_its_last_step_has_not_happened(small_home: SmallHome, moment: str) -> None:
    small_home.publish()
    victim = closer(small_home.root, moment)
    assert victim.wait(timeout=60) == -signal.SIGKILL
    assert not assert_whole_or_absent(small_home)

    close_period(small_home.root, "2026-08", CFO)
    assert assert_whole_or_absent(small_home)
    assert not [path for path in (small_home.root / "closed").rglob("*") if path.name.startswith(".")]


@pytest.mark.kill
def test_a_close_killed_at_any_moment_is_whole_or_absent(small_home: SmallHome) -> None:
    small_home.publish()
    for seed in range(SEEDS):
        victim = closer(small_home.root, "never")
        assert victim.stdout is not None
        victim.stdout.readline()
        time.sleep(random.Random(seed).uniform(0, 0.1))
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait(timeout=60)
        assert_whole_or_absent(small_home)
