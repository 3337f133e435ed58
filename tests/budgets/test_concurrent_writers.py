"""Eight processes book at random while they are killed at random: nothing lost, nothing doubled, all in balance."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from orchestration.budgets.journal import Journal

WRITERS, LARGEST_BATCH, MOVEMENTS, LIMIT_SECONDS = 8, 8, 1000, 240
ROOT = Path(__file__).resolve().parents[2]


class Writers:
    """Eight living writers; a killed one is replaced by another seed."""

    def __init__(self, journal: Path, acknowledgements: Path) -> None:
        self.journal, self.acknowledgements = journal, acknowledgements
        self.started = 0
        self.living: list[subprocess.Popen[bytes]] = [self._start() for _ in range(WRITERS)]

    def _start(self) -> "subprocess.Popen[bytes]":
        self.started += 1
        command = [sys.executable, "-m", "tests.budgets.writer", str(self.journal)]
        command += [str(self.acknowledgements / f"{self.started}.txt"), f"seed-{self.started}"]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)

    def kill(self, position: int) -> None:
        self.living[position].kill()
        self.living[position].wait()

    def replace(self, position: int) -> None:
        self.kill(position)
        self.living[position] = self._start()

    def failures(self) -> list[bytes]:
        """What writers said that ended by themselves."""
        return [one.stderr.read() for one in self.living if one.stderr and one.poll() not in (None, -9)]


@pytest.mark.kill
def test_random_writers_under_kills_leave_a_balanced_ledger(tmp_path: Path) -> None:
    acknowledgements = tmp_path / "acknowledged"
    acknowledgements.mkdir()
    journal, dice = Journal(tmp_path / "budget", "USD"), random.Random(7)
    writers = Writers(tmp_path / "budget", acknowledgements)
    end = time.monotonic() + LIMIT_SECONDS
    kills, next_kill = 0, 20
    try:
        while (done := _acknowledged(acknowledgements).total()) < MOVEMENTS and time.monotonic() < end:
            assert writers.failures() == []
            if done >= next_kill:
                writers.replace(dice.randrange(WRITERS))
                kills, next_kill = kills + 1, done + dice.randint(10, 70)
            time.sleep(dice.uniform(0.001, 0.05))
    finally:
        for position in range(WRITERS):
            writers.kill(position)
    booked = journal.read()
    acknowledged = _acknowledged(acknowledgements)
    ids = Counter(one.movement_id for one in booked)
    assert acknowledged.total() >= MOVEMENTS
    assert kills >= 5
    assert set(ids.values()) == {1}
    assert set(acknowledged.values()) == {1}
    assert set(acknowledged) <= set(ids)
    assert len(ids) - len(acknowledged) <= (kills + WRITERS) * LARGEST_BATCH
    assert all(sum(posting.amount for posting in one.postings) == 0 for one in booked)
    assert {one.kind for one in booked} == {"fund", "grant", "adjust", "return", "expire", "graduate"}
    _closed_allocations_hold_nothing(booked)


def _acknowledged(folder: Path) -> "Counter[str]":
    return Counter(line for path in folder.iterdir() for line in path.read_text().splitlines())


def _closed_allocations_hold_nothing(booked) -> None:
    balances: Counter[str] = Counter()
    closed = set()
    for one in booked:
        for posting in one.postings:
            if posting.account.startswith("allocation:"):
                assert posting.account not in closed or one.kind in ("expire", "graduate")
                balances[posting.account] += posting.amount
        if one.kind in ("expire", "graduate"):
            assert f"allocation:{one.initiative_id}" not in closed
            closed.add(f"allocation:{one.initiative_id}")
    assert closed
    assert all(balances[account] == 0 for account in closed)
