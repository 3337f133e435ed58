"""OpenAI's other usage, OpenRouter, Merge Gateway, LiteLLM's daily totals and Claude Code, from loopback to what is published.

The sources are read with a fixed clock, since OpenRouter keeps 30 days only; then the whole project is built offline.
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.connectors.providers.claude_code.extract import extract as extract_claude_code
from orchestration.connectors.providers.litellm.extract import extract as extract_litellm
from orchestration.connectors.providers.merge_gateway.extract import extract as extract_merge_gateway
from orchestration.connectors.providers.openai.extract import extract as extract_openai
from orchestration.connectors.providers.openrouter.extract import extract as extract_openrouter
from orchestration.landing.store import Landing
from orchestration.registry import load_company
from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.end_to_end.command_line import query, tokenomics_tables
from tests.end_to_end.grains import assert_grains
from tests.end_to_end.tiny_company import FIRST, KEY, LAST, TinyOpenAI, unix, write_tiny_company

NOW = datetime.fromisoformat("2026-10-08T12:00:00+00:00")
ALL = {"project_id": "proj_assistant", "user_id": None, "api_key_id": "key_assistant"}
OTHER = {
    "embeddings": {"input_tokens": 1_000_000, "num_model_requests": 10, **ALL, "model": "text-embedding-3-small"},
    "audio_speeches": {"characters": 1000, "num_model_requests": 1, **ALL, "model": "tts-1"},
    "audio_transcriptions": {"seconds": 3600, "num_model_requests": 2, **ALL, "model": "whisper-1"},
    "vector_stores": {"usage_bytes": 5000, "project_id": "proj_assistant"},
    "web_search_calls": {"num_requests": 100, "num_model_requests": 90, **ALL, "model": "gpt-6-sol"},
}
ACTIVITY = {
    **{"date": "2026-10-02", "model": "openai/gpt-4.1", "model_permaslug": "openai/gpt-4.1-2025-04-14"},
    **{"provider_name": "OpenAI", "byok_usage_inference": 0, "requests": 5, "prompt_tokens": 500_000},
    **{"completion_tokens": 50_000, "reasoning_tokens": 10_000, "cached_tokens": 100_000, "usage": 1.25},
}
MERGE = {"project_id": "prj_1", "vendor": "mistral", "model": "mistral-small-latest", "requests": 5}
MERGE |= {"input_tokens": 1000, "cached_tokens": 300, "output_tokens": 100, "spend": "0.01"}
DAILY = {"spend": 0.02, "prompt_tokens": 2000, "completion_tokens": 200, "cache_read_input_tokens": 500}
DAILY |= {"cache_creation_input_tokens": 0, "api_requests": 4, "successful_requests": 3, "failed_requests": 1}
CLAUDE_CODE = {
    **{"date": "2026-10-01T00:00:00Z", "organization_id": "org_1", "customer_type": "api", "terminal_type": "vscode"},
    "actor": {"type": "user_actor", "email_address": "a@company.example"},
    "core_metrics": {
        "num_sessions": 2,
        "lines_of_code": {"added": 10, "removed": 1},
        "commits_by_claude_code": 1,
        "pull_requests_by_claude_code": 0,
    },
    "model_breakdown": [
        {
            "model": "claude-opus-5-5",
            "tokens": {"input": 100, "output": 50, "cache_read": 10, "cache_creation": 5},
            "estimated_cost": {"amount": 150, "currency": "USD"},
        }
    ],
}
SOURCES = """
sources:
  openai: {{base_url: "{url}/v1", start_date: 2026-10-01}}
  openrouter: {{base_url: "{url}/or", start_date: 2026-10-01}}
  merge_gateway: {{base_url: "{url}/mg", start_date: 2026-10-01}}
  claude_code: {{base_url: "{url}/cc", start_date: 2026-10-01}}
  litellm: {{mode: daily_activity, base_url: "{url}/ll", start_date: 2026-10-01}}
