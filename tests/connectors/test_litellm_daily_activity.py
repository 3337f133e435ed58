"""The gateway's daily totals against a server on loopback whose pages slice one date."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from orchestration.connectors.http import JsonApi
from orchestration.connectors.providers.litellm.daily_activity import read_daily_activity
from orchestration.connectors.providers.litellm.extract import extract
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift, TransientFailure
from orchestration.landing.store import Landing
from orchestration.registry.sources import SourceConfig
from tests.connectors.loopback_server import Answer, LoopbackServer, Request

SECRET = "sk-gateway-test-5678"
FIELDS = ("prompt_tokens", "completion_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
FIELDS = (*FIELDS, "api_requests", "successful_requests", "failed_requests")


def metrics(spend: Any, *counts: int) -> dict[str, Any]:
    return {"spend": spend, "flat_cost": 0.0, "total_tokens": 0, **dict(zip(FIELDS, counts, strict=True))}


def part(of: dict[str, Any], **names: Any) -> dict[str, Any]:
    return {"metrics": of, "metadata": names}


def day(text: str, total: dict[str, Any], models: dict[str, Any], *providers: str) -> dict[str, Any]:
    by_model = {model: {"metrics": {}, "metadata": {}, "api_key_breakdown": by_key} for model, by_key in models.items()}
    breakdown = {"models": by_model, "providers": {name: {"metrics": {}} for name in providers}, "api_keys": {}}
    return {"date": text, "metrics": total, "breakdown": breakdown}


A = part(metrics(0.5, 1000, 200, 300, 100, 5, 4, 1), key_alias="alias-a", team_id="team_1")
B = part(metrics(0.25, 400, 80, 0, 0, 2, 2, 0), key_alias=None, team_id=None)
PAGES = [
    [
        day("2026-10-02", A["metrics"], {"gpt-6-sol": {"hash_a": A}}, "openai"),
        day("2026-10-01", A["metrics"], {"gpt-6-sol": {"hash_a": A}}, "openai"),
    ],
    [
        day(
            "2026-10-01",
            metrics(1.0, 1700, 300, 310, 100, 9, 8, 1),
            {"gpt-6-sol": {"hash_a": A}, "claude-opus-5-5": {"hash_b": B}},
            "openai",
            "anthropic",
        )
    ],
]


class GatewayWorld:
    def __init__(self) -> None:
        self.pages: list[list[dict[str, Any]]] = PAGES
        self.answer: Answer | None = None

    def __call__(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return Answer({"error": {"message": "invalid key", "type": "auth_error"}}, 401)
        if request.path == "/key/list":
            return Answer({"keys": [], "total_pages": 1})
        assert request.path == "/user/daily/activity"
        if self.answer is not None:
            return self.answer
        number = int(request.one("page") or "")
        metadata = {"page": number, "total_pages": len(self.pages), "has_more": number < len(self.pages)}
        return Answer({"results": self.pages[number - 1], "metadata": metadata})


@pytest.fixture
def world() -> Iterator[Any]:
    gateway = GatewayWorld()
    with LoopbackServer(gateway) as server:
        yield SimpleNamespace(gateway=gateway, server=server)


def read(world: Any, folder: Path) -> Landing:
    landing = Landing(folder)
    source = SourceConfig(
        name="litellm", mode="daily_activity", base_url=world.server.url, start_date=date(2026, 10, 1)
    )
    config = SimpleNamespace(reporting_time_zone="UTC")
    company = SimpleNamespace(sources={"litellm": source}, initiatives=(), config=config, folder=folder)
    extract(company, landing, date(2026, 10, 3), SECRET)
    return landing


def test_golden_a_date_over_two_pages_is_one_date_and_parts_sum_to_the_gateways_total(world, tmp_path):
    connection = duckdb.connect()
    read(world, tmp_path).register(connection)
    rows = connection.execute(
        "select partition, model, api_key, key_alias, team_id, custom_llm_provider, gateway_spend, prompt_tokens, "
        "completion_tokens, cache_read_tokens, cache_write_tokens, api_requests, successful_requests, failed_requests "
        "from landing.litellm__daily_activity order by partition, api_key nulls last"
    ).fetchall()
    assert rows == [
        ("2026-10-01", "gpt-6-sol", "hash_a", "alias-a", "team_1", None, "1.0", 2000, 400, 600, 200, 10, 8, 2),
        ("2026-10-01", "claude-opus-5-5", "hash_b", None, None, None, "0.25", 400, 80, 0, 0, 2, 2, 0),
        ("2026-10-01", None, None, None, None, None, "0.25", 300, 20, 10, 0, 2, 2, 0),
        ("2026-10-02", "gpt-6-sol", "hash_a", "alias-a", "team_1", "openai", "0.5", 1000, 200, 300, 100, 5, 4, 1),
    ]
    told = [item["metrics"]["prompt_tokens"] for page in PAGES for item in page if item["date"] == "2026-10-01"]
    assert sum(row[7] for row in rows[:3]) == sum(told) == 2700
    loads = "select partition, rows from landing.loads where stream = 'daily_activity' order by 1"
    assert connection.execute(loads).fetchall() == [("2026-10-01", 3), ("2026-10-02", 1), ("2026-10-03", 0)]
    assert connection.execute("select count(*) from landing.litellm__spend_logs").fetchall() == [(0,)]


def test_the_request_names_utc_days_and_never_a_time_zone(world, tmp_path):
    read(world, tmp_path)
    assert [request.query for request in world.server.paths("/activity")] == [
        [("start_date", "2026-10-01"), ("end_date", "2026-10-03"), ("page_size", "1000"), ("page", page)]
        for page in ("1", "2")
    ]


def one(item: dict[str, Any], **metadata: Any) -> Answer:
    return Answer({"results": [item], "metadata": {"has_more": False, **metadata}})


BROKEN = {
    "500 for ever": (Answer({}, 500), TransientFailure, "failed 6 times"),
    "refused": (Answer({"error": {"type": "auth"}}, 403), PermanentFailure, "answered 403"),
    "parts beyond the total": (
        one(day("2026-10-01", B["metrics"], {"m": {"hash_a": A}})),
        SchemaDrift,
        "the models of 2026-10-01 have more than the day's own totals",
    ),
    "a day that was not asked for": (one(day("2026-09-30", A["metrics"], {})), SchemaDrift, "not a day that was asked"),
    "malformed money": (one(day("2026-10-01", {**A["metrics"], "spend": "x"}, {})), MalformedMoney, "not a decimal"),
    "no cache count": (
        one(day("2026-10-01", {k: v for k, v in A["metrics"].items() if k != FIELDS[2]}, {})),
        SchemaDrift,
        "cache_read_input_tokens is missing",
    ),
    "more without results": (Answer({"results": [], "metadata": {"has_more": True}}), SchemaDrift, "without results"),
    "no has_more": (Answer({"results": [], "metadata": {}}), SchemaDrift, "has_more is missing"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failing_read_is_typed(world, name):
    world.gateway.answer, kind, message = BROKEN[name]
    api = JsonApi("litellm", world.server.url, secret=SECRET, secret_env=None, sleep=lambda _: None)
    with api, pytest.raises(kind, match=message):
        read_daily_activity(api, [date(2026, 10, 1)])


def test_a_failing_read_lands_nothing(world, tmp_path):
    read(world, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    world.gateway.answer = one(day("2026-10-01", B["metrics"], {"m": {"hash_a": A}}))
    with pytest.raises(SchemaDrift):
        read(world, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_mode_is_litellms_only():
    with pytest.raises(ValidationError, match="mode daily_activity is LiteLLM's only"):
        SourceConfig(name="openai", mode="daily_activity", start_date=date(2026, 10, 1))
