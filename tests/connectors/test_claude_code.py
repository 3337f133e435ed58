"""Claude Code analytics against a server on loopback."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.claude_code.extract import extract
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift, TransientFailure
from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.connectors.provider_payloads import ANTHROPIC_KEY, NOW, anthropic_error, company
from tests.connectors.source_reader import SourceReader

PATH = "/v1/organizations/usage_report/claude_code"


def used(model: str, amount: Any, **changes: Any) -> dict[str, Any]:
    tokens = {"input": 100, "output": 35, "cache_read": 10, "cache_creation": 5}
    return {"model": model, "tokens": tokens, "estimated_cost": {"amount": amount, "currency": "USD"}, **changes}


def record(day: str = "2026-10-01", **changes: Any) -> dict[str, Any]:
    tool = {"accepted": 1, "rejected": 0}
    return {
        "date": f"{day}T00:00:00Z",
        "actor": {"type": "user_actor", "email_address": "a@x.example"},
        "organization_id": "org_1",
        "customer_type": "api",
        "terminal_type": "vscode",
        "core_metrics": {
            "num_sessions": 5,
            "lines_of_code": {"added": 1543, "removed": 892},
            "commits_by_claude_code": 12,
            "pull_requests_by_claude_code": 2,
        },
        "tool_actions": dict.fromkeys(("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool"), tool),
        "model_breakdown": [used("claude-opus-5-5", 1025.5), used("claude-haiku-5-5", 0.07)],
        **changes,
    }


class ClaudeCodeWorld:
    """Two records on the 1st of October, one a page, and none on other days."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        key = {"type": "api_actor", "api_key_name": "ci-key"}
        self.records = [record(), record(actor=key, terminal_type=None, model_breakdown=[])]

    def __call__(self, request: Request) -> Answer:
        assert request.path == PATH
        if request.headers.get("x-api-key") != ANTHROPIC_KEY:
            return anthropic_error(401, "authentication_error", "invalid x-api-key")
        if self.answer is not None:
            return self.answer
        held = [one for one in self.records if one["date"].startswith(request.one("starting_at") or "-")]
        at = int(request.one("page") or 0)
        more = at + 1 < len(held)
        return Answer({"data": held[at : at + 1], "has_more": more, "next_page": str(at + 1) if more else None})


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SourceReader]:
    world = ClaudeCodeWorld()
    with LoopbackServer(world) as server:
        reader = SourceReader("claude_code", extract, world, server, tmp_path)
        reader.key = ANTHROPIC_KEY
        yield reader


def test_golden_activity_once_and_tokens_by_model_with_cents_as_text(reader):
    assert reader.read() == [StreamOutcome("claude_code", "daily", 3, 4)]
    assert reader.query(
        "select actor, actor_type, terminal_type, model, sessions, lines_added, lines_removed, commits, pull_requests, "
        "input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, estimated_cost_cents, currency "
        "from landing.claude_code__daily order by all"
    ) == [
        ("a@x.example", "user_actor", "vscode", "claude-haiku-5-5", *[None] * 5, 100, 35, 10, 5, "0.07", "USD"),
        ("a@x.example", "user_actor", "vscode", "claude-opus-5-5", *[None] * 5, 100, 35, 10, 5, "1025.5", "USD"),
        ("a@x.example", "user_actor", "vscode", None, 5, 1543, 892, 12, 2, *[None] * 6),
        ("ci-key", "api_actor", None, None, 5, 1543, 892, 12, 2, *[None] * 6),
    ]
    assert reader.query("select sum(sessions), sum(input_tokens) from landing.claude_code__daily") == [(10, 200)]
    assert reader.query("select partition, rows, watermark_at from landing.loads order by 1") == [
        ("2026-10-01", 4, NOW - timedelta(hours=1)),
        ("2026-10-02", 0, NOW - timedelta(hours=1)),
        ("2026-10-03", 0, NOW - timedelta(hours=1)),
    ]


def test_one_day_a_call_and_only_the_look_back_again(reader):
    reader.read()
    days = [request.one("starting_at") for request in reader.server.requests]
    assert days == ["2026-10-01", "2026-10-01", "2026-10-02", "2026-10-03"]
    assert {request.one("limit") for request in reader.server.requests} == {"1000"}
    reader.read()
    again = [request.one("starting_at") for request in reader.server.requests[4:]]
    assert again == ["2026-10-02", "2026-10-03"]
    reader.read(full_refresh=True)
    assert len(reader.server.requests) == 10


def test_a_day_that_has_not_begun_is_not_asked_for(reader):
    own = company("claude_code", reader.server.url)
    extract(
        own, reader.landing, date(2026, 10, 3), ANTHROPIC_KEY, now=lambda: datetime.fromisoformat("2026-10-02T09:00Z")
    )
    assert reader.query("select max(partition) from landing.loads") == [("2026-10-02",)]


def answer(*records: dict[str, Any], **changes: Any) -> Answer:
    return Answer({"data": list(records), "has_more": False, "next_page": None, **changes})


BROKEN = {
    "500 for ever": (anthropic_error(500, "api_error", "down"), TransientFailure, "claude_code: GET .* failed 6 times"),
    "not for this organization": (
        anthropic_error(403, "permission_error", "no"),
        PermanentFailure,
        "ANTHROPIC_ADMIN_KEY",
    ),
    "malformed money": (
        answer(record(model_breakdown=[used("m", "12c")])),
        MalformedMoney,
        "not a decimal amount: 12c",
    ),
    "an unknown actor": (
        answer(record(actor={"type": "robot"})),
        SchemaDrift,
        "the actor is of an unknown type: robot",
    ),
    "no metrics": (answer(record(core_metrics=None)), SchemaDrift, "core_metrics is not an object"),
    "another day": (answer(record("2026-09-30")), SchemaDrift, "a record of another day"),
    "no token": (answer(has_more=True), SchemaDrift, "has_more is true but next_page"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failing_read_says_why_and_leaves_the_landing_untouched(reader, name):
    reader.read()
    before = reader.state()
    reader.world.answer, kind, message = BROKEN[name]
    with pytest.raises(kind, match=message):
        reader.read(lookback_days=10)
    assert reader.state() == before


def test_a_record_that_comes_twice_is_drift(reader):
    reader.world.records *= 2
    with pytest.raises(SchemaDrift, match="the same group came twice"):
        reader.read()
    assert reader.state() == {}
