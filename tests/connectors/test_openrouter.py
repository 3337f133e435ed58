"""OpenRouter's activity against a server on loopback that keeps 30 days, as the real one does."""

import logging
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.openrouter.extract import extract
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift, TransientFailure
from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.connectors.provider_payloads import NOW, company
from tests.connectors.source_reader import SourceReader

KEY = "sk-or-v1-management-5511"


def row(key: str | None = "hash_a", day: str = "2026-10-01", **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "date": day,
        "model": "openai/gpt-6-sol",
        "model_permaslug": "openai/gpt-6-sol-20260807",
        "endpoint_id": "ep_1",
        "provider_name": "OpenAI",
        "usage": 0.015,
        "byok_usage_inference": 0.012,
        "requests": 5,
        "prompt_tokens": 50,
        "completion_tokens": 125,
        "reasoning_tokens": 25,
        "cached_tokens": 20,
        **changes,
    }


MEASURES = ("usage", "byok_usage_inference", "requests", "prompt_tokens", "completion_tokens", "reasoning_tokens")
MEASURES = (*MEASURES, "cached_tokens")


class OpenRouterWorld:
    """Rows of two listed keys and of one that was deleted; the total adds them up as floats. One key a page."""

    def __init__(self) -> None:
        self.fault: Any = None
        self.keys = [
            {"hash": name, "name": f"Key {name}", "label": f"sk-or-v1-{name}...", "disabled": name == "hash_b"}
            for name in ("hash_a", "hash_b")
        ]
        self.rows = [
            row(),
            row("hash_b", usage=0.1, requests=1),
            row("hash_gone", usage=0.2, requests=2, prompt_tokens=7, cached_tokens=0),
            row(day="2026-10-02", model="anthropic/claude-opus-5-5"),
            row(day="2026-10-25", usage=9.0),
        ]

    def __call__(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Answer({"error": {"message": "No auth credentials found", "code": 401}}, 401)
        if self.fault and (given := self.fault(request)):
            return given
        if request.path == "/keys":
            at = int(request.one("offset") or 0)
            return Answer({"data": self.keys[at : at + 1]})
        assert request.path == "/activity"
        wanted = request.one("api_key_hash")
        held = [one for one in self.rows if wanted in (None, one["key"])]
        groups: dict[tuple[str, str], dict[str, Any]] = {}
        for one in held:
            shown = {name: value for name, value in one.items() if name != "key"}
            known = groups.setdefault((one["date"], one["model"]), shown)
            if known is not shown:
                known |= {name: known[name] + one[name] for name in MEASURES if name in known}
        return Answer({"data": list(groups.values())})


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SourceReader]:
    world = OpenRouterWorld()
    with LoopbackServer(world) as server:
        reader = SourceReader("openrouter", extract, world, server, tmp_path)
        reader.key = KEY
        yield reader


def test_golden_keys_and_what_no_listed_key_has_sum_to_the_total(reader):
    assert reader.read() == [
        StreamOutcome("openrouter", "activity", 3, 4),
        StreamOutcome("openrouter", "api_keys", 1, 2),
    ]
    found = reader.query(
        "select partition, api_key_id, model, usage, byok_usage_inference, requests, prompt_tokens, completion_tokens, "
        "reasoning_tokens, cached_tokens from landing.openrouter__activity order by partition, api_key_id nulls last"
    )
    assert found[0] == ("2026-10-01", "hash_a", "openai/gpt-6-sol", "0.015", "0.012", 5, 50, 125, 25, 20)
    assert found[1] == ("2026-10-01", "hash_b", "openai/gpt-6-sol", "0.1", "0.012", 1, 50, 125, 25, 20)
    assert (*found[2][:3], *found[2][5:]) == ("2026-10-01", None, "openai/gpt-6-sol", 2, 7, 125, 25, 0)
    assert found[3][:3] == ("2026-10-02", "hash_a", "anthropic/claude-opus-5-5")
    total = sum(Decimal(one[3]) for one in found)
    assert abs(total - (Decimal("0.315") + Decimal("0.015"))) < Decimal("1e-12")
    assert sum(one[6] for one in found) == 50 + 50 + 7 + 50
    assert reader.query(
        "select partition, rows, watermark_at from landing.loads where stream = 'activity' order by 1"
    ) == [
        ("2026-10-01", 3, NOW),
        ("2026-10-02", 1, NOW),
        ("2026-10-03", 0, NOW),
    ]


