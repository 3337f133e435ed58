"""Small fixed OpenAI and Anthropic worlds: payloads in the vendors' shapes, and functions that page them out."""

import hashlib
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.registry.sources import SourceConfig
from tests.connectors.loopback_server import Answer, Request

OPENAI_KEY, ANTHROPIC_KEY = "sk-admin-test-11aa", "sk-ant-admin01-test-22bb"
OCTOBER_1 = 1790812800  # 2026-10-01T00:00:00Z, 299 days after 1764979200
HOUR, DAY = 3600, 86400
NOW = datetime.fromisoformat("2026-10-20T12:00:00+00:00")

Fault = Callable[[Request], Answer | None]


def company(source: str, url: str, **changes: Any) -> Any:
    """The two parts of a company that an extract function reads."""
    config = {
        "name": source,
        "base_url": url,
        "start_date": date(2026, 10, 1),
        "lookback_days": 1,
        **changes,
    }
    zone = ZoneInfo(config.pop("zone", "UTC"))
    return SimpleNamespace(sources={source: SourceConfig(**config)}, config=SimpleNamespace(zone=zone))


def openai_usage_result(**changes: Any) -> dict[str, Any]:
    """600 uncached + 300 cached + 100 cache-write = 1000 input tokens, 50 output tokens, 4 requests."""
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": 1000,
        "input_uncached_tokens": 600,
        "input_cached_tokens": 300,
        "input_cache_write_tokens": 100,
        "input_text_tokens": 600,
        "input_audio_tokens": 0,
        "input_image_tokens": 0,
        "input_cached_text_tokens": 300,
        "input_cached_audio_tokens": 0,
        "input_cached_image_tokens": 0,
        "output_tokens": 50,
        "output_text_tokens": 50,
        "output_audio_tokens": 0,
        "output_image_tokens": 0,
        "num_model_requests": 4,
        "project_id": "proj_a",
        "user_id": None,
        "api_key_id": "key_a",
        "model": "gpt-6-sol",
        "batch": False,
        "service_tier": "default",
        **changes,
    }


def openai_cost_result(value: Any = 0.00001, **changes: Any) -> dict[str, Any]:
    return {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": "usd"},
        "line_item": "gpt-6-sol, input",
        "project_id": "proj_a",
        "api_key_id": "key_a",
        "user_id": None,
        "quantity": 600.0,
        "quantity_unit": "tokens",
        **changes,
    }


