"""Every answer of the demo server is read by the vendors' own SDKs with strict validation: an independent oracle."""

from decimal import Decimal

from anthropic import Anthropic
from openai import OpenAI

from orchestration.demo.catalog import AS_OF, DEMO_KEYS, FIRST_DAY, moment
from orchestration.demo.wire import seconds
from tests.demo.truth import expected

START, END = seconds(moment(FIRST_DAY)), seconds(moment(AS_OF)) + 86400
COST_GROUPS = ["workspace_id", "model", "service_tier", "context_window", "api_key_id", "cost_type", "token_type"]


def openai_client(base_url: str) -> OpenAI:
    key = DEMO_KEYS["DEMO_OPENAI_ADMIN_KEY"]
    return OpenAI(api_key="unused", admin_api_key=key, base_url=f"{base_url}/v1", _strict_response_validation=True)


def anthropic_client(base_url: str) -> Anthropic:
    key = DEMO_KEYS["DEMO_ANTHROPIC_ADMIN_KEY"]
    return Anthropic(api_key=key, base_url=base_url, _strict_response_validation=True)


def all_pages(ask, **parameters):
    buckets, page = [], {}
    while True:
        answer = ask(**parameters, **page)
        buckets += answer.data
        if not answer.has_more:
            return buckets
        page = {"page": answer.next_page}


def test_openai_usage_sums_to_the_planted_tokens(base_url):
    usage = openai_client(base_url).admin.organization.usage
    groups = ["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"]
    buckets = all_pages(usage.completions, start_time=START, end_time=END, bucket_width="1d", limit=31, group_by=groups)
    rows = [row for bucket in buckets for row in bucket.results]
    planted = expected().tokens_by_provider_month_class
    by_class = {
        "input_uncached": sum(row.input_uncached_tokens for row in rows),
        "cache_read": sum(row.input_cached_tokens for row in rows),
        "cache_write_other": sum(row.input_cache_write_tokens for row in rows),
        "output": sum(row.output_tokens for row in rows),
    }
    for token_class, tokens in by_class.items():
        assert tokens == sum(n for (p, _, c), n in planted.items() if (p, c) == ("openai", token_class))
    assert sum(row.input_tokens for row in rows) == sum(by_class.values()) - by_class["output"]
    assert len(buckets) == 120


def test_openai_costs_are_dollars_and_sum_to_the_planted_bill(base_url):
    usage = openai_client(base_url).admin.organization.usage
    groups = ["project_id", "line_item", "api_key_id"]
    buckets = all_pages(usage.costs, start_time=START, end_time=END, limit=180, group_by=groups)
    billed = expected().billed_by_provider_day
    for bucket in buckets:
        total = sum((Decimal(repr(row.amount.value)) for row in bucket.results), Decimal(0))
        day = next(
            day for provider, day in billed if provider == "openai" and seconds(moment(day)) == bucket.start_time
        )
        assert total == billed["openai", day]
    assert {row.amount.currency for bucket in buckets for row in bucket.results} == {"usd"}


def test_every_openai_usage_kind_and_directory_answers(base_url):
    organization = openai_client(base_url).admin.organization
    for kind in ("embeddings", "moderations", "images", "audio_speeches", "vector_stores", "web_search_calls"):
        page = getattr(organization.usage, kind)(start_time=START, end_time=START + 86400)
        assert [bucket.results for bucket in page.data] == [[]]
    projects = [project.id for project in organization.projects.list()]
    assert projects == sorted(projects)
    assert "proj_reply" in projects
    assert [key.id for key in organization.projects.api_keys.list("proj_sales")] == [
        "key_meeting_notes",
        "key_outreach",
    ]
    assert {user.id for user in organization.users.list()} == {"user_imani", "user_tomasz", "user_yuki"}


def test_anthropic_usage_keeps_the_two_cache_lifetimes_apart(base_url):
    analytics = anthropic_client(base_url).beta.organization.analytics
    rows = list(
        analytics.usage.list(
            starting_at="2026-10-01T00:00:00Z",
            ending_at="2026-10-29T00:00:00Z",
            time_bucket_width="1h",
            group_by=COST_GROUPS[:5],
            order="asc",
            order_by="time",
            limit=100,
        )
    )
    planted = expected().tokens_by_provider_month_class
    five = sum(row.usage.cache_creation.ephemeral_5m_input_tokens for row in rows)
    one = sum(row.usage.cache_creation.ephemeral_1h_input_tokens for row in rows)
    assert five == planted["anthropic", "2026-10", "cache_write_5m"]
    assert one == planted["anthropic", "2026-10", "cache_write_1h"]
    assert sum(row.usage.uncached_input_tokens for row in rows) == planted["anthropic", "2026-10", "input_uncached"]
    assert {row.group.api_key_id for row in rows} == {"apikey_clauses", "apikey_summaries", None}


def test_anthropic_cost_is_cents_as_text_and_eight_per_cent_below_list(base_url):
    analytics = anthropic_client(base_url).beta.organization.analytics
    rows = list(
        analytics.cost.list(
            starting_at="2026-09-01T00:00:00Z",
            ending_at="2026-10-01T00:00:00Z",
            time_bucket_width="1d",
            group_by=COST_GROUPS,
            order="asc",
            order_by="time",
            limit=7,
        )
    )
    billed = sum(
        amount for (p, day), amount in expected().billed_by_provider_day.items() if (p, day.month) == ("anthropic", 9)
    )
    assert sum(Decimal(row.cost.amount) for row in rows) == billed * 100
    assert sum(Decimal(row.cost.amount) for row in rows) == sum(
        Decimal(row.cost.list_amount) for row in rows
    ) * Decimal("0.92")
    assert {row.group.cost_type for row in rows} == {"tokens", "web_search", "code_execution"}


def test_anthropic_directories_answer(base_url):
    organization = anthropic_client(base_url).beta.organization
    assert "simulated" in organization.retrieve().name
    assert [workspace.id for workspace in organization.workspaces.list()] == ["wrkspc_clauses", "wrkspc_helpdesk"]
    assert [key.scope.workspace_id for key in organization.api_keys.list()] == ["wrkspc_clauses", "wrkspc_helpdesk"]
    assert [user.email for user in organization.users.list()] == ["odile@meadowlark.example"]
