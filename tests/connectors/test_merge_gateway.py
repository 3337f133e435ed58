"""Merge Gateway against a server on loopback, in each of the shapes that its tolerant reader knows."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.merge_gateway.extract import extract
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift, TransientFailure
from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.connectors.provider_payloads import NOW
from tests.connectors.source_reader import SourceReader

KEY = "mgmt_test_9911"
GOLDEN = {
    "currency": "USD",
    "results": [
        {
            "project_id": "prj_1",
            "api_key": "mg_live_secret",
            "managed_spend": 3.25,
            "byok_spend": "0.5",
            "models": [
                {
                    "model": "gpt-6-sol",
                    "vendor": "openai",
                    "requests": 4,
                    "prompt_tokens": 1000,
                    "cached_tokens": 300,
                    "completion_tokens": 50,
                    "spend": 3.0,
                    "note": "call me at mg_live_secret",
                },
                {
                    "model": "claude-opus-5-5",
                    "vendor": "anthropic",
                    "requests": 1,
                    "input_tokens": 10,
                    "spend_usd": "0.75",
                },
            ],
        },
        {"project_uuid": "prj_2", "models": [], "total_requests": 2, "total_spend_usd": 0.1},
    ],
}


class MergeWorld:
    """``GOLDEN`` on the 1st of October, a day without groups after it."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.body: Any = GOLDEN

    def __call__(self, request: Request) -> Answer:
        assert request.path == "/v1/organization/usage"
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Answer({"error": {"message": "bad key"}}, 401)
        if self.answer is not None:
            return self.answer
        return Answer(self.body if request.one("start") == "2026-10-01" else {"results": []})


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SourceReader]:
    world = MergeWorld()
    with LoopbackServer(world) as server:
        reader = SourceReader("merge_gateway", extract, world, server, tmp_path)
        reader.key = KEY
        yield reader


def test_golden_one_row_per_project_and_model_and_null_where_nothing_is_said(reader):
    assert reader.read() == [StreamOutcome("merge_gateway", "usage", 3, 3)]
    assert reader.query(
        "select project_id, vendor, model, requests, input_tokens, cached_tokens, output_tokens, spend "
        "from landing.merge_gateway__usage order by project_id, model"
    ) == [
        ("prj_1", "anthropic", "claude-opus-5-5", 1, 10, None, None, "0.75"),
        ("prj_1", "openai", "gpt-6-sol", 4, 1000, 300, 50, "3.0"),
        ("prj_2", None, None, 2, None, None, None, "0.1"),
    ]
    assert reader.query("select partition, rows, watermark_at from landing.loads order by 1") == [
        ("2026-10-01", 3, NOW),
        ("2026-10-02", 0, NOW),
        ("2026-10-03", 0, NOW),
    ]


def test_what_was_answered_is_kept_without_any_text_that_is_no_dimension(reader):
    reader.read()
    kept = reader.query("select usage_json from landing.merge_gateway__usage where model = 'gpt-6-sol'")[0][0]
    assert json.loads(kept) == {
        "model": "gpt-6-sol",
        "vendor": "openai",
        "requests": 4,
        "prompt_tokens": 1000,
        "cached_tokens": 300,
        "completion_tokens": 50,
        "spend": "3.0",
    }
    assert not [path for path, content in reader.state().items() if b"mg_live" in content or KEY.encode() in content]


SHAPES = {
    "models as an object": {"data": [{"project_id": "p", "by_model": {"m": {"requests": 2, "cost": 1.5}}}]},
    "the whole answer is one group": {"model": "m", "requests": 2, "total_cost": "1.5", "project_id": "p"},
    "models under another name": {
        "groups": [{"project_id": "p", "breakdown": [{"model_id": "m", "num_requests": 2, "cost_usd": 1.5}]}]
    },
}


@pytest.mark.parametrize("name", SHAPES)
def test_other_shapes_of_the_answer(reader, name):
    reader.world.body = SHAPES[name]
    reader.read()
    assert reader.query("select project_id, model, requests, spend from landing.merge_gateway__usage") == [
        ("p", "m", 2, "1.5")
    ]


def test_one_day_a_call_both_ends_included(reader):
    reader.read()
    assert [request.query for request in reader.server.requests] == [
        [("start", day), ("end", day), ("group_by", "project")] for day in ("2026-10-01", "2026-10-02", "2026-10-03")
    ]
    reader.read(as_of=date(2026, 10, 2))
    assert [request.one("start") for request in reader.server.requests[3:]] == ["2026-10-01", "2026-10-02"]


def answered(body: Any) -> Answer:
    return Answer(body)


BROKEN = {
    "500 for ever": (Answer({}, 502), TransientFailure, "failed 6 times, at last with 502"),
    "too narrow a key": (Answer({}, 403), PermanentFailure, "MERGE_GATEWAY_KEY"),
    "an unknown answer": (answered({"hello": "world"}), SchemaDrift, "neither groups nor a known measure"),
    "a list": (answered([]), SchemaDrift, "the answer is not an object"),
    "malformed money": (answered({"results": [{"spend": "1,5"}]}), MalformedMoney, "not a decimal amount"),
    "half a request": (answered({"results": [{"requests": 1.5}]}), SchemaDrift, "requests is not a whole number"),
    "twice": (answered({"results": [{"project_id": "p", "spend": 1}] * 2}), SchemaDrift, "the same group came twice"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failing_read_says_why_and_leaves_the_landing_untouched(reader, name):
    reader.read()
    before = reader.state()
    reader.world.answer, kind, message = BROKEN[name]
    with pytest.raises(kind, match=message):
        reader.read(lookback_days=10)
    assert reader.state() == before
