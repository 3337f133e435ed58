"""An initiative is flagged once in its life, with the evidence of that day; every other time there is a reason."""

import json
from collections.abc import Callable
from pathlib import Path

from orchestration.alerts.graduation import flag_ready
from orchestration.alerts.transports import FileTransport
from orchestration.project import Home

PublishState = Callable[..., None]


def flag(home: Path) -> tuple[tuple[str, ...], str]:
    flagged = flag_ready(Home(home), over=[FileTransport(home / "alerts")])
    assert flagged.faults == ()
    return flagged.initiatives, flagged.reason


def alert_keys(home: Path) -> list[str]:
    return [
        json.loads(line)["key"] for path in (home / "alerts").glob("*.jsonl") for line in path.read_text().splitlines()
    ]


def test_ready_initiative_is_flagged_once_with_evidence_and_owner(tmp_path: Path, publish_state: PublishState) -> None:
    publish_state(tmp_path)

    assert flag(tmp_path) == (("exp_ready",), "")
    assert flag(tmp_path) == ((), "all 1 ready initiatives were flagged before")
    pack = json.loads((tmp_path / "evidence" / "exp_ready.json").read_text())
    assert pack["readiness"]["verified_run_rate"] == "1234.500000000"
    assert [gate["gate_name"] for gate in pack["gates"]] == ["stability"]
    assert alert_keys(tmp_path) == ["graduation_ready:exp_ready"]


def test_evidence_of_the_first_day_stands_when_it_is_published_again(
    tmp_path: Path, publish_state: PublishState
) -> None:
    publish_state(tmp_path)
    flag(tmp_path)
    before = (tmp_path / "evidence" / "exp_ready.json").read_bytes()
    publish_state(tmp_path, run_id="two", ready=False)
    assert flag(tmp_path) == ((), "none of 1 evaluated initiatives is ready")
    publish_state(tmp_path, run_id="three")

    assert flag(tmp_path)[0] == ()
    assert (tmp_path / "evidence" / "exp_ready.json").read_bytes() == before
    assert len(alert_keys(tmp_path)) == 1


def test_alert_lost_by_a_kill_is_sent_at_the_next_occasion(tmp_path: Path, publish_state: PublishState) -> None:
    publish_state(tmp_path)
    flag_ready(Home(tmp_path), over=[])
    (tmp_path / "alerts" / "sent.state").unlink(missing_ok=True)

    assert flag(tmp_path)[0] == ()
    assert alert_keys(tmp_path) == ["graduation_ready:exp_ready"]


def test_an_initiative_that_was_returned_is_flagged_again_with_evidence_of_its_own(
    tmp_path: Path, publish_state: PublishState
) -> None:
    publish_state(tmp_path)
    flag(tmp_path)
    publish_state(tmp_path, run_id="two", ready=False, returned_on="2026-10-30")
    assert flag(tmp_path)[0] == ()
    publish_state(tmp_path, run_id="three", returned_on="2026-10-30")
    assert flag(tmp_path)[0] == ("exp_ready",)
    assert flag(tmp_path)[0] == ()
    assert alert_keys(tmp_path) == ["graduation_ready:exp_ready", "graduation_ready:exp_ready:2026-10-30"]
    assert sorted(path.name for path in (tmp_path / "evidence").iterdir()) == [
        "exp_ready%3A2026-10-30.json",
        "exp_ready.json",
    ]


def test_page_to_sign_is_kept_with_the_evidence_as_it_was_published(
    tmp_path: Path, publish_state: PublishState
) -> None:
    publish_state(tmp_path)
    published, kept = tmp_path / "published" / "evidence", tmp_path / "evidence"
    (published / "exp_ready.html").write_text("sign here")
    flag(tmp_path)
    assert (kept / "exp_ready.html").read_text() == "sign here"
    assert (kept / "exp_ready.json").read_bytes() == (published / "exp_ready.json").read_bytes()

    publish_state(tmp_path, run_id="two", returned_on="2026-10-30")
    (published / "exp_ready.html").write_text("sign again")
    assert flag(tmp_path)[0] == ("exp_ready",)
    assert (kept / "exp_ready.html").read_text() == "sign here"
    assert (kept / "exp_ready%3A2026-10-30.html").read_text() == "sign again"
    assert (kept / "exp_ready%3A2026-10-30.json").read_bytes() == (published / "exp_ready.json").read_bytes()


def test_evidence_kept_by_an_earlier_version_is_still_the_memory(tmp_path: Path, publish_state: PublishState) -> None:
    publish_state(tmp_path, returned_on="2026-10-30")
    flag(tmp_path)
    kept = tmp_path / "evidence" / "exp_ready%3A2026-10-30.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "life": "exp_ready:2026-10-30"}))
    assert flag(tmp_path) == ((), "all 1 ready initiatives were flagged before")
    assert len(alert_keys(tmp_path)) == 1


def test_nothing_published_has_a_reason(tmp_path: Path) -> None:
    assert flag(tmp_path) == ((), "nothing is published yet")


def test_published_evidence_holds_the_ready_only(tmp_path: Path, publish_state: PublishState) -> None:
    publish_state(tmp_path)
    assert [path.name for path in (tmp_path / "published" / "evidence").iterdir()] == ["exp_ready.json"]
