"""Anthropic's organization API as the demo server speaks it: analytics usage and cost, organization, workspaces,
keys, users, Claude Code.

Rows are flat and paged by rows; token types and cost types fan out inside a page. Money is decimal text in cents.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from orchestration.demo import claude_code
from orchestration.demo.billing import BilledLine
from orchestration.demo.catalog import ANTHROPIC_ORGANIZATION, COMPANY_NAME, DEMO_KEYS, plain
from orchestration.demo.traffic import AnthropicUsage
from orchestration.demo.wire import WIDTHS, Fault, Query, Request, World, rfc3339, seconds

BETA = "analytics-usage-cost-2026-08-24"
DIMENSIONS = (
    "actor",
    "actor_type",
    "api_key_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "speed",
    "product",
    "rbac_group_id",
    "organization_id",
    "agent_id",
    "deployment_id",
    "environment_id",
    "session_id",
    "user_profile_id",
    "claude_tag_category",
    "claude_tag_user_id",
    "slack_channel_id",
)
FAN_OUT = ("cost_type", "token_type")
OLDEST = seconds(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
LONGEST, LONGEST_BY_MINUTE = 31 * 86400, 86400
_CREATED = "2026-01-08T09:00:00Z"
_WORKBENCH_USER = {
    "type": "user_actor",
    "user_id": "user_01Odile",
    "name": "Odile",
    "email_address": "odile@meadowlark.example",
    "deleted": False,
}


def answer(world: World, request: Request) -> dict[str, Any]:
    """The body of a successful answer; raises ``Fault`` otherwise."""
    key = DEMO_KEYS["DEMO_ANTHROPIC_ADMIN_KEY"]
    if request.headers.get("x-api-key") != key and request.headers.get("authorization") != f"Bearer {key}":
        raise _error(401, "authentication_error", "invalid x-api-key")
    if not request.headers.get("anthropic-version"):
        raise _bad("anthropic-version: header is required")
    if request.path in ("/organizations/analytics/usage", "/organizations/analytics/cost"):
        if BETA not in request.headers.get("anthropic-beta", ""):
            raise _error(404, "not_found_error", "Not found")
        return _analytics(world, request, is_cost=request.path.endswith("/cost"))
    if request.path == "/organizations/me":
        return {"id": ANTHROPIC_ORGANIZATION, "type": "organization", "name": COMPANY_NAME}
    if request.path == "/organizations/workspaces":
        return _listed(request.query, [_workspace("wrkspc_clauses"), _workspace("wrkspc_helpdesk")])
    if request.path == "/organizations/api_keys":
        keys = [_api_key("apikey_clauses", "wrkspc_clauses"), _api_key("apikey_summaries", "wrkspc_helpdesk")]
        return _listed(request.query, keys)
    if request.path == "/organizations/users":
        return _listed(request.query, [_user()])
    if request.path == "/organizations/usage_report/claude_code":
        return _claude_code(request.query)
    raise _error(404, "not_found_error", "Not found")


def _error(status: int, kind: str, message: str) -> Fault:
    headers = {"Retry-After": "1"} if status == 429 else {}
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_demo"}
    return Fault(status, body, headers)


def _bad(message: str) -> Fault:
    return _error(400, "invalid_request_error", message)


def _time(query: Query, name: str) -> int:
    text = query.one(name) or ""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise _bad(f"{name}: must be an RFC 3339 timestamp") from None
    if moment.tzinfo is None:
        raise _bad(f"{name}: needs a time zone")
    return seconds(moment)


def _range(world: World, query: Query) -> tuple[int, int, int | None]:
    """(begin, end, bucket width or None) in Unix seconds, the begin rounded down to the bucket."""
    name = query.one("time_bucket_width")
    if name is not None and name not in WIDTHS:
        raise _bad("time_bucket_width: must be 1d, 1h or 1m")
    width = WIDTHS[name] if name else None
    begin = _time(query, "starting_at")
    if begin < OLDEST:
        raise _bad("starting_at: must not be before 2026-01-01")
    if query.one("ending_at") is None:
        if width:
            raise _bad("ending_at: required when time_bucket_width is set")
        end = seconds(world.clock)
    else:
        end = _time(query, "ending_at")
    if not 0 < end - begin <= (LONGEST_BY_MINUTE if name == "1m" else LONGEST):
        raise _bad("ending_at: must be after starting_at, by at most 31 days (24 hours with 1m)")
    step = width or 3600
    return begin // step * step, end, width


def _analytics(world: World, request: Request, *, is_cost: bool) -> dict[str, Any]:
    query = request.query
    if is_cost and world.strikes("anthropic_cost_500"):
        raise _error(500, "api_error", "Internal server error")
    begin, end, width = _range(world, query)
    limit = query.whole("limit", 20, 1, 1000, _bad)
    groups = query.many("group_by")
    known = {*DIMENSIONS, *FAN_OUT} if is_cost else set(DIMENSIONS)
    if not set(groups) <= known or sum(name not in FAN_OUT for name in groups) > 5:
        raise _bad("group_by: unknown dimension, or more than five")
    grouped: dict[tuple[int, str], list[tuple[dict[str, Any], Any]]] = defaultdict(list)
    for at, dimensions, row in _cost_rows(world) if is_cost else _usage_rows(world):
        if begin <= at < end and _wanted(query, dimensions):
            bucket = at // width * width if width else begin
            shown = {name: dimensions.get(name) if name in groups else None for name in DIMENSIONS}
            grouped[bucket, json.dumps(shown, sort_keys=True)].append((shown, row))
    descending = (query.one("order") or "desc") == "desc"
    keys = sorted(grouped, key=lambda key: (-key[0] if descending else key[0], key[1]))
    offset = query.page_offset(request.path, _bad)
    data = []
    for key in keys[offset : offset + limit]:
        span = {"starting_at": rfc3339(key[0]), "ending_at": rfc3339(key[0] + width if width else end)}
        shown, rows = grouped[key][0][0], [row for _, row in grouped[key]]
        if is_cost:
            data += [{**span, **item} for item in _cost_items(shown, rows, groups)]
        else:
            data.append({**span, "group": shown, "usage": _usage_metrics(rows)})
    has_more = offset + limit < len(keys)
    return {
        "data": data,
        "has_more": has_more,
        "next_page": query.page_token(request.path, offset + limit) if has_more else None,
        "data_refreshed_at": rfc3339(seconds(world.clock)),
    }


def _dimensions(workspace: str | None, key: str | None, model: str | None) -> dict[str, Any]:
    return {
        "actor": {"type": "api_actor", "api_key_id": key} if key else _WORKBENCH_USER,
        "actor_type": "api_actor" if key else "user_actor",
        "api_key_id": key,
        "workspace_id": workspace,
        "model": model,
        "service_tier": "standard" if model else None,
        "context_window": "0-200k" if model else None,
        "inference_geo": "global" if model else None,
        "speed": "standard" if model else None,
        "product": "api",
        "organization_id": ANTHROPIC_ORGANIZATION,
    }


def _usage_rows(world: World) -> Iterator[tuple[int, dict[str, Any], AnthropicUsage]]:
    for row in world.view.anthropic:
        yield seconds(row.hour), _dimensions(row.workspace_id, row.api_key_id, row.model), row


def _cost_rows(world: World) -> Iterator[tuple[int, dict[str, Any], BilledLine]]:
    for line in world.view.anthropic_lines:
        yield seconds(line.hour), _dimensions(line.project_id, line.api_key_id, line.model), line


def _wanted(query: Query, dimensions: dict[str, Any]) -> bool:
    filters = {"api_key_ids": "api_key_id", "workspace_ids": "workspace_id", "models": "model"}
    return all(not query.many(name) or (dimensions[key] or "") in query.many(name) for name, key in filters.items())


def _usage_metrics(rows: list[AnthropicUsage]) -> dict[str, Any]:
    uncached, read = sum(row.uncached for row in rows), sum(row.cache_read for row in rows)
    five, one = sum(row.write_5m for row in rows), sum(row.write_1h for row in rows)
    output = sum(row.output for row in rows)
    return {
        "uncached_input_tokens": uncached,
        "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": one},
        "cache_read_input_tokens": read,
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": sum(row.web_searches for row in rows)},
        "total_tokens": uncached + five + one + read + output,
        "requests": sum(row.requests for row in rows),
    }


def _cost_items(shown: dict[str, Any], lines: list[BilledLine], groups: list[str]) -> list[dict[str, Any]]:
    sums: dict[tuple[str | None, str | None], tuple[Decimal, Decimal]] = {}
    for line in lines:
        token_type = line.line_item if line.token_class else None
        cost_type = "tokens" if line.token_class else line.line_item
        fan = (cost_type if "cost_type" in groups else None, token_type if "token_type" in groups else None)
        billed, listed = sums.get(fan, (Decimal(0), Decimal(0)))
        sums[fan] = (billed + line.billed, listed + line.listed)
    return [
        {
            "group": {**shown, "cost_type": fan[0], "token_type": fan[1]},
            "cost": {
                "amount": plain(billed * 100),
                "list_amount": plain(listed * 100),
                "currency": "USD",
                "requests": None,
            },
        }
        for fan, (billed, listed) in sorted(sums.items(), key=str)
    ]


def _claude_code(query: Query) -> dict[str, Any]:
    """One page holds any day of three developers."""
    try:
        day = date.fromisoformat(query.one("starting_at") or "")
    except ValueError:
        raise _bad("starting_at: must be a day, YYYY-MM-DD") from None
    query.whole("limit", 20, 1, 1000, _bad)
    return {"data": claude_code.records(day), "has_more": False, "next_page": None}


def _listed(query: Query, rows: list[dict[str, Any]]) -> dict[str, Any]:
    limit = query.whole("limit", 20, 1, 1000, _bad)
    ids = [row["id"] for row in rows]
    after = query.one("after_id")
    if after is not None and after not in ids:
        raise _bad("after_id: names no known object")
    begin = ids.index(after) + 1 if after is not None else 0
    shown = rows[begin : begin + limit]
    return {
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": begin + limit < len(rows),
    }


def _workspace(identifier: str) -> dict[str, Any]:
    geography = {
        "workspace_geo": "us",
        "allowed_inference_geos": "unrestricted",
        "default_inference_geo": "global",
    }
    return {
        "id": identifier,
        "type": "workspace",
        "name": identifier.removeprefix("wrkspc_").capitalize(),
        "created_at": _CREATED,
        "archived_at": None,
        "compartment_id": "compartment_demo",
        "display_color": "#4A7C59",
        "tags": {},
        "data_residency": geography,
        "external_key_id": None,
        "user_profile_id": None,
    }


def _api_key(identifier: str, workspace: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": "api_key",
        "name": identifier.removeprefix("apikey_").capitalize(),
        "partial_key_hint": "sk-ant-api03-...demo",
        "status": "active",
        "created_at": _CREATED,
        "expires_at": None,
        "created_by": {"id": _WORKBENCH_USER["user_id"], "type": "user"},
        "principal": None,
        "workspace_id": workspace,
        "scope": {"type": "workspace", "workspace_id": workspace},
    }


def _user() -> dict[str, Any]:
    return {
        "id": _WORKBENCH_USER["user_id"],
        "type": "user",
        "name": _WORKBENCH_USER["name"],
        "email": _WORKBENCH_USER["email_address"],
        "role": "admin",
        "added_at": _CREATED,
    }
