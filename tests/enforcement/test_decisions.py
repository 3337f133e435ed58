"""The journal of decisions: written once, read up to a day, healed after a kill, damage named."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from orchestration.enforcement.decisions import Decided, Decisions, DecisionsDamaged
from orchestration.enforcement.landed import live_decisions
from orchestration.landing.store import Landing

NOW = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)


def decided(name: str, at: datetime = NOW) -> Decided:
    return Decided(name, at, "key_cap", "key:a", "below", "reached", "9.00 of 8.00", "e", "v")


def test_a_decision_made_again_is_written_once_also_after_midnight(tmp_path: Path) -> None:
    journal = Decisions(tmp_path)
    assert journal.record([decided("1")], NOW) == [decided("1")]
    later = NOW + timedelta(hours=1)
    assert journal.record([decided("1", later), decided("2", later)], later) == [decided("2", later)]
    assert [one.decision_id for one in journal.until(date(2026, 11, 30), ZoneInfo("UTC"))] == ["1", "2"]


def test_a_day_ends_in_its_zone(tmp_path: Path) -> None:
    journal = Decisions(tmp_path)
    journal.record([decided("1")], NOW)
    assert journal.until(date(2026, 11, 28), ZoneInfo("UTC")) == [decided("1")]
    assert journal.until(date(2026, 11, 28), ZoneInfo("Europe/Berlin")) == []
    assert journal.until(date(2026, 11, 29), ZoneInfo("Europe/Berlin")) == [decided("1")]


def test_a_line_cut_off_by_a_kill_is_no_decision_and_goes_with_the_next(tmp_path: Path) -> None:
    journal = Decisions(tmp_path)
    journal.record([decided("1")], NOW)
    path = tmp_path / "enforcement" / "decisions" / "2026-11-28.jsonl"
    path.write_bytes(path.read_bytes() + b'{"decision_id": "half')
    assert journal.until(date(2026, 11, 28), ZoneInfo("UTC")) == [decided("1")]
    journal.record([decided("2")], NOW)
    assert [one.decision_id for one in journal.until(date(2026, 11, 28), ZoneInfo("UTC"))] == ["1", "2"]


def test_damage_names_file_and_line(tmp_path: Path) -> None:
    journal = Decisions(tmp_path)
    journal.record([decided("1"), decided("2")], NOW)
    path = tmp_path / "enforcement" / "decisions" / "2026-11-28.jsonl"
    path.write_text(path.read_text().replace('"decision_id": "2"', '"decision": "2"'))
    with pytest.raises(DecisionsDamaged, match=r"2026-11-28\.jsonl:2"):
        journal.until(date(2026, 11, 28), ZoneInfo("UTC"))


def test_a_run_lands_what_was_decided_until_its_day_ended_and_the_same_again(tmp_path: Path) -> None:
    journal = Decisions(tmp_path)
    journal.record([decided("1"), decided("2", NOW + timedelta(hours=1))], NOW)
    landing = Landing(tmp_path / "landing")
    for _ in range(2):
        with landing.batch("guardrails", "decisions") as batch:
            batch.add_rows("live", live_decisions(journal, date(2026, 11, 28), ZoneInfo("UTC")))
    (file,) = landing.current_files("guardrails", "decisions")
    (row,) = pq.ParquetFile(file).read().to_pylist()
    assert (row["decided_at"], row["policy"], row["to_state"]) == (NOW, "key_cap", "reached")