class OpenAiWorld:
    """1 to 3 October 2026: usage in two hours of the 1st and one of the 2nd, costs on both, nothing on the 3rd."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.other: dict[str, list[dict[str, Any]]] = {}
        self.usage = {
            OCTOBER_1 + 5 * HOUR: [openai_usage_result(), openai_usage_result(api_key_id="key_b")],
            OCTOBER_1 + 6 * HOUR: [openai_usage_result(batch=True)],
            OCTOBER_1 + 30 * HOUR: [openai_usage_result()],
        }
        self.costs = {
            OCTOBER_1: [
                openai_cost_result(),
                openai_cost_result(1.25, line_item=None, quantity=None, quantity_unit=None),
            ],
            OCTOBER_1 + DAY: [openai_cost_result(2)],
        }
        made = OCTOBER_1 - 40 * DAY
        self.projects = [
            {"object": "organization.project", "id": f"proj_{n}", "name": f"Project {n}", "created_at": made}
            | {"status": "archived" if n == "old" else "active", "archived_at": None}
            for n in ("a", "b", "old")
        ]
        self.users = [{"object": "organization.user", "id": "user_1", "email": "a@x.example", "name": "A"}]
        self.users[0] |= {"role": "reader", "added_at": made}
        owner = {"object": "organization.project.service_account", "id": "svc_1", "name": "svc", "created_at": made}
        self.keys = {
            "proj_a": [
                {"object": "organization.project.api_key", "id": key, "name": key, "redacted_value": "sk-...xyz"}
                | {"created_at": made, "owner_project_access": "active"}
                | {"owner": {"type": "service_account", "service_account": {**owner, "role": "member"}}}
                for key in ("key_a", "key_b")
            ],
            "proj_b": [],
            "proj_old": [],
        }

    def __call__(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {OPENAI_KEY}":
            return openai_error(
                401, f"Incorrect API key: {request.headers.get('authorization')}", None, "invalid_api_key"
            )
        if self.fault and (given := self.fault(request)):
            return given
        if request.path == "/v1/organization/usage/completions":
            return Answer(_buckets(request, self.usage, HOUR, per_page=24))
        if request.path.startswith("/v1/organization/usage/"):
            return Answer(_other_usage(request, self.other.get(request.path.rsplit("/", 1)[1], [])))
        if request.path == "/v1/organization/costs":
            return Answer(_buckets(request, self.costs, DAY, per_page=2))
        if request.path == "/v1/organization/projects":
            return Answer(_openai_list(request, self.projects))
        if request.path == "/v1/organization/users":
            return Answer(_openai_list(request, self.users))
        return Answer(_openai_list(request, self.keys[request.path.split("/")[4]]))


def openai_error(status: int, message: str, parameter: str | None = None, code: str | None = None) -> Answer:
    return Answer({"error": {"message": message, "type": "t", "param": parameter, "code": code}}, status)


def _query_id(request: Request) -> str:
    asked = sorted(pair for pair in request.query if pair[0] != "page")
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:8]


def _page(request: Request, rows: list[Any], per_page: int) -> tuple[list[Any], bool, str | None]:
    """One page; a token that belongs to another query is a fault of the reader."""
    offset = 0
    if token := request.one("page"):
        query, text = token.split(":")
        assert query == _query_id(request), "parameters changed between pages"
        offset = int(text)
    more = offset + per_page < len(rows)
    return rows[offset : offset + per_page], more, f"{_query_id(request)}:{offset + per_page}" if more else None


def _buckets(request: Request, held: dict[int, list[Any]], width: int, per_page: int) -> dict[str, Any]:
    start, end = int(request.one("start_time") or ""), int(request.one("end_time") or "")
    starts = list(range(start, end, width))
    part, more, token = _page(request, starts, per_page)
    by_key = "api_key_id" in request.many("group_by[]")
    buckets = []
    for begin in part:
        results = [row if by_key else {**row, "api_key_id": None} for row in held.get(begin, [])]
        buckets.append({"object": "bucket", "start_time": begin, "end_time": begin + width, "results": results})
    return {"object": "page", "data": buckets, "has_more": more, "next_page": token}


def _other_usage(request: Request, first_day: list[dict[str, Any]]) -> dict[str, Any]:
    """Usage of another kind: ``first_day`` on the 1st of October, empty buckets after it."""
    start, end = int(request.one("start_time") or ""), int(request.one("end_time") or "")
    part, more, token = _page(request, list(range(start, end, DAY)), per_page=31)
    buckets = [
        {"object": "bucket", "start_time": begin, "end_time": begin + DAY}
        | {"results": first_day if begin == OCTOBER_1 else []}
        for begin in part
    ]
    return {"object": "page", "data": buckets, "has_more": more, "next_page": token}


def _openai_list(request: Request, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One item a page, however many are asked for."""
    ids = [row["id"] for row in rows]
    at = ids.index(request.one("after")) + 1 if request.one("after") else 0
    part = rows[at : at + 1]
    last = part[-1]["id"] if part else None
    return {"object": "list", "data": part, "first_id": last, "last_id": last, "has_more": at + 1 < len(rows)}


DIMENSIONS = (
    "actor",
    "actor_type",
    "agent_id",
    "api_key_id",
    "claude_tag_category",
    "claude_tag_user_id",
    "context_window",
    "deployment_id",
    "environment_id",
    "inference_geo",
    "model",
    "organization_id",
    "product",
    "rbac_group_id",
    "service_tier",
    "session_id",
    "slack_channel_id",
    "speed",
    "user_profile_id",
    "workspace_id",
)
GROUP = dict.fromkeys(DIMENSIONS) | {
    "workspace_id": "wrkspc_a",
    "api_key_id": "apikey_a",
    "model": "claude-sonnet-5-5",
    "service_tier": "standard",
    "context_window": "0-200k",
}


def _times(begin: datetime, width: timedelta) -> dict[str, str]:
    return {"starting_at": f"{begin:%Y-%m-%dT%H:%M:%SZ}", "ending_at": f"{begin + width:%Y-%m-%dT%H:%M:%SZ}"}


