"""The policy file: atomic, versioned, expiring, put back exactly; and its reader, which holds it on every request."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from orchestration.enforcement import policy_reader
from orchestration.enforcement.adapters.policy_file import PolicyFile, open_adapter
from orchestration.enforcement.policy_reader import Denied, PolicyReader
from orchestration.enforcement.port import Limit, Stamp, Unsupported
from orchestration.enforcement.values import LOOSEST
from orchestration.landing.errors import PermanentFailure
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig
from tests.enforcement.test_tick import World, cap

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
"""A Saturday: its week began on Monday the 23rd."""

EVERY_FIELD = {
    "limits": (Limit("daily", Decimal("5.50")), Limit("monthly", Decimal(60))),
    "requests_per_minute": 3,
    "allowed_models": ("economy", "standard"),
    "aliases": {"flagship": "economy"},
    "is_blocked": False,
}


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path, clock: Clock) -> PolicyFile:
    return PolicyFile(tmp_path / "enforcement" / "policy.json", timedelta(minutes=60), now=clock)


def reading(file: PolicyFile, tmp_path: Path, clock: Clock, on_expired="hold") -> PolicyReader:
    return PolicyReader(file.path, tmp_path / "spend.sqlite", on_expired=on_expired, now=clock)


def test_it_lies_in_the_home_and_is_valid_as_long_as_the_company_says(tmp_path):
    config = AdapterConfig(name="policy_file", valid_for_minutes=7)
    with open_adapter(config, None, Home(tmp_path)) as file:
        file.refresh()
    policy = json.loads((tmp_path / "enforcement" / "policy.json").read_text())
    generated, expires = (datetime.fromisoformat(policy[name]) for name in ("generated_at", "expires_at"))
    assert expires - generated == timedelta(minutes=7)
    assert (policy["version"], policy["entities"]) == (0, {})


def test_what_is_written_is_read_back_with_its_stamp(file):
    before = file.observe("key:abc")
    assert (before.is_found, before.values, before.stamp) == (True, LOOSEST, None)
    stamp = Stamp("caps", "v1", before.values, EVERY_FIELD)
    file.write(before, EVERY_FIELD, stamp)
    after = file.observe("key:abc")
    assert after.values == EVERY_FIELD
    assert after.stamp == stamp
    assert json.loads(file.path.read_text())["entities"]["key:abc"]["limits"] == [
        {"window": "daily", "amount": "5.50"},
        {"window": "monthly", "amount": "60"},
    ]


def test_a_change_touches_one_field_of_one_entity_and_reverting_leaves_nothing(file, clock):
    file.write(file.observe("key:abc"), {"requests_per_minute": 9}, None)
    as_it_was = json.loads(file.path.read_text())
    before = file.observe("team:x")
    file.write(before, {"is_blocked": True}, Stamp("caps", "1", before.values, {"is_blocked": True}))
    file.write(file.observe("key:abc"), {"is_blocked": True}, None)
    assert file.observe("key:abc").values == {**LOOSEST, "requests_per_minute": 9, "is_blocked": True}
    file.write(file.observe("key:abc"), {"is_blocked": False}, None)
    file.write(file.observe("team:x"), {"is_blocked": False}, None)
    policy = json.loads(file.path.read_text())
    assert policy["entities"] == as_it_was["entities"]
    assert (as_it_was["version"], policy["version"]) == (1, 5)


def test_refreshing_moves_the_expiry_and_not_the_version(file, clock):
    file.write(file.observe("key:abc"), {"is_blocked": True}, None)
    clock.now += timedelta(minutes=59)
    file.refresh()
    policy = json.loads(file.path.read_text())
    assert (policy["version"], policy["expires_at"]) == (1, "2026-11-28T13:59:00.000000Z")


def test_a_broken_file_is_neither_read_as_empty_nor_overwritten(file):
    file.path.parent.mkdir()
    file.path.write_text('{"version": 1, "entities": {"key:a": {"is_blocked": "yes"}}}')
    text = file.path.read_text()
    for act in (lambda: file.observe("key:a"), file.refresh):
        with pytest.raises(PermanentFailure, match="is no policy file"):
            act()
    assert file.path.read_text() == text


def test_what_its_reader_does_not_know_is_refused(file):
    assert not file.observe("workspace:x").is_found
    with pytest.raises(Unsupported, match="the reader knows key, team"):
        file.write(file.observe("workspace:x"), {"is_blocked": True}, None)
    with pytest.raises(Unsupported, match="would block every model"):
        file.write(file.observe("key:x"), {"allowed_models": ()}, None)
    assert not file.path.exists()


def test_a_cap_holds_from_the_request_after_the_one_that_reached_it(file, tmp_path, clock):
    file.write(file.observe("key:abc"), {"limits": (Limit("daily", Decimal("0.50")),)}, None)
    reader = reading(file, tmp_path, clock)
    for _ in range(3):
        assert reader.admit(["key:abc"], "flagship") == "flagship"
        reader.record(["key:abc"], Decimal("0.20"))
    with pytest.raises(Denied, match=r"key:abc has spent 0.6 of 0.50 US dollars \(daily\)") as refused:
        reader.admit(["key:abc"], "flagship")
    assert (refused.value.status_code, refused.value.type) == (429, "budget_exceeded")
    assert reader.admit(["key:other"], "flagship") == "flagship"
    clock.now = datetime(2026, 11, 29, tzinfo=UTC)
    file.refresh()
    assert reader.admit(["key:abc"], "flagship") == "flagship"


@pytest.mark.parametrize(
    ("window", "counted"), [("daily", "1"), ("weekly", "11"), ("monthly", "111"), ("total", "1111")]
)
def test_windows_begin_at_midnight_utc_weeks_on_monday(file, tmp_path, clock, window, counted):
    reader = reading(file, tmp_path, clock)
    for day, cost in (((10, 31), 1000), ((11, 22), 100), ((11, 23), 10), ((11, 28), 1)):
        clock.now = datetime(2026, *day, 23, 59, tzinfo=UTC)
        reader.record(["team:a"], Decimal(cost))
    assert reader.spent("team:a", window) == Decimal(counted)


def test_what_was_spent_before_a_cap_was_set_counts_and_a_restart_forgets_nothing(file, tmp_path, clock):
    reading(file, tmp_path, clock, "allow").record(["key:abc"], Decimal("0.000000001"))
    file.write(file.observe("key:abc"), {"limits": (Limit("daily", Decimal("0.000000001")),)}, None)
    with pytest.raises(Denied, match="budget"):
        raise_denied_type(reading(file, tmp_path, clock), "key:abc")


def raise_denied_type(reader: PolicyReader, entity: str) -> None:
    try:
        reader.admit([entity], "m")
    except Denied as denied:
        raise Denied(denied.status_code, denied.type, denied.type) from None


def test_a_cost_is_never_rounded_down(file, tmp_path, clock):
    reader = reading(file, tmp_path, clock)
    reader.record(["key:abc"], Decimal("0.0000000001"))
    assert reader.spent("key:abc", "total") == Decimal("0.000000001")


def test_requests_per_minute_are_counted_and_refused_ones_are_not(file, tmp_path, clock):
    file.write(file.observe("key:abc"), {"requests_per_minute": 2}, None)
    reader = reading(file, tmp_path, clock)
    for _ in range(2):
        reader.admit(["key:abc", "team:a"], "m")
    for _ in range(3):
        with pytest.raises(Denied, match="may ask 2 times a minute") as refused:
            reader.admit(["key:abc"], "m")
    assert (refused.value.status_code, refused.value.type) == (429, "throttling_error")
    clock.now += timedelta(minutes=1)
    assert reader.admit(["key:abc"], "m") == "m"


def test_a_downgrade_a_list_of_models_and_a_block_hold_at_once_for_key_and_team(file, tmp_path, clock):
    reader = reading(file, tmp_path, clock)
    file.write(file.observe("key:abc"), {"aliases": {"flagship": "economy"}}, None)
    assert reader.admit(["key:abc"], "flagship") == "economy"
    assert reader.admit(["key:abc"], "standard") == "standard"
    file.write(file.observe("team:a"), {"allowed_models": ("economy",)}, None)
    assert reader.admit(["key:abc", "team:a"], "flagship") == "economy"
    for model in ("standard", None):
        with pytest.raises(Denied, match="team:a may not use") as refused:
            reader.admit(["key:abc", "team:a"], model)
        assert refused.value.status_code == 403
    file.write(file.observe("key:abc"), {"is_blocked": True}, None)
    with pytest.raises(Denied, match="key:abc is blocked by policy"):
        reader.admit(["key:abc", "team:a"], "flagship")


@pytest.mark.parametrize(
    ("on_expired", "blocked", "free"), [("deny", "denied", "denied"), ("hold", "denied", "m"), ("allow", "m", "m")]
)
def test_an_expired_file_does_what_was_set_up(file, tmp_path, clock, on_expired, blocked, free):
    file.write(file.observe("key:bad"), {"is_blocked": True}, None)
    reader = reading(file, tmp_path, clock, on_expired)
    assert (asked(reader, "key:bad"), asked(reader, "key:good")) == ("denied", "m")
    clock.now += timedelta(minutes=60)
    assert (asked(reader, "key:bad"), asked(reader, "key:good")) == (blocked, free)
    file.path.unlink()
    assert (asked(reader, "key:bad"), asked(reader, "key:good")) == (blocked, free)


@pytest.mark.parametrize(("on_expired", "outcome"), [("deny", "denied"), ("hold", "denied"), ("allow", "m")])
def test_a_file_that_never_was_does_what_was_set_up(file, tmp_path, clock, on_expired, outcome):
    assert asked(reading(file, tmp_path, clock, on_expired), "key:a") == outcome


def asked(reader: PolicyReader, entity: str) -> str | None:
    try:
        return reader.admit([entity], "m")
    except Denied:
        return "denied"


def test_a_file_that_broke_holds_the_last_one_read(file, tmp_path, clock):
    file.write(file.observe("key:bad"), {"is_blocked": True}, None)
    reader = reading(file, tmp_path, clock)
    assert asked(reader, "key:bad") == "denied"
    broken = {
        "version": 9,
        "expires_at": "2999-01-01T00:00:00Z",
        "entities": {"key:bad": {"limits": [{"amount": "x"}]}},
    }
    for text in ("{", json.dumps(broken)):
        file.path.write_text(text)
        assert (asked(reader, "key:bad"), asked(reader, "key:good")) == ("denied", "m")


def test_a_setting_for_expiry_has_to_be_stated(tmp_path):
    with pytest.raises(TypeError):
        PolicyReader(tmp_path / "a", tmp_path / "b")
    with pytest.raises(ValueError, match="none of deny, hold and allow"):
        PolicyReader(tmp_path / "a", tmp_path / "b", on_expired="maybe")


def test_workers_that_share_the_counters_admit_no_request_too_many(file, tmp_path, clock):
    file.write(file.observe("key:abc"), {"requests_per_minute": 10}, None)
    readers = [reading(file, tmp_path, clock) for _ in range(4)]
    outcomes: list[str | None] = []

    def ask(reader: PolicyReader) -> None:
        for _ in range(10):
            outcomes.append(asked(reader, "key:abc"))
            reader.record(["key:abc"], Decimal("0.1"))

    threads = [threading.Thread(target=ask, args=[reader]) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("m"), outcomes.count("denied")) == (10, 30)
    assert readers[0].spent("key:abc", "daily") == Decimal("4.0")


def test_the_reader_runs_alone_beside_a_proxy(tmp_path, file, clock):
    """Copied into an empty folder and run without any installed package."""
    file.write(file.observe("key:abc"), {"is_blocked": True}, None)
    file._now = lambda: datetime.now(UTC)
    file.refresh()
    alone = tmp_path / "proxy"
    alone.mkdir()
    (alone / "policy_reader.py").write_text(Path(policy_reader.__file__).read_text())
    (alone / "ask.py").write_text(
        "import sys\nfrom policy_reader import Denied, PolicyReader\n"
        "try:\n    PolicyReader(sys.argv[1], 'spend.sqlite', on_expired='deny').admit(['key:abc'], 'm')\n"
        "except Denied as denied:\n    print(denied.status_code, denied.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-E", "ask.py", str(file.path)], cwd=alone, capture_output=True, text=True, check=True
    )
    assert done.stdout == "403 key:abc is blocked by policy\n"


@pytest.mark.parametrize(
    ("cost", "counted"),
    [
        (0.1 + 0.2, "0.3"),
        (0.027000000000000003, "0.027"),
        (1e-10, "0.000000001"),
        (0, "0"),
        (12.345678901, "12.345678901"),
    ],
)
def test_the_noise_of_binary_costs_is_not_counted(file, tmp_path, clock, cost, counted):
    reader = reading(file, tmp_path, clock)
    reader.record(["key:abc"], policy_reader._without_noise(cost))
    assert reader.spent("key:abc", "total") == Decimal(counted)


def test_a_tick_that_changes_nothing_keeps_the_file_valid_and_a_dry_one_does_not(tmp_path):
    world = World(tmp_path)
    world.facts = replace(world.facts, caps=(cap(adapter="policy_file", entity="key:hash-1"),))
    world.config = AdapterConfig(name="policy_file", apply=True, entities=["key:*"], valid_for_minutes=10)
    world.gateway = PolicyFile(tmp_path / "enforcement" / "policy.json", timedelta(minutes=10), now=lambda: world.now)
    adapters = {"litellm": AdapterConfig(name="litellm"), "policy_file": world.config}
    world.company = lambda: SimpleNamespace(
        guardrails=SimpleNamespace(caps=(), overrides=(), adapters=adapters),
        config=SimpleNamespace(zone=ZoneInfo("UTC")),
        policy=SimpleNamespace(version="v1"),
    )
    policies = []
    for apply in (True, True, False):
        world.tick(apply=apply)
        policies.append(json.loads(world.gateway.path.read_text()))
        world.later(minutes=5)
    assert policies[0]["entities"]["key:hash-1"]["limits"] == [{"window": "daily", "amount": "1"}]
    assert [one["version"] for one in policies] == [1, 1, 1]
    assert [one["expires_at"][11:16] for one in policies] == ["12:10", "12:15", "12:15"]
