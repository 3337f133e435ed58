"""Anthropic's older reports (``api: legacy``) against a server on loopback."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.anthropic.extract import extract
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift, TransientFailure
from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.connectors.provider_payloads import ANTHROPIC_KEY, NOW, AnthropicWorld, anthropic_error, company
from tests.connectors.source_reader import SourceReader

GROUP = {"api_key_id": "apikey_a", "workspace_id": "wrkspc_a", "model": "claude-sonnet-5-5"}
GROUP |= {"service_tier": "standard", "context_window": "0-200k"}


def usage(**changes: Any) -> dict[str, Any]:
    """400 uncached + 30 + 20 written + 500 read + 50 output."""
    return {
        "uncached_input_tokens": 400,
        "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 20},
        "cache_read_input_tokens": 500,
        "output_tokens": 50,
        "server_tool_use": {"web_search_requests": 2},
        **GROUP,
        "inference_geo": "global",
        "account_id": None,
        "service_account_id": None,
        **changes,
    }


def cost(amount: Any = "123.45", **changes: Any) -> dict[str, Any]:
    named = {name: value for name, value in GROUP.items() if name != "api_key_id"}
    return {
        "amount": amount,
        "currency": "USD",
        **named,
        "description": "Claude Sonnet 5.5 Usage - Output Tokens",
        "cost_type": "tokens",
        "token_type": "output_tokens",
        "inference_geo": "global",
        **changes,
    }


def bucket(start: str, end: str, *results: dict[str, Any]) -> dict[str, Any]:
    return {"starting_at": start, "ending_at": end, "results": list(results)}


class LegacyWorld(AnthropicWorld):
    """Buckets with results on the 1st of October; one bucket a page."""

    def __init__(self) -> None:
        super().__init__()
        self.reports = {
            "messages": [
                bucket(
                    "2026-10-01T09:00:00Z", "2026-10-01T10:00:00Z", usage(), usage(api_key_id=None, workspace_id=None)
                ),
                bucket("2026-10-02T00:00:00Z", "2026-10-02T01:00:00Z"),
            ],
            "cost_report": [
                bucket(
                    "2026-10-01T00:00:00Z",
                    "2026-10-02T00:00:00Z",
                    cost(),
                    cost("0.0000000000000000055", inference_geo="us", description="... (US)"),
                    cost("50", cost_type="web_search", token_type=None, model=None, description="Web Search Usage"),
                ),
                bucket("2026-10-02T00:00:00Z", "2026-10-03T00:00:00Z", cost("-3")),
            ],
        }

    def __call__(self, request: Request) -> Answer:
        ending = request.path.rsplit("/", 1)[1]
        if ending not in self.reports:
            return super().__call__(request)
        assert request.headers["x-api-key"] == ANTHROPIC_KEY
        assert "anthropic-beta" not in request.headers
        if self.fault and (given := self.fault(request)):
            return given
        start, end = request.one("starting_at") or "", request.one("ending_at") or ""
        held = [one for one in self.reports[ending] if start <= one["starting_at"] < end]
        at = int(request.one("page") or 0)
        more = at + 1 < len(held)
        return Answer({"data": held[at : at + 1], "has_more": more, "next_page": str(at + 1) if more else None})


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SourceReader]:
    world = LegacyWorld()
    with LoopbackServer(world) as server:
        reader = SourceReader("anthropic", extract, world, server, tmp_path)
        reader.key = ANTHROPIC_KEY
        yield reader


def test_golden_the_same_streams_with_what_legacy_cannot_know_left_null(reader):
    outcomes = reader.read(api="legacy")
    assert outcomes[:2] == [StreamOutcome("anthropic", "usage", 3, 2), StreamOutcome("anthropic", "costs", 3, 3)]
    sums = reader.query(
        "select sum(uncached_input_tokens), sum(cache_creation_5m_input_tokens), sum(cache_creation_1h_input_tokens), "
        "sum(cache_read_input_tokens), sum(output_tokens), sum(web_search_requests), count(requests), count(api_key_id) "
        "from landing.anthropic__usage"
    )
    assert sums == [(800, 60, 40, 1000, 100, 4, 0, 1)]
    assert sum(sums[0][:5]) == 2 * 1000
    assert reader.query(
        "select partition, cost_type, token_type, amount_cents, list_amount_cents, api_key_id, organization_id "
        "from landing.anthropic__costs order by all"
    ) == [
        ("2026-10-01", "tokens", "output_tokens", "123.4500000000000000055", None, None, "org_1"),
        ("2026-10-01", "web_search", None, "50", None, None, "org_1"),
        ("2026-10-02", "tokens", "output_tokens", "-3", None, None, "org_1"),
    ]
    amounts = [Decimal(row[0]) for row in reader.query("select amount_cents from landing.anthropic__costs")]
    assert sum(amounts) == Decimal("123.45") + Decimal("0.0000000000000000055") + 50 - 3
    marks = "select distinct watermark_at from landing.loads where stream in ('usage', 'costs')"
    assert reader.query(marks) == [(NOW,)]


def test_the_contract_of_the_requests(reader):
    reader.read(api="legacy", start_date=date(2026, 8, 20))
    asked, costs = reader.server.paths("/usage_report/messages")[0], reader.server.paths("/cost_report")[0]
    window = [("starting_at", "2026-08-20T00:00:00Z"), ("ending_at", "2026-09-20T00:00:00Z")]
    assert asked.query[:4] == [*window, ("bucket_width", "1h"), ("limit", "168")]
    assert asked.many("group_by[]") == ["workspace_id", "model", "service_tier", "context_window", "api_key_id"]
    assert costs.query[:4] == [*window, ("bucket_width", "1d"), ("limit", "31")]
    assert costs.many("group_by[]") == ["workspace_id", "description"]
    assert not reader.server.paths("/analytics/usage")


def test_a_day_of_costs_is_asked_for_once_it_is_over(reader):
    own = company("anthropic", reader.server.url, api="legacy")
    early = datetime.fromisoformat("2026-10-03T12:00:00+00:00")
    extract(own, reader.landing, date(2026, 10, 3), ANTHROPIC_KEY, now=lambda: early)
    loads = "select stream, max(partition) from landing.loads where stream in ('usage', 'costs') group by 1 order by 1"
    assert reader.query(loads) == [("costs", "2026-10-02"), ("usage", "2026-10-03")]
    reader.read(api="legacy")
    assert reader.query(loads) == [("costs", "2026-10-03"), ("usage", "2026-10-03")]


def page(*buckets: dict[str, Any], **changes: Any) -> Answer:
    return Answer({"data": list(buckets), "has_more": False, "next_page": None, **changes})


DAY, HOUR = ("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"), ("2026-10-01T00:00:00Z", "2026-10-01T01:00:00Z")
FLAT = {name: value for name, value in usage(cache_creation_input_tokens=50).items() if name != "cache_creation"}
BROKEN = {
    "500 for ever": ("/messages", anthropic_error(500, "api_error", "down"), TransientFailure, "failed 6 times"),
    "refused": (
        "/cost_report",
        anthropic_error(400, "invalid", "no range"),
        PermanentFailure,
        "answered 400: no range",
    ),
    "flat cache field": ("/messages", page(bucket(*HOUR, FLAT)), SchemaDrift, "cache_creation is missing"),
    "malformed money": ("/cost_report", page(bucket(*DAY, cost("1,00"))), MalformedMoney, "not a decimal amount"),
    "no token": ("/cost_report", page(has_more=True), SchemaDrift, "has_more is true but next_page"),
    "twice": ("/cost_report", page(bucket(*DAY, cost(), cost())), SchemaDrift, "the same group came twice"),
    "another day": (
        "/messages",
        page(bucket("2026-09-01T00:00:00Z", "2026-09-01T01:00:00Z")),
        SchemaDrift,
        "outside the window",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failing_read_says_why_and_leaves_the_landing_untouched(reader, name):
    reader.read(api="legacy")
    before = reader.state()
    ending, answer, kind, message = BROKEN[name]
    reader.world.fault = lambda request: answer if request.path.endswith(ending) else None
    with pytest.raises(kind, match=message):
        reader.read(api="legacy", lookback_days=10)
    assert reader.state() == before
