"""Anthropic against a server on loopback that pages, refuses and breaks like the real one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from anthropic.types.beta.organization import BetaAPIKey
from anthropic.types.beta.organization.analytics import BetaAnalyticsCostItem, BetaAnalyticsUsageItem
from anthropic.types.beta.organization.beta_organization_user import BetaOrganizationUser

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.anthropic.extract import extract
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift, TransientFailure
from orchestration.landing.store import Landing
from tests.connectors.loopback_server import Answer, LoopbackServer
from tests.connectors.provider_payloads import (
    ANTHROPIC_KEY,
    NOW,
    AnthropicWorld,
    anthropic_cost_item,
    anthropic_error,
    anthropic_usage_item,
    company,
)

AS_OF = date(2026, 10, 3)
FIRST = datetime(2026, 10, 1)
REFRESHED = datetime(2026, 10, 3, 18, tzinfo=UTC)


class Reader:
    """One company reading from one server into one landing area."""

    def __init__(self, world: AnthropicWorld, server: LoopbackServer, home: Path) -> None:
        self.world, self.server, self.landing = world, server, Landing(home)
        self.waits: list[float] = []

    def read(self, as_of: date = AS_OF, key: str | None = ANTHROPIC_KEY, **changes: Any) -> list[StreamOutcome]:
        own = company("anthropic", self.server.url, **changes)
        return extract(own, self.landing, as_of, key, sleep=self.waits.append, now=lambda: NOW)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = duckdb.connect()
        self.landing.register(connection)
        return connection.execute(sql).fetchall()

    def state(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.landing.root.rglob("*")) if path.is_file()}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    world = AnthropicWorld()
    with LoopbackServer(world) as server:
        yield Reader(world, server, tmp_path)


def only(ending: str, answer: Answer) -> Any:
    return lambda request: answer if request.path.endswith(ending) else None


def test_a_read_lands_every_stream_with_cents_as_received(reader):
    assert reader.read() == [
        StreamOutcome("anthropic", "usage", 3, 3),
        StreamOutcome("anthropic", "costs", 3, 3),
        StreamOutcome("anthropic", "workspaces", 1, 2),
        StreamOutcome("anthropic", "api_keys", 1, 2),
        StreamOutcome("anthropic", "users", 1, 1),
    ]
    assert reader.query(
        "select partition, organization_id, cost_type, token_type, amount_cents, list_amount_cents, currency "
        "from landing.anthropic__costs order by all"
    ) == [
        ("2026-10-01", "org_1", "tokens", "output_tokens", "123.45", "140.284090909", "USD"),
        ("2026-10-01", "org_1", "web_search", None, "0.0001", "140.284090909", "USD"),
        ("2026-10-02", "org_1", "tokens", "output_tokens", "-3", "140.284090909", "USD"),
    ]
    assert reader.query("select api_key_id, workspace_id from landing.anthropic__api_keys order by 1") == [
        ("apikey_a", "wrkspc_a"),
        ("apikey_org", None),
    ]
    assert reader.query("select count(*), count(api_key_id), count(requests) from landing.anthropic__usage") == [
        (3, 2, 2)
    ]


def test_golden_token_classes_are_disjoint_and_sum_to_the_providers_total(reader):
    """Three rows of 400 + 30 + 20 + 500 + 50 = 1000 tokens each; web searches are no tokens."""
    reader.read()
    sums = reader.query(
        "select sum(uncached_input_tokens), sum(cache_creation_5m_input_tokens), sum(cache_creation_1h_input_tokens), "
        "sum(cache_read_input_tokens), sum(output_tokens), sum(web_search_requests) from landing.anthropic__usage"
    )
    assert sums == [(1200, 90, 60, 1500, 150, 6)]
    assert sum(sums[0][:5]) == sum(item["usage"]["total_tokens"] for item in reader.world.usage) == 3000


@pytest.mark.parametrize(("refreshed", "mark"), [("2026-10-03T18:00:00Z", REFRESHED), ("2026-12-01T00:00:00Z", NOW)])
def test_the_watermark_is_the_providers_own_and_never_after_the_read(reader, refreshed, mark):
    reader.world.refreshed_at = refreshed
    reader.read()
    for stream in ("usage", "costs"):
        assert reader.query(
            f"select partition, rows > 0, watermark_at from landing.loads where stream = '{stream}' order by 1"
        ) == [("2026-10-01", True, mark), ("2026-10-02", True, mark), ("2026-10-03", False, mark)]


def test_the_contract_of_the_requests(reader):
    reader.read()
    usage, cost = reader.server.paths("/analytics/usage")[0], reader.server.paths("/analytics/cost")[0]
    window = [("starting_at", "2026-10-01T00:00:00Z"), ("ending_at", "2026-10-04T00:00:00Z")]
    order = [("order", "asc"), ("order_by", "time"), ("limit", "1000")]
    groups = ["workspace_id", "model", "service_tier", "context_window", "api_key_id"]
    assert usage.query[:6] == [*window, ("time_bucket_width", "1h"), *order]
    assert usage.many("group_by[]") == groups
    assert cost.query[:6] == [*window, ("time_bucket_width", "1d"), *order]
    assert cost.many("group_by[]") == [*groups, "cost_type", "token_type"]
    assert [request.one("page") is not None for request in reader.server.paths("/analytics/usage")] == [
        False,
        True,
        True,
    ]
    assert [request.one("after_id") for request in reader.server.paths("/api_keys")] == [None, "apikey_a"]
    assert usage.headers["user-agent"].startswith("tokenomics/")


def test_a_window_is_at_most_31_days(reader):
    reader.read(as_of=date(2026, 10, 3), start_date=date(2026, 8, 1))
    spans = {(r.one("starting_at"), r.one("ending_at")) for r in reader.server.paths("/analytics/cost")}
    assert sorted(spans) == [
        ("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z"),
        ("2026-09-01T00:00:00Z", "2026-10-02T00:00:00Z"),
        ("2026-10-02T00:00:00Z", "2026-10-04T00:00:00Z"),
    ]
    assert reader.query("select count(*) from landing.loads where stream = 'costs'") == [(64,)]


def test_what_the_server_says_is_what_the_vendors_own_models_accept(reader):
    for model, items in (
        (BetaAnalyticsUsageItem, reader.world.usage),
        (BetaAnalyticsCostItem, reader.world.costs),
        (BetaAPIKey, reader.world.directories["api_keys"]),
        (BetaOrganizationUser, reader.world.directories["users"]),
    ):
        for item in items:
            parsed = model.model_validate(item)
            nested = [getattr(parsed, name) for name in ("group", "usage", "cost") if name in item]
            assert [part.model_extra for part in (parsed, *nested)] == [{}] * (1 + len(nested))


def test_only_the_look_back_is_read_again_and_what_is_gone_is_gone(reader):
    reader.read()
    before = len(reader.server.requests)
    reader.world.costs = [anthropic_cost_item(FIRST, "999")]
    reader.read()
    again = [r for r in reader.server.requests[before:] if r.path.endswith("/analytics/cost")]
    assert {request.one("starting_at") for request in again} == {"2026-10-02T00:00:00Z"}
    assert reader.query("select partition, amount_cents from landing.anthropic__costs order by all") == [
        ("2026-10-01", "0.0001"),
        ("2026-10-01", "123.45"),
    ]


def test_transient_faults_are_survived(reader):
    faults = [Answer({}, 429, {"Retry-After": "3"}), Answer({}, 529)]
    reader.world.fault = lambda request: faults.pop() if faults and request.path.endswith("/cost") else None
    reader.read()
    assert reader.waits == [0.5, 3.0]


def page(item: dict[str, Any], **changes: Any) -> Answer:
    body = {
        "data": [item],
        "has_more": False,
        "next_page": None,
        "data_refreshed_at": "2026-10-03T18:00:00Z",
        **changes,
    }
    return Answer({name: value for name, value in body.items() if value != "absent"})


def flat_cache_item() -> dict[str, Any]:
    """The per-message shape, which reports never have: its flat field must not be read as zero writes."""
    item = anthropic_usage_item(FIRST, cache_creation_input_tokens=50)
    del item["usage"]["cache_creation"]
    return item


USAGE, COST = anthropic_usage_item(FIRST), anthropic_cost_item(FIRST)
BROKEN = {
    "500 for ever": (
        only("/cost", anthropic_error(500, "api_error", "Internal server error")),
        TransientFailure,
        "500",
    ),
    "malformed money": (only("/cost", page(anthropic_cost_item(FIRST, "12.3.4"))), MalformedMoney, r"amount.*12\.3\.4"),
    "null money": (only("/cost", page(anthropic_cost_item(FIRST, None))), MalformedMoney, "not a decimal amount: null"),
    "currency": (only("/cost", page(COST | {"cost": COST["cost"] | {"currency": "$"}})), SchemaDrift, "currency code"),
    "has_more without a token": (only("/usage", page(USAGE, has_more=True)), SchemaDrift, "has_more is true"),
    "truncated JSON": (only("/usage", Answer(b'{"data": [')), SchemaDrift, "not whole JSON"),
    "no freshness": (
        only("/usage", page(USAGE, data_refreshed_at="absent")),
        SchemaDrift,
        "data_refreshed_at is missing",
    ),
    "flat cache field": (only("/usage", page(flat_cache_item())), SchemaDrift, r"usage\.cache_creation is missing"),
    "classes over the total": (
        only("/usage", page(anthropic_usage_item(FIRST, total_tokens=999))),
        SchemaDrift,
        "add up to 1000, not to total_tokens: 999",
    ),
    "outside the window": (
        only("/cost", page(anthropic_cost_item(datetime(2026, 9, 1)))),
        SchemaDrift,
        "outside the window",
    ),
    "same group twice": (only("/cost", page(COST, data=[COST, COST])), SchemaDrift, "the same group came twice"),
    "no organization": (only("/me", Answer({"name": "x"})), SchemaDrift, "field id is missing"),
    "404": (only("/usage", anthropic_error(404, "not_found_error", "Not found")), PermanentFailure, "404: Not found"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failing_read_says_why_and_leaves_the_landing_untouched(reader, name):
    reader.read()
    before = reader.state()
    fault, kind, message = BROKEN[name]
    reader.world.costs.append(anthropic_cost_item(datetime(2026, 10, 2), "777", cost_type="code_execution"))
    reader.world.fault = fault
    with pytest.raises(kind, match=message) as caught:
        reader.read(lookback_days=10)
    assert str(caught.value).startswith("anthropic: ")
    assert reader.state() == before


@pytest.mark.parametrize("key", ["sk-ant-wrong-0000", None])
def test_a_wrong_or_missing_key_names_the_variable_and_is_not_echoed(reader, key):
    with pytest.raises(PermanentFailure, match="ANTHROPIC_ADMIN_KEY") as caught:
        reader.read(key=key)
    assert "sk-ant-wrong-0000" not in str(caught.value)
    assert reader.state() == {}
