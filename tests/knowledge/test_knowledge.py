"""Which moment's knowledge a run shows, and how runs are remembered."""

import json
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestration import knowledge as memory
from orchestration.knowledge import FirstRun, Knowledge, as_json, begin, finish, knowledge, published_days
from orchestration.project import Home


def day(number: int) -> date:
    return date(2026, 10, number)


def run(hour: int) -> FirstRun:
    """A run that began at ``hour`` and published half an hour later."""
    return FirstRun(f"2026-11-01T{hour:02}:00:00.000000Z", f"2026-11-01T{hour:02}:30:00.000000Z")


@pytest.mark.parametrize(
    ("days", "as_of", "known"),
    [
        ({}, day(5), Knowledge()),
        ({day(4): run(1), day(5): run(2)}, day(5), Knowledge()),
        ({day(4): run(1), day(5): run(2)}, day(6), Knowledge()),
        ({day(4): run(1), day(5): run(2)}, day(4), Knowledge(run(2).begun_at)),
        ({day(4): run(1), day(6): run(3), day(7): run(2)}, day(4), Knowledge(run(2).begun_at)),
        ({day(3): run(1), day(5): run(2)}, day(4), Knowledge(run(2).begun_at)),
        ({day(5): run(2)}, day(4), Knowledge(run(2).published_at, day(5))),
        ({day(5): run(2), day(4): run(4)}, day(4), Knowledge(run(2).published_at, day(5))),
        ({day(5): run(2), day(4): run(4), day(6): run(6)}, day(5), Knowledge(run(6).begun_at)),
    ],
    ids=[
        "first run",
        "latest day again",
        "next day",
        "day before",
        "the first of several later days",
        "a day never run, between two",
        "before the home's first day",
        "before the home's first day, again",
        "a day that was the latest",
    ],
)
def test_a_run_knows_what_was_landed_before_the_first_run_of_a_later_day(
    days: dict[date, FirstRun], as_of: date, known: Knowledge
) -> None:
    assert knowledge(days, as_of, ZoneInfo("UTC")) == known


@pytest.mark.parametrize(
    ("begun_at", "zone", "has_ended"),
    [
        ("2026-10-30T12:00:00.000000Z", "UTC", False),
        ("2026-10-31T23:59:59.000000Z", "UTC", False),
        ("2026-11-01T00:00:00.000000Z", "UTC", True),
        ("2026-10-31T23:30:00.000000Z", "Europe/Berlin", True),
        ("2026-11-01T05:00:00.000000Z", "America/Los_Angeles", False),
    ],
)
def test_a_day_that_an_older_version_ran_before_it_had_ended_hides_nothing(
    begun_at: str, zone: str, has_ended: bool
) -> None:
    """The home stays usable without anything being done to it, also once that day has come."""
    days = {day(31): FirstRun(begun_at, "2026-11-01T12:00:00.000000Z")}
    assert (knowledge(days, day(29), ZoneInfo(zone)) != Knowledge()) == has_ended


def test_published_days_come_from_the_published_manifest(tmp_path: Path) -> None:
    assert published_days(tmp_path) == {}
    (tmp_path / "manifest.json").write_text(json.dumps({"run_id": "one"}))
    assert published_days(tmp_path) == {}
    days = {day(4): run(1), day(5): run(2)}
    (tmp_path / "manifest.json").write_text(json.dumps({"as_of_days": as_json(days)}))
    assert published_days(tmp_path) == days


def test_an_unpublished_run_and_its_repetition_began_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(["t1", "t2", "t3", "t4"])
    monkeypatch.setattr(memory, "utc_text", lambda _: next(moments))
    home = Home(tmp_path)
    assert begin(home, day(5)) == "t1"
    assert begin(home, day(5)) == "t1", "killed and run again"
    assert begin(home, day(6)) == "t2"
    assert begin(home, day(5)) == "t3", "another day came between"
    finish(home)
    assert begin(home, day(5)) == "t4"
