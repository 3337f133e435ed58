"""``tokenomics enforce`` against a gateway on loopback: the plan, apply, revert, drill, watch, and what it says."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.enforcement import command, drill
from orchestration.enforcement.receipts import Receipts
from orchestration.settings import RunSettings
from tests.connectors.loopback_server import LoopbackServer
from tests.enforcement.litellm_server import FOREIGN, MASTER, SmallLiteLlm
from tests.enforcement.published_caps import publish_caps

ROOT = Path(__file__).parents[2]


@pytest.fixture
def gateway() -> SmallLiteLlm:
    return SmallLiteLlm("alpha", "beta")


@pytest.fixture
def settings(tmp_path: Path, gateway: SmallLiteLlm, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunSettings]:
    company = tmp_path / "company"
    shutil.copytree(ROOT / "tests" / "companies" / "tiny", company)
    sources = company / "sources.yaml"
    sources.write_text(sources.read_text().replace("__BASE_URL__", "http://127.0.0.1:9"))
    with LoopbackServer(gateway.answer) as server:
        write_guardrails(company, server.url)
        publish_caps(tmp_path / "home", {}, {"subject_id": "beta", "amount_usd": "5"})
        monkeypatch.setenv("LITELLM_MASTER_KEY", MASTER)
        monkeypatch.setenv("TOKENOMICS_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("TOKENOMICS_COMPANY", str(company))
        yield RunSettings(company, tmp_path / "home")


def write_guardrails(company: Path, url: str, **changes: Any) -> None:
    adapter = {"apply": True, "base_url": url, "api_key_env": "LITELLM_MASTER_KEY", "entities": ["key:*"], **changes}
    (company / "guardrails.yaml").write_text(yaml.safe_dump({"adapters": {"litellm": adapter}}))


def url_of(settings: RunSettings) -> str:
    assert settings.company is not None
    body = yaml.safe_load((settings.company / "guardrails.yaml").read_text())
    return str(body["adapters"]["litellm"]["base_url"])


def once(settings: RunSettings, *, apply: bool) -> tuple[int, str]:
    stream = io.StringIO()
    return command.enforce_once(settings, stream, apply=apply), stream.getvalue()


def test_without_options_the_plan_is_shown_and_nothing_is_written(settings: RunSettings, gateway: SmallLiteLlm) -> None:
    gateway.call("alpha")
    gateway.call("alpha")
    code, said = once(settings, apply=False)
    assert code == 0 and gateway.writes == []
    assert "Nothing was written" in said and "tokenomics enforce --apply" in said
    lines = said.splitlines()
    (reached,) = [line for line in lines if "per-key" in line and "key:alpha" in line]
    assert "1.00" in reached and "cap reached" in reached and "holds no such limit" in reached
    assert "refuses" not in reached
    (planned,) = [line for line in lines if line.strip().startswith("key:alpha")]
    assert "blocked yes" in planned and "spending limits 1 USD daily" in planned and planned.endswith("yes")


def test_the_plan_is_told_to_a_program_with_codes_and_whole_entities(
    settings: RunSettings, gateway: SmallLiteLlm
) -> None:
    gateway.call("alpha")
    gateway.call("alpha")
    stream = io.StringIO()
    assert command.enforce_once(settings, stream, apply=False, as_json=True) == 0
    body = json.loads(stream.getvalue())
    assert (body["is_applied"], body["actions"], body["faults"], gateway.writes) == (False, [], [], [])
    (reached,) = [cap for cap in body["caps"] if cap["status"] == "reached"]
    assert (reached["entity"], reached["mode"], Decimal(reached["amount"])) == ("key:alpha", "hard", 1)
    (plan,) = body["plans"]
    (change,) = [one for one in plan["changes"] if one["entity"] == "key:alpha"]
    assert plan["may_be_applied"] is True
    assert (change["action"], change["after"]["is_blocked"]) == ("cap+block", True)


def test_apply_refuses_the_next_call_and_a_second_apply_writes_nothing(
    settings: RunSettings, gateway: SmallLiteLlm
) -> None:
    gateway.call("alpha")
    gateway.call("alpha")
    code, said = once(settings, apply=True)
    assert code == 0 and "2 changes written" in said
    assert gateway.keys["alpha"]["blocked"] is True and gateway.keys["beta"]["blocked"] is not True
    written = len(gateway.writes)
    code, said = once(settings, apply=True)
    assert (code, len(gateway.writes)) == (0, written) and "Nothing had to be written" in said
    assert MASTER not in said and MASTER not in Receipts(settings.home).path.read_text()


def test_a_refused_change_is_not_counted_as_written(settings: RunSettings, gateway: SmallLiteLlm) -> None:
    gateway.refused = {"alpha"}
    code, said = once(settings, apply=True)
    assert code == 1 and said.splitlines()[-1].startswith("1 change written, 1 refused by the gateway; every one")
    assert "not now, [redacted]" in said
    kept = [path.read_text() for path in settings.home.rglob("*") if path.suffix in (".jsonl", ".state")]
    assert kept and not any(FOREIGN in text for text in [said, *kept])


def cap_row(said: str, entity: str) -> str:
    (row,) = [line for line in said.splitlines() if line.strip().startswith("per-key") and entity in line]
    return row


def test_the_table_of_caps_says_what_the_gateway_was_seen_to_hold(settings: RunSettings, gateway: SmallLiteLlm) -> None:
    gateway.call("alpha")
    gateway.call("alpha")
    _, said = once(settings, apply=True)
    assert "refuses now" in cap_row(said, "key:alpha") and "refuses at the cap" in cap_row(said, "key:beta")
    gateway.keys["beta"]["budget_limits"] = [{"budget_duration": "1d", "max_budget": 500.0, "reset_at": None}]
    _, said = once(settings, apply=False)
    assert "holds a higher limit" in cap_row(said, "key:beta")
    del gateway.keys["beta"]
    _, said = once(settings, apply=True)
    assert "unknown there" in cap_row(said, "key:beta")


def test_a_capped_key_that_is_gone_at_the_gateway_is_told_and_fails(
    settings: RunSettings, gateway: SmallLiteLlm
) -> None:
    assert settings.company is not None
    write_guardrails(settings.company, url_of(settings))
    file = settings.company / "guardrails.yaml"
    caps = [{"cap_id": "per-key", "subject": "key", "ids": ["beta"], "windows": [{"window": "daily", "amount": 5}]}]
    file.write_text(file.read_text() + yaml.safe_dump({"caps": caps}))
    code, _ = once(settings, apply=True)
    assert code == 0
    del gateway.keys["beta"]
    with command.open_desk(settings) as desk:
        told = desk.once(apply=True, is_preview=False)
    (alert,) = [one for one in told.alerts if one.kind == "enforcement_failed"]
    assert (alert.entity, alert.amount) == ("key:beta", Decimal(5))
    assert alert.title.endswith("correct its name in guardrails.yaml or initiatives.yaml, or remove the cap")
    for apply in (True, False):
        code, _ = once(settings, apply=apply)
        assert code == 1


def test_keys_that_are_not_shown_are_told_and_fail(settings: RunSettings, gateway: SmallLiteLlm) -> None:
    gateway.hidden = True
    code, said = once(settings, apply=True)
    assert code == 1 and "litellm: not shown, so that nothing of it is known or done: key:alpha, key:beta" in said
    assert "stands as it should" not in said and "not seen" in cap_row(said, "key:alpha")


def test_what_would_have_to_be_set_is_said(settings: RunSettings, gateway: SmallLiteLlm) -> None:
    assert settings.company is not None
    write_guardrails(settings.company, url_of(settings), apply=False)
    _, said = once(settings, apply=True)
    assert "no: set adapters.litellm.apply: true in guardrails.yaml" in said and gateway.writes == []
    write_guardrails(settings.company, url_of(settings), entities=["key:other"])
    _, said = once(settings, apply=True)
    assert "name it under entities of the adapter" in said and gateway.writes == []


def test_revert_gives_back_exactly_what_stood(settings: RunSettings, gateway: SmallLiteLlm) -> None:
    gateway.keys["alpha"] |= {"max_budget": 7.0, "metadata": {"team": "red"}}
    before = json.dumps(gateway.keys["alpha"], sort_keys=True)
    gateway.call("alpha")
    gateway.call("alpha")
    once(settings, apply=True)
    assert gateway.keys["alpha"]["blocked"] is True
    stream = io.StringIO()
    assert command.revert(settings, stream, "key:alpha") == 0
    after = gateway.keys["alpha"]
    assert (after["max_budget"], after["metadata"], bool(after["blocked"])) == (7.0, {"team": "red"}, False)
    assert not after["budget_limits"] and json.loads(before)["max_budget"] == 7.0
    assert gateway.keys["beta"]["metadata"] != {}
    assert command.revert(settings, stream, None) == 0
    assert gateway.keys["beta"]["metadata"] == {}
    with pytest.raises(command.NothingToRevert, match="nothing of ours stands at key:alpha"):
        command.revert(settings, stream, "key:alpha")


@pytest.mark.parametrize("is_capped_before", [False, True])
def test_a_drill_is_refused_restored_and_recorded(
    settings: RunSettings, gateway: SmallLiteLlm, monkeypatch: pytest.MonkeyPatch, is_capped_before: bool
) -> None:
    monkeypatch.setattr(command.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("CANARY_KEY", "sk-beta")
    if is_capped_before:
        once(settings, apply=True)
    before = json.dumps({**gateway.keys["beta"], "spend": 0}, sort_keys=True)
    stream = io.StringIO()
    assert drill.run_drill(settings, stream, "key:beta", "CANARY_KEY", "gpt-6-luna") == 0
    assert "budget_exceeded" in stream.getvalue()
    after = json.loads(json.dumps({**gateway.keys["beta"], "spend": 0}, sort_keys=True))
    same = ("max_budget", "budget_duration", "blocked", "models")
    assert {name: after[name] for name in same} == {name: json.loads(before)[name] for name in same}
    assert (after["budget_limits"] or None) == json.loads(before)["budget_limits"]
    (drilled,) = [one for one in Receipts(settings.home).read() if one.action == "drill"]
    assert drilled.outcome == "verified" and drilled.note.startswith("refused: budget_exceeded")
    writes = len(gateway.writes)
    if is_capped_before:
        once(settings, apply=True)
        assert len(gateway.writes) == writes


def test_a_drill_that_nothing_refuses_fails_and_restores(
    settings: RunSettings, gateway: SmallLiteLlm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "PATIENCE", timedelta(seconds=0.2))
    monkeypatch.setattr(drill, "LOOK_EVERY_SECONDS", 0.05)
    stream = io.StringIO()
    assert drill.run_drill(settings, stream, "key:beta", None, None) == 1
    assert "proves nothing" in stream.getvalue() and not gateway.keys["beta"]["budget_limits"]
    (drilled,) = [one for one in Receipts(settings.home).read() if one.action == "drill"]
    assert drilled.outcome == "abandoned"


def test_a_drill_waits_for_a_refusal_in_the_log(
    settings: RunSettings, gateway: SmallLiteLlm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "LOOK_EVERY_SECONDS", 0.05)
    gateway.call("beta")

    def caller() -> None:
        until(lambda: gateway.keys["beta"]["budget_limits"])
        gateway._chat("beta")

    thread = threading.Thread(target=caller)
    thread.start()
    stream = io.StringIO()
    code = drill.run_drill(settings, stream, "key:beta", None, None)
    thread.join()
    assert code == 0, stream.getvalue()
    assert "BudgetExceededError" in stream.getvalue()


def test_a_watch_refuses_goes_on_while_the_gateway_is_away_and_takes_up_a_new_publication(
    settings: RunSettings, gateway: SmallLiteLlm
) -> None:
    stop, stream = threading.Event(), io.StringIO()

    def run() -> None:
        command.watch(settings, stream, apply=True, every=timedelta(seconds=0.3), stop=stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: gateway.keys["alpha"]["budget_limits"])
        gateway.is_away = True
        until(lambda: "failed:" in stream.getvalue())
        gateway.is_away = False
        gateway.call("alpha", datetime.now(UTC))
        publish_caps(settings.home, {"amount_usd": "0.40"}, run_id="run-2")
        until(lambda: gateway.keys["alpha"]["blocked"])
    finally:
        stop.set()
        thread.join()
    lines = stream.getvalue().splitlines()
    assert "ended after" in lines[-1] and any(
        "key_cap key:alpha: daily_within -> daily_reached" in one for one in lines
    )


def until(read: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not read():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_ends_cleanly_on_a_signal(settings: RunSettings, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration", "enforce", "--watch", "--every", "5"],
        cwd=ROOT, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "a round every 5 s" in process.stdout.readline()
    assert "1 planned" in (line := process.stdout.readline()) or "planned" in line
    process.send_signal(number)
    said, complained = process.communicate(timeout=20)
    assert process.returncode == 0, complained
    assert "ended after 1 rounds" in said


def test_a_fault_is_exit_code_one_and_named(settings: RunSettings, gateway: SmallLiteLlm) -> None:
    gateway.is_away = True
    code, said = once(settings, apply=True)
    assert code == 1 and "failed: litellm:" in said
