"""``tokenomics replay gates`` over all days of the demo, in one process, says of a day what a real first run as of that
day says, in a home of its own.

The day before the last, on which a verdict is another one. ``REPLAY_DAYS`` says how many random days more; ``make test-replay``
takes ten, and the days on which a verdict changes in the last thirty days with the day before each.
"""

import os
import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestration.demo.catalog import AS_OF, FIRST_DAY
from tests.end_to_end.command_line import tokenomics
from tests.end_to_end.demo_run import Published, publish_tables

RANDOM_DAYS = int(os.environ.get("REPLAY_DAYS", "0"))
LATEST_DAYS = 30
GATES = "select initiative_id, gate_number, gate_name, status, reason from t where as_of_date = date '{}'"
READINESS = "select initiative_id, is_ready, blocking_gates, first_ready_date from t where as_of_date = date '{}'"
REPLAYED = (
    "select initiative_id, gate_1_status, gate_2_status, gate_3_status, gate_4_status, gate_5_status, is_ready, "
    "blocking_gates, reasons, is_trip from t where replay_date = date '{}'"
)


@pytest.fixture(scope="module")
def replayed(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    home = tmp_path_factory.mktemp("replayed") / "home"
    shutil.copytree(demo_home, home, symlinks=True)
    done = tokenomics("replay", "gates", "--home", home)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return Published(home)


def told_by_the_replay(replayed: Published, day: date) -> dict[str, tuple]:
    return {row[0]: row[1:] for row in replayed.rows("gate_replay", REPLAYED.format(day))}


def told_by_a_run(published: Published, day: date) -> dict[str, tuple]:
    """What ``gate_replay`` should hold for ``day``, put together from the gates and the readiness of a run."""
    gates: dict[str, dict[int, tuple[str, str, str]]] = {}
    for initiative, number, *told in published.rows("graduation_gates", GATES.format(day)):
        gates.setdefault(initiative, {})[number] = tuple(told)
    rows = {}
    for initiative, is_ready, blocking, first_ready in published.rows("graduation_readiness", READINESS.format(day)):
        own = gates[initiative]
        shown = [int(number) for number in blocking.split(",") if number] or [5]
        reasons = "; ".join(f"gate {n} {own[n][0]} {own[n][1]}: {own[n][2]}" for n in shown)
        statuses = tuple(own[n][1] for n in range(1, 6))
        rows[initiative] = (*statuses, is_ready, blocking, reasons, is_ready and first_ready == day)
    return rows


def verdict_days(replayed: Published) -> set[date]:
    """The days on which the verdict of an experiment is not that of the day before, and the day before each."""
    sql = (
        "select distinct replay_date from (select *, lag((status, is_ready, blocking_gates)) over (partition by "
        "initiative_id order by replay_date) as before from t) where before is not null and before <> "
        f"(status, is_ready, blocking_gates) and replay_date > date '{AS_OF - timedelta(days=LATEST_DAYS)}'"
    )
    changed = {day for (day,) in replayed.rows("gate_replay", sql)}
    return changed | {day - timedelta(days=1) for day in changed}


def test_the_replay_holds_every_day_once_and_the_last_as_it_was_run(replayed: Published) -> None:
    counted = replayed.rows("gate_replay", "select count(*), count(distinct (initiative_id, replay_date)) from t")
    assert counted == replayed.rows("graduation_readiness", "select count(*), count(*) from t")
    assert replayed.rows("gate_replay", "select max(replay_date) from t") == [(AS_OF,)]
    assert told_by_the_replay(replayed, AS_OF) == told_by_a_run(replayed, AS_OF)


def test_the_replay_says_what_real_runs_say(replayed: Published, demo_day_before: Path, tmp_path: Path) -> None:
    the_day_before = AS_OF - timedelta(days=1)
    told = told_by_the_replay(replayed, the_day_before)
    assert told == told_by_a_run(Published(demo_day_before), the_day_before)
    assert told != told_by_the_replay(replayed, AS_OF)
    history = [FIRST_DAY + timedelta(days=n) for n in range((AS_OF - FIRST_DAY).days)]
    begun = [day for day in history if told_by_the_replay(replayed, day)]
    days = set(random.Random(20261028).sample(begun, RANDOM_DAYS))
    if RANDOM_DAYS:
        days |= verdict_days(replayed) - {AS_OF}
    for day in sorted(days - {the_day_before}):
        told = told_by_the_replay(replayed, day)
        ran = publish_tables(tmp_path / day.isoformat(), "--as-of", day.isoformat())
        assert told == told_by_a_run(ran, day), day
        print(f"{day}: {len(told)} experiments equal", flush=True)