def test_requests_keys_by_offset_then_activity_by_key_then_all(reader):
    reader.read()
    assert [(request.path, *request.query) for request in reader.server.requests] == [
        ("/keys", ("include_disabled", "true"), ("offset", "0")),
        ("/keys", ("include_disabled", "true"), ("offset", "1")),
        ("/keys", ("include_disabled", "true"), ("offset", "2")),
        ("/activity", ("api_key_hash", "hash_a")),
        ("/activity", ("api_key_hash", "hash_b")),
        ("/activity",),
    ]
    assert reader.query("select api_key_id, name from landing.openrouter__api_keys order by 1") == [
        ("hash_a", "Key hash_a"),
        ("hash_b", "Key hash_b"),
    ]


def test_days_no_longer_kept_stay_missing_and_are_named(reader, caplog):
    with caplog.at_level(logging.WARNING):
        reader.read(start_date=date(2026, 9, 10))
    assert "10 days from 2026-09-10 on are no longer kept" in caplog.text
    assert reader.query("select min(partition), count(*) from landing.loads where stream = 'activity'") == [
        ("2026-09-20", 14)
    ]


def test_today_is_read_tomorrow(reader):
    own = company("openrouter", reader.server.url)
    morning = datetime.fromisoformat("2026-10-02T09:00:00+00:00")
    extract(own, reader.landing, date(2026, 10, 2), KEY, now=lambda: morning)
    assert reader.query("select max(partition) from landing.loads where stream = 'activity'") == [("2026-10-01",)]


def test_a_restated_day_in_the_look_back_is_replaced_and_others_stay(reader):
    reader.read()
    reader.world.rows = [row(usage=5.0), row(day="2026-10-02", usage=7.0)]
    reader.read()
    assert reader.query("select partition, usage from landing.openrouter__activity order by all")[-1] == (
        "2026-10-02",
        "7.0",
    )
    assert len(reader.query("select 1 from landing.openrouter__activity where partition = '2026-10-01'")) == 3


def only(path: str, given: Answer) -> Any:
    return lambda request: given if request.path == path else None


def one_row(**changes: Any) -> Answer:
    return Answer({"data": [{name: value for name, value in row(**changes).items() if value != "absent"}]})


BROKEN = {
    "500 for ever": (only("/activity", Answer({}, 500)), TransientFailure, "failed 6 times, at last with 500"),
    "an ordinary key": (
        only("/activity", Answer({"error": {"code": 403}}, 403)),
        PermanentFailure,
        "OPENROUTER_MANAGEMENT",
    ),
    "malformed money": (only("/activity", one_row(usage="free")), MalformedMoney, "not a decimal amount: free"),
    "no money": (only("/activity", one_row(usage="absent")), SchemaDrift, "usage is missing"),
    "no count": (only("/activity", one_row(prompt_tokens="absent")), SchemaDrift, "prompt_tokens is missing"),
    "more cached than prompt": (only("/activity", one_row(cached_tokens=51)), SchemaDrift, "cached_tokens exceed"),
    "a date that is none": (only("/activity", one_row(day="2026-13-01")), SchemaDrift, "date is not a day"),
    "a time of day": (only("/activity", one_row(day="2026-10-01 05:00:00")), SchemaDrift, "date is not a day"),
    "no keys": (only("/keys", Answer({})), SchemaDrift, "data is missing"),
    "keys beyond the total": (
        lambda request: Answer({"data": []}) if request.path == "/activity" and not request.query else None,
        SchemaDrift,
        "the keys have more activity than the organization on 2026-10-01",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failing_read_says_why_and_leaves_the_landing_untouched(reader, name):
    reader.read()
    before = reader.state()
    reader.world.fault, kind, message = BROKEN[name]
    with pytest.raises(kind, match=message):
        reader.read(lookback_days=10)
    assert reader.state() == before


def test_no_secret_and_no_label_reaches_the_landing(reader):
    reader.read()
    assert not [path for path, content in reader.state().items() if b"sk-or-v1" in content]
