"""OpenAI against a server on loopback that pages, refuses and breaks like the real one."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from openai.types.admin.organization import UsageCompletionsResponse, UsageCostsResponse

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.openai.extract import extract
from orchestration.landing.errors import MalformedMoney, PermanentFailure, SchemaDrift, TransientFailure
from orchestration.landing.store import Landing
from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.connectors.provider_payloads import (
    DAY,
    HOUR,
    NOW,
    OCTOBER_1,
    OPENAI_KEY,
    OpenAiWorld,
    company,
    openai_cost_result,
    openai_error,
    openai_usage_result,
)

AS_OF = date(2026, 10, 3)


class Reader:
    """One company reading from one server into one landing area."""

    def __init__(self, world: OpenAiWorld, server: LoopbackServer, home: Path) -> None:
        self.world, self.server, self.landing = world, server, Landing(home)
        self.waits: list[float] = []

    def read(self, as_of: date = AS_OF, key: str | None = OPENAI_KEY, **changes: Any) -> list[StreamOutcome]:
        own = company("openai", f"{self.server.url}/v1", **changes)
        return extract(own, self.landing, as_of, key, sleep=self.waits.append, now=lambda: NOW)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = duckdb.connect()
        self.landing.register(connection)
        return connection.execute(sql).fetchall()

    def state(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.landing.root.rglob("*")) if path.is_file()}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    world = OpenAiWorld()
    with LoopbackServer(world) as server:
        yield Reader(world, server, tmp_path)


def only(ending: str, answer: Answer) -> Any:
    return lambda request: answer if request.path.endswith(ending) else None


def test_a_read_lands_every_stream(reader):
    assert reader.read() == [
        StreamOutcome("openai", "usage_completions", 3, 4),
        StreamOutcome("openai", "usage_other", 3, 0),
        StreamOutcome("openai", "costs", 3, 3),
        StreamOutcome("openai", "projects", 1, 3),
        StreamOutcome("openai", "users", 1, 1),
        StreamOutcome("openai", "api_keys", 1, 2),
    ]
    assert reader.query("select partition, line_item, amount, quantity from landing.openai__costs order by all") == [
        ("2026-10-01", "gpt-6-sol, input", "0.00001", "600.0"),
        ("2026-10-01", None, "1.25", None),
        ("2026-10-02", "gpt-6-sol, input", "2", "600.0"),
    ]
    assert reader.query("select api_key_id, project_id, owner_id from landing.openai__api_keys order by 1") == [
        ("key_a", "proj_a", "svc_1"),
        ("key_b", "proj_a", "svc_1"),
    ]
    loads = reader.query("select partition, rows, watermark_at from landing.loads where stream = 'costs' order by 1")
    assert loads == [("2026-10-01", 2, NOW), ("2026-10-02", 1, NOW), ("2026-10-03", 0, NOW)]


def test_golden_input_classes_are_disjoint_and_sum_to_the_providers_total(reader):
    """Four rows of 600 + 300 + 100 = 1000 input tokens each."""
    reader.read()
    assert reader.query(
        "select sum(input_tokens), sum(input_uncached_tokens), sum(input_cached_tokens), "
        "sum(input_cache_write_tokens), sum(output_tokens), sum(num_model_requests) "
        "from landing.openai__usage_completions"
    ) == [(4000, 2400, 1200, 400, 200, 16)]


def test_the_contract_of_the_requests(reader):
    reader.read()
    usage, costs = reader.server.paths("/completions")[0], reader.server.paths("/costs")[0]
    window = [("start_time", str(OCTOBER_1)), ("end_time", str(OCTOBER_1 + 3 * DAY))]
    assert usage.query[:4] == [*window, ("bucket_width", "1h"), ("limit", "168")]
    assert usage.many("group_by[]") == ["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"]
    assert costs.query[:4] == [*window, ("bucket_width", "1d"), ("limit", "180")]
    assert costs.many("group_by[]") == ["project_id", "line_item", "api_key_id"]
    assert [request.one("page") is not None for request in reader.server.paths("/completions")] == [False, True, True]
    assert [request.one("after") for request in reader.server.paths("/projects")] == [None, "proj_a", "proj_b"]
    assert len(reader.server.paths("/proj_old/api_keys")) == 1


def test_what_the_server_says_is_what_the_vendors_own_models_accept(reader):
    reader.read()
    usage, costs = (reader.world(reader.server.paths(ending)[0]).body for ending in ("/completions", "/costs"))
    for model, body in ((UsageCompletionsResponse, usage), (UsageCostsResponse, costs)):
        parsed = model.model_validate(body)
        results = [result for bucket in parsed.data for result in bucket.results]
        assert results
        assert [part.model_extra for part in (parsed, *parsed.data, *results)] == [{}] * (
            1 + len(parsed.data) + len(results)
        )


def test_only_the_look_back_is_read_again_and_a_restated_day_is_replaced(reader):
    reader.read()
    before = len(reader.server.requests)
    reader.world.costs[OCTOBER_1 + DAY] = [openai_cost_result(3)]
    reader.world.costs[OCTOBER_1] = [openai_cost_result(99)]
    reader.read()
    again = [r for r in reader.server.requests[before:] if r.path.endswith("/costs")]
    assert {request.one("start_time") for request in again} == {str(OCTOBER_1 + DAY)}
    assert reader.query("select sum(amount::decimal(38, 9)) from landing.openai__costs") == [(Decimal("4.25001"),)]
    assert len(reader.landing.manifest("openai", "costs")["2026-10-02"].history) == 1
    reader.read(lookback_days=2)
    assert reader.query("select sum(amount::decimal(38, 9)) from landing.openai__costs") == [(Decimal(102),)]


def test_an_unchanged_read_is_no_new_load(reader):
    reader.read()
    files = {path for path in reader.state() if path.endswith(".parquet")}
    reader.read(lookback_days=10)
    assert {path for path in reader.state() if path.endswith(".parquet")} == files


def test_full_refresh_reads_from_the_start_date(reader):
    reader.read()
    own = company("openai", f"{reader.server.url}/v1")
    extract(own, reader.landing, AS_OF, OPENAI_KEY, full_refresh=True, now=lambda: NOW)
    assert {request.one("start_time") for request in reader.server.paths("/costs")} == {str(OCTOBER_1)}


def test_a_local_day_that_ends_in_the_next_utc_day_reads_both(reader):
    reader.read(as_of=date(2026, 10, 2), zone="America/New_York")
    assert reader.server.paths("/costs")[0].one("end_time") == str(OCTOBER_1 + 3 * DAY)


def test_nothing_is_due_before_the_start_date(reader):
    outcomes = reader.read(as_of=date(2026, 9, 30))
    assert {one.stream: one.partitions for one in outcomes[:3]} == {
        "usage_completions": 0,
        "usage_other": 0,
        "costs": 0,
    }
    assert reader.server.paths("/costs") == []


def test_costs_before_the_floor_are_read_without_keys(reader):
    reader.world.costs = {1764979200 - DAY: [openai_cost_result(1)], 1764979200: [openai_cost_result(2)]}
    reader.read(as_of=date(2025, 12, 6), start_date=date(2025, 12, 5))
    asked = [
        (r.one("start_time"), r.one("end_time"), "api_key_id" in r.many("group_by[]"))
        for r in reader.server.paths("/costs")
    ]
    floor = 1764979200
    assert asked == [(str(floor - DAY), str(floor), False), (str(floor), str(floor + DAY), True)]
    assert reader.query("select start_time::date::text, api_key_id from landing.openai__costs order by 1") == [
        ("2025-12-05", None),
        ("2025-12-06", "key_a"),
    ]


def test_where_keys_are_refused_altogether_costs_come_without_them(reader):
    def refuse(request: Request) -> Answer | None:
        keyed = request.path.endswith("/costs") and "api_key_id" in request.many("group_by[]")
        return openai_error(400, "not supported", "group_by", "unsupported_value") if keyed else None

    reader.world.fault = refuse
    reader.read()
    assert reader.query("select count(*), count(api_key_id) from landing.openai__costs") == [(3, 0)]


def test_another_refusal_is_not_taken_for_the_key_grouping(reader):
    reader.world.fault = only("/costs", openai_error(400, "limit must be between 1 and 100", "limit", "invalid_value"))
    with pytest.raises(PermanentFailure, match="openai: GET /organization/costs answered 400: limit must be"):
        reader.read()
    assert len(reader.server.paths("/costs")) == 1


def test_transient_faults_are_survived(reader):
    faults = [Answer({}, 429, {"Retry-After": "3"}), Answer({}, 500)]
    reader.world.fault = lambda request: faults.pop() if faults and request.path.endswith("/costs") else None
    reader.read()
    assert reader.waits == [0.5, 3.0]


def replaced(results: list[Any], where: str = "/completions", **page: Any) -> Any:
    """The first bucket holds ``results``; ``page`` overrides fields of the page. The other days stay empty."""
    width = HOUR if where == "/completions" else DAY
    buckets = [
        {"object": "bucket", "start_time": begin, "end_time": begin + width, "results": []}
        for begin in range(OCTOBER_1, OCTOBER_1 + 3 * DAY, width)
    ]
    buckets[0]["results"] = results
    return only(where, Answer({"object": "page", "data": buckets, "has_more": False, "next_page": None, **page}))


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


BROKEN = {
    "500 for ever": (only("/completions", Answer({}, 500)), TransientFailure, "failed 6 times, at last with 500"),
    "500 on the last directory": (only("/api_keys", Answer({}, 503)), TransientFailure, "api_keys failed 6 times"),
    "malformed money": (replaced([openai_cost_result("12.3.4")], "/costs"), MalformedMoney, r"costs: field .*12\.3\.4"),
    "no amount": (replaced([without(openai_cost_result(), "amount")], "/costs"), SchemaDrift, "amount is missing"),
    "null amount": (replaced([openai_cost_result(None)], "/costs"), MalformedMoney, "not a decimal amount: null"),
    "has_more without a token": (replaced([], has_more=True), SchemaDrift, "has_more is true but next_page"),
    "no has_more": (only("/costs", Answer({"data": []})), SchemaDrift, "has_more is missing"),
    "truncated JSON": (only("/costs", Answer(b'{"object": "page", "da')), SchemaDrift, "not whole JSON"),
    "missing count": (
        replaced([without(openai_usage_result(), "output_tokens")]),
        SchemaDrift,
        "output_tokens is missing",
    ),
    "missing dimension": (
        replaced([without(openai_usage_result(), "api_key_id")]),
        SchemaDrift,
        "api_key_id is missing",
    ),
    "parts over the total": (replaced([openai_usage_result(input_cached_tokens=301)]), SchemaDrift, "do not add up"),
    "same group twice": (replaced([openai_usage_result()] * 2), SchemaDrift, "the same group came twice"),
    "days left out": (replaced([], data=[]), SchemaDrift, "no bucket for 2026-10-01 .3 days in all"),
    "a token that leads in circles": (
        only("/users", Answer({"data": [], "has_more": True, "last_id": "user_1"})),
        SchemaDrift,
        "leads back to a page already read",
    ),
    "a bucket outside the window": (
        replaced([], data=[{"start_time": OCTOBER_1 - DAY, "end_time": OCTOBER_1, "results": []}]),
        SchemaDrift,
        "outside the window",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_failing_read_says_why_and_leaves_the_landing_untouched(reader, name):
    reader.read()
    before = reader.state()
    fault, kind, message = BROKEN[name]
    reader.world.costs[OCTOBER_1 + DAY] = [openai_cost_result(777)]
    reader.world.fault = fault
    with pytest.raises(kind, match=message) as caught:
        reader.read(lookback_days=10)
    assert str(caught.value).startswith("openai: ")
    assert reader.state() == before


@pytest.mark.parametrize("key", ["sk-admin-wrong-0000", None])
def test_a_wrong_or_missing_key_names_the_variable_and_is_not_echoed(reader, key):
    with pytest.raises(PermanentFailure, match="OPENAI_ADMIN_KEY") as caught:
        reader.read(key=key)
    assert "sk-admin-wrong-0000" not in str(caught.value)
    assert reader.state() == {}


def test_optional_parts_that_are_absent_come_from_the_total(reader):
    bare = {
        "object": "organization.usage.completions.result",
        "input_tokens": 10,
        "input_cached_tokens": 4,
        "output_tokens": 1,
        "num_model_requests": 1,
        **dict.fromkeys(("project_id", "user_id", "api_key_id", "model", "batch", "service_tier")),
    }
    reader.world.fault = replaced([bare])
    reader.read()
    assert reader.query(
        "select input_uncached_tokens, input_cached_tokens, input_cache_write_tokens, input_audio_tokens, batch "
        "from landing.openai__usage_completions"
    ) == [(6, 4, 0, None, None)]


def test_no_secret_reaches_the_landing(reader):
    reader.read()
    assert not [path for path, content in reader.state().items() if OPENAI_KEY.encode() in content]