def anthropic_usage_item(begin: datetime, group: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """400 uncached + 30 five-minute + 20 one-hour writes + 500 reads + 50 output = 1000 tokens in all."""
    usage = {
        "uncached_input_tokens": 400,
        "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 20},
        "cache_read_input_tokens": 500,
        "output_tokens": 50,
        "server_tool_use": {"web_search_requests": 2},
        "total_tokens": 1000,
        "requests": 7,
        **changes,
    }
    return {**_times(begin, timedelta(hours=1)), "group": GROUP | (group or {}), "usage": usage}


def anthropic_cost_item(begin: datetime, amount: Any = "123.45", **group: Any) -> dict[str, Any]:
    """1.2345 dollars, as 123.45 cents."""
    kind = {"cost_type": "tokens", "token_type": "output_tokens"}
    cost = {"amount": amount, "list_amount": "140.284090909", "currency": "USD", "requests": None}
    return {**_times(begin, timedelta(days=1)), "group": GROUP | kind | group, "cost": cost}


class AnthropicWorld:
    """1 to 3 October 2026: usage and costs on the 1st and 2nd, nothing on the 3rd; data reaches into the 3rd."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.refreshed_at = "2026-10-03T18:00:00Z"
        first, second = (datetime(2026, 10, day) for day in (1, 2))
        self.usage = [
            anthropic_usage_item(first.replace(hour=9)),
            anthropic_usage_item(first.replace(hour=9), {"api_key_id": None, "workspace_id": None}),
            anthropic_usage_item(second, requests=None),
        ]
        self.costs = [
            anthropic_cost_item(first),
            anthropic_cost_item(first, "0.0001", cost_type="web_search", token_type=None),
            anthropic_cost_item(second, "-3"),
        ]
        made = "2026-01-10T00:00:00Z"
        self.directories: dict[str, list[dict[str, Any]]] = {
            "workspaces": [
                {"id": f"wrkspc_{n}", "type": "workspace", "name": n, "created_at": made, "archived_at": None}
                | {"display_color": "#333333", "compartment_id": "c", "external_key_id": None}
                | {"tags": {}, "user_profile_id": None}
                for n in ("a", "b")
            ],
            "api_keys": [
                {"id": f"apikey_{n}", "type": "api_key", "name": n, "status": "active", "created_at": made}
                | {"partial_key_hint": "sk-ant-...", "expires_at": None, "created_by": None, "principal": None}
                | {"scope": {"type": "workspace", "workspace_id": "wrkspc_a"} if n == "a" else {"type": "organization"}}
                for n in ("a", "org")
            ],
            "users": [
                {"id": "user_1", "type": "user", "name": "A", "email": "a@x.example", "role": "user", "added_at": made}
            ],
        }

    def __call__(self, request: Request) -> Answer:
        if request.headers.get("x-api-key") != ANTHROPIC_KEY:
            return anthropic_error(401, "authentication_error", f"invalid x-api-key {request.headers.get('x-api-key')}")
        assert request.headers["anthropic-version"] == "2023-06-01"
        if self.fault and (given := self.fault(request)):
            return given
        if request.path == "/v1/organizations/me":
            return Answer({"id": "org_1", "type": "organization", "name": "Example"})
        if request.path.startswith("/v1/organizations/analytics/"):
            assert request.headers["anthropic-beta"] == "analytics-usage-cost-2026-08-24"
            return Answer(self._report(request, self.costs if request.path.endswith("cost") else self.usage))
        rows = self.directories[request.path.rsplit("/", 1)[1]]
        at = [row["id"] for row in rows].index(request.one("after_id")) + 1 if request.one("after_id") else 0
        part = rows[at : at + 1]
        last = part[-1]["id"] if part else None
        return Answer({"data": part, "has_more": at + 1 < len(rows), "first_id": last, "last_id": last})

    def _report(self, request: Request, items: list[dict[str, Any]]) -> dict[str, Any]:
        start, end = request.one("starting_at") or "", request.one("ending_at") or ""
        inside = [item for item in items if start <= item["starting_at"] < end]
        part, more, token = _page(request, inside, per_page=1)
        return {"data": part, "has_more": more, "next_page": token, "data_refreshed_at": self.refreshed_at}


def anthropic_error(status: int, kind: str, message: str) -> Answer:
    return Answer({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}, status)
