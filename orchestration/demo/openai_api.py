"""OpenAI's organization API as the demo server speaks it: usage, costs, projects, users, project API keys.

Buckets are UTC, a bucket without traffic has no results, money is a JSON number in dollars. A page of costs holds at
most 31 buckets, whatever the limit.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from orchestration.demo.billing import BilledLine
from orchestration.demo.catalog import COMPANY_NAME, DEMO_KEYS, OPENAI_ORGANIZATION
from orchestration.demo.openai_directory import api_keys, bad_request, display_name, listed, projects, refuse, users
from orchestration.demo.traffic import OpenAIUsage
from orchestration.demo.wire import WIDTHS, Query, Request, World, seconds

ANSWERED_BUCKETS = 31
KEY_GROUPING_FROM = 1764979200
_BY_KEY = ("project_id", "user_id", "api_key_id", "model")
USAGE_DIMENSIONS = {
    "completions": (*_BY_KEY, "batch", "service_tier", "api_source"),
    "embeddings": _BY_KEY,
    "moderations": _BY_KEY,
    "images": (*_BY_KEY, "size", "source"),
    "audio_speeches": _BY_KEY,
    "audio_transcriptions": _BY_KEY,
    "vector_stores": ("project_id",),
    "code_interpreter_sessions": ("project_id",),
    "file_search_calls": ("project_id", "user_id", "api_key_id", "vector_store_id"),
    "web_search_calls": (*_BY_KEY, "context_level", "api_source"),
    "decisions": _BY_KEY,
}
COST_DIMENSIONS = ("project_id", "line_item", "user_id", "api_key_id", "api_source")
_LIMITS = {"1m": (60, 1440), "1h": (24, 168), "1d": (7, 31)}


def answer(world: World, request: Request) -> dict[str, Any]:
    """The body of a successful answer; raises ``Fault`` otherwise."""
    if request.headers.get("authorization") != f"Bearer {DEMO_KEYS['DEMO_OPENAI_ADMIN_KEY']}":
        raise refuse(401, "Incorrect API key provided.", code="invalid_api_key")
    parts = request.path.strip("/").split("/")
    if parts[:2] == ["organization", "usage"] and len(parts) == 3:
        return _usage(world, request, parts[2])
    if parts == ["organization", "costs"]:
        return _costs(world, request)
    if parts == ["organization", "projects"]:
        return listed(request.query, projects(world))
    if parts == ["organization", "users"]:
        return listed(request.query, users())
    if parts[:2] == ["organization", "projects"] and parts[3:] == ["api_keys"]:
        return listed(request.query, api_keys(world, parts[2]))
    raise refuse(404, f"Invalid URL (GET /v1{request.path})")


def _buckets(world: World, query: Query, width: int) -> tuple[list[int], int, int]:
    """Starts of the buckets asked for, and the range in Unix seconds; nothing beyond the clock."""
    now = seconds(world.clock)
    if query.one("start_time") is None:
        raise refuse(400, "Missing required parameter: 'start_time'.", "start_time", "missing_required_parameter")
    begin = query.whole("start_time", 0, 0, 2**40, bad_request)
    end = min(query.whole("end_time", now, 0, 2**40, bad_request), now)
    return list(range(begin // width * width, end, width)), begin, end


def _groups(query: Query, allowed: Sequence[str]) -> list[str]:
    for name in query.many("group_by"):
        if name not in allowed:
            raise bad_request(f"group_by does not know {name}")
    return query.many("group_by")


def _page(request: Request, starts: list[int], limit: int, width: int, results: dict[int, list[Any]]) -> dict[str, Any]:
    offset = request.query.page_offset(request.path, bad_request)
    shown = starts[offset : offset + limit]
    has_more = offset + limit < len(starts)
    return {
        "object": "page",
        "data": [
            {"object": "bucket", "start_time": start, "end_time": start + width, "results": results.get(start, [])}
            for start in shown
        ],
        "has_more": has_more,
        "next_page": request.query.page_token(request.path, offset + limit) if has_more else None,
    }


def _usage(world: World, request: Request, kind: str) -> dict[str, Any]:
    query = request.query
    if kind not in USAGE_DIMENSIONS:
        raise refuse(404, f"Unknown usage endpoint {kind}")
    width_name = query.one("bucket_width") or "1d"
    if width_name not in WIDTHS:
        raise bad_request("bucket_width must be 1m, 1h or 1d")
    default, most = _LIMITS[width_name]
    limit = query.whole("limit", default, 1, most, bad_request)
    groups, width = _groups(query, USAGE_DIMENSIONS[kind]), WIDTHS[width_name]
    starts, begin, end = _buckets(world, query, width)
    results: dict[int, list[Any]] = {}
    if kind == "completions":
        rows: dict[int, dict[tuple[Any, ...], list[OpenAIUsage]]] = defaultdict(lambda: defaultdict(list))
        for row in world.view.openai:
            at = seconds(row.hour)
            if begin // width * width <= at < end and _wanted(query, row):
                dimensions = _usage_dimensions(row)
                group = tuple(value if name in groups else None for name, value in dimensions.items())
                rows[at // width * width][group].append(row)
        results = {
            start: [_usage_result(group, members) for group, members in sorted(grouped.items(), key=str)]
            for start, grouped in rows.items()
        }
    return _page(request, starts, limit, width, results)


def _usage_dimensions(row: OpenAIUsage) -> dict[str, Any]:
    return {
        "project_id": row.project_id,
        "user_id": row.user_id,
        "api_key_id": row.api_key_id,
        "model": row.model,
        "batch": False,
        "service_tier": "default",
        "api_source": "unlabeled",
    }


def _wanted(query: Query, row: OpenAIUsage) -> bool:
    filters = {
        "project_ids": row.project_id,
        "user_ids": row.user_id,
        "api_key_ids": row.api_key_id,
        "models": row.model,
    }
    return query.one("batch") != "true" and all(
        not query.many(name) or value in query.many(name) for name, value in filters.items()
    )


def _usage_result(group: tuple[Any, ...], rows: list[OpenAIUsage]) -> dict[str, Any]:
    uncached, cached = sum(row.uncached for row in rows), sum(row.cached for row in rows)
    written, output = sum(row.cache_write for row in rows), sum(row.output for row in rows)
    other_modalities = (
        "input_audio_tokens input_image_tokens input_cached_audio_tokens input_cached_image_tokens "
        "output_audio_tokens output_image_tokens"
    )
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": uncached + cached + written,
        "input_uncached_tokens": uncached,
        "input_cached_tokens": cached,
        "input_cache_write_tokens": written,
        "input_text_tokens": uncached,
        "input_cached_text_tokens": cached,
        "output_tokens": output,
        "output_text_tokens": output,
        **dict.fromkeys(other_modalities.split(), 0),
        "num_model_requests": sum(row.requests for row in rows),
        **dict(zip(USAGE_DIMENSIONS["completions"], group, strict=True)),
    }


def _costs(world: World, request: Request) -> dict[str, Any]:
    query = request.query
    if world.strikes("openai_costs_429"):
        raise refuse(429, "Rate limit reached for organization costs.", code="rate_limit_exceeded")
    if query.one("bucket_width") not in (None, "1d"):
        raise bad_request("bucket_width must be 1d")
    limit = min(query.whole("limit", 7, 1, 180, bad_request), ANSWERED_BUCKETS)
    groups = _groups(query, COST_DIMENSIONS)
    if "user_id" in groups and ("project_id" in groups or query.many("project_ids")):
        raise bad_request("group_by cannot combine user_id with project_id")
    starts, begin, _ = _buckets(world, query, WIDTHS["1d"])
    if "api_key_id" in groups and begin < KEY_GROUPING_FROM:
        raise bad_request(f"group_by api_key_id needs a start_time of {KEY_GROUPING_FROM} or later")
    sums: dict[int, dict[tuple[Any, ...], tuple[Decimal, int]]] = defaultdict(dict)
    wanted = set(starts)
    for line in world.view.openai_lines:
        start = seconds(line.hour)
        if start not in wanted or not _billed_wanted(query, line):
            continue
        values = (line.project_id, line.line_item, None, line.api_key_id, "unlabeled")
        group = tuple(v if name in groups else None for name, v in zip(COST_DIMENSIONS, values, strict=True))
        amount, quantity = sums[start].get(group, (Decimal(0), 0))
        sums[start][group] = (amount + line.billed, quantity + (line.quantity or 0))
    results = {
        start: [_cost_result(group, *total) for group, total in sorted(grouped.items(), key=str)]
        for start, grouped in sums.items()
    }
    return _page(request, starts, limit, WIDTHS["1d"], results)


def _billed_wanted(query: Query, line: BilledLine) -> bool:
    filters = {
        "project_ids": (line.project_id, query.many("project_ids")),
        "api_key_ids": (line.api_key_id, query.many("api_key_ids")),
        "line_items": (line.line_item, query.each("line_items")),
    }
    return all(not chosen or value in chosen for value, chosen in filters.values())


def _cost_result(group: tuple[Any, ...], amount: Decimal, quantity: int) -> dict[str, Any]:
    dimensions = dict(zip(COST_DIMENSIONS, group, strict=True))
    has_quantity = dimensions["line_item"] is not None and quantity > 0
    return {
        "object": "organization.costs.result",
        "amount": {"value": float(amount), "currency": "usd"},
        "quantity": quantity if has_quantity else None,
        "quantity_unit": "tokens" if has_quantity else None,
        **dimensions,
        "project_name": dimensions["project_id"] and display_name(dimensions["project_id"]),
        "organization_id": OPENAI_ORGANIZATION,
        "organization_name": COMPANY_NAME,
    }