"""


class World(TinyOpenAI):
    def answer(self, request: Request) -> Answer:
        prefix, _, rest = request.path.strip("/").partition("/")
        given = {"or": self._openrouter, "mg": self._merge, "cc": self._claude_code, "ll": self._litellm}.get(prefix)
        if given is not None:
            return Answer(given(rest, request))
        kind = request.path.rsplit("/", 1)[1]
        if kind in OTHER:
            return self._buckets(request, 86400, lambda start: [OTHER[kind]] if start == unix(FIRST) else [])
        return super().answer(request)

    def _openrouter(self, path: str, request: Request) -> dict[str, Any]:
        if path == "keys":
            return {"data": [{"hash": "hash_a", "name": "Research"}] if request.one("offset") == "0" else []}
        return {"data": [{**ACTIVITY, "endpoint_id": endpoint} for endpoint in ("ep_1", "ep_2")]}

    def _merge(self, path: str, request: Request) -> dict[str, Any]:
        return {"data": [MERGE] if request.one("start") == "2026-10-03" else []}

    def _claude_code(self, path: str, request: Request) -> dict[str, Any]:
        found = [CLAUDE_CODE] if request.one("starting_at") == "2026-10-01" else []
        return {"data": found, "has_more": False, "next_page": None}

    def _litellm(self, path: str, request: Request) -> dict[str, Any]:
        if path == "key/list":
            return {"keys": [], "total_pages": 1}
        key = {"metrics": DAILY, "metadata": {"key_alias": None, "team_id": None}}
        models = {"mistral-small-latest": {"api_key_breakdown": {"key-gateway": key}}}
        day = {"date": "2026-10-04", "metrics": DAILY, "breakdown": {"models": models, "providers": {"mistral": {}}}}
        return {"results": [day], "metadata": {"has_more": False}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("further")
    with LoopbackServer(World().answer) as server:
        company_folder = write_tiny_company(folder / "company", server.url)
        (company_folder / "sources.yaml").write_text(SOURCES.format(url=server.url))
        company, landing = load_company(company_folder), Landing(folder / "home" / "landing")
        for extract in (extract_openai, extract_openrouter, extract_merge_gateway, extract_claude_code):
            extract(company, landing, LAST, KEY, now=lambda: NOW)
        extract_litellm(company, landing, LAST, KEY)
    arguments = ("--company", company_folder, "--home", folder / "home", "--as-of", str(LAST), "--offline")
    done = tokenomics_tables("run", *arguments)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return folder / "home"


def usage(home: Path, where: str) -> list[tuple[Any, ...]]:
    return query(
        home,
        "fct_usage",
        "select model_id, token_class, unit, quantity, list_cost, pricing_status, is_counted from t "
        f"where {where} order by all",
    )


def test_openais_other_usage_is_priced_by_its_own_unit_or_shown_as_unpriced(home):
    assert usage(home, "service_tier in ('embeddings', 'audio_speeches', 'audio_transcriptions', 'vector_stores')") == [
        ("text-embedding-3-small", "input_uncached", "tokens", 1_000_000, Decimal("0.02"), "priced", True),
        ("text-embedding-3-small", "request", "requests", 10, Decimal(0), "priced", True),
        ("tts-1", "characters", "characters", 1000, Decimal("0.015"), "priced", True),
        ("tts-1", "request", "requests", 1, Decimal(0), "priced", True),
        ("whisper-1", "request", "requests", 2, Decimal(0), "priced", True),
        ("whisper-1", "seconds", "seconds", 3600, Decimal("0.36"), "priced", True),
        (None, "vector_store_bytes", "bytes", 5000, None, "unpriced", True),
    ]
    searched = usage(home, "service_tier = 'web_search_calls'")
    assert [row[:5] for row in searched] == [("gpt-6-sol", "web_search", "searches", 100, Decimal(1))]


def test_openrouter_is_metered_by_class_and_billed_by_model(home):
    """2 x (400,000 at 2, 100,000 at 0.5, 50,000 at 8 dollars a million) = 1.6 + 0.1 + 0.8 = 2.5, which it also bills."""
    assert usage(home, "source = 'openrouter'") == [
        ("openai/gpt-4.1", "cache_read", "tokens", 200_000, Decimal("0.1"), "priced", True),
        ("openai/gpt-4.1", "input_uncached", "tokens", 800_000, Decimal("1.6"), "priced", True),
        ("openai/gpt-4.1", "output", "tokens", 100_000, Decimal("0.8"), "priced", True),
        ("openai/gpt-4.1", "request", "requests", 10, Decimal(0), "priced", True),
    ]
    billed = "select cost_date, provider, api_key_id, line_item, billed_cost from t where source = 'openrouter'"
    assert query(home, "fct_billed_costs", billed) == [
        (date(2026, 10, 2), "openrouter", "hash_a", "openai/gpt-4.1", Decimal("2.5"))
    ]
    named = "select name, is_in_directory from t where provider = 'openrouter'"
    assert query(home, "dim_api_keys", named) == [("Research", True)]


def test_two_gateways_see_one_provider_and_one_of_them_counts(home):
    seen = query(
        home,
        "fct_usage",
        "select source, usage_date, token_class, quantity, is_counted from t where provider = 'mistral' order by all",
    )
    assert seen == [
        ("litellm", date(2026, 10, 4), "cache_read", 500, True),
        ("litellm", date(2026, 10, 4), "input_uncached", 1500, True),
        ("litellm", date(2026, 10, 4), "output", 200, True),
        ("litellm", date(2026, 10, 4), "request", 3, True),
        ("merge_gateway", date(2026, 10, 3), "cache_read", 300, False),
        ("merge_gateway", date(2026, 10, 3), "input_uncached", 700, False),
        ("merge_gateway", date(2026, 10, 3), "output", 100, False),
        ("merge_gateway", date(2026, 10, 3), "request", 5, False),
    ]


def test_what_only_estimates_is_never_billed(home):
    assert query(home, "fct_billed_costs", "select distinct source from t order by 1") == [("openai",), ("openrouter",)]


def test_claude_code_is_shown_per_developer_and_stays_an_estimate(home):
    """150 cents; 100 + 50 + 10 + 5 tokens."""
    columns = (
        "actor_id, usage_date, sessions, lines_added, lines_removed, commits, pull_requests, tokens, estimated_cost"
    )
    assert query(home, "claude_code_by_developer_day", f"select {columns}, department_id from t") == [
        ("a@company.example", date(2026, 10, 1), 2, 10, 1, 1, 0, 165, Decimal("1.5"), None)
    ]


def test_no_model_repeats_its_grain(home):
    assert_grains(home)
