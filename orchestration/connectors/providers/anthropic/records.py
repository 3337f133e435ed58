"""Anthropic's report rows and directory items as landed rows.

The token classes are disjoint as the provider sends them: uncached input excludes both kinds of cache write and cache
reads. A row whose classes do not add up to its ``total_tokens`` is :class:`SchemaDrift`. Amounts stay text in cents,
with their fraction; ``amount`` is after discount and before credits, ``list_amount`` at list price.
"""

from collections.abc import Iterator
from datetime import datetime

from orchestration.connectors.payload import Record
from orchestration.connectors.reads import Row

GROUP_COLUMNS = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
TOKEN_COLUMNS = (
    "uncached_input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
)
USAGE_MEASURES = (*TOKEN_COLUMNS, "web_search_requests", "requests")
COST_MEASURES = ("amount_cents", "list_amount_cents", "currency")


def usage_rows(items: list[Record], organization_id: str, start: datetime, end: datetime) -> Iterator[Row]:
    """Rows of stream ``usage``. ``requests`` is null where the provider has no count."""
    for item in items:
        usage = item.part("usage")
        yield {
            **bucket_times(item, start, end),
            "organization_id": organization_id,
            **_group(item),
            **_tokens(usage),
            "web_search_requests": usage.part("server_tool_use").whole("web_search_requests"),
            "requests": usage.nullable_whole("requests"),
        }


def cost_rows(items: list[Record], organization_id: str, start: datetime, end: datetime) -> Iterator[Row]:
    """Rows of stream ``costs``. ``token_type`` is null for what is not billed by token."""
    for item in items:
        group, cost = item.part("group"), item.part("cost")
        yield {
            **bucket_times(item, start, end),
            "organization_id": organization_id,
            **_group(item),
            "cost_type": group.nullable_text("cost_type"),
            "token_type": group.nullable_text("token_type"),
            "amount_cents": cost.money("amount"),
            "list_amount_cents": cost.money("list_amount"),
            "currency": cost.currency("currency"),
        }


def workspace_row(item: Record) -> Row:
    return {"workspace_id": item.text("id"), "name": item.text("name"), "created_at": item.moment("created_at")}


def api_key_row(item: Record) -> Row:
    return {
        "api_key_id": item.text("id"),
        "workspace_id": _workspace_of_key(item),
        "name": item.text("name"),
        "status": item.text("status"),
        "created_at": item.moment("created_at"),
    }


def user_row(item: Record) -> Row:
    return {"user_id": item.text("id"), "name": item.optional_text("name"), "email": item.text("email")}


def bucket_times(item: Record, start: datetime, end: datetime) -> Row:
    """Begin and end of a row or bucket, which must lie in the window that was asked for."""
    begins, ends = item.moment("starting_at"), item.moment("ending_at")
    if not start <= begins < ends <= end:
        raise item.drift("a row lies outside the window that was asked for", begins.isoformat())
    return {"starting_at": begins, "ending_at": ends}


def _group(item: Record) -> Row:
    group = item.part("group")
    return {name: group.nullable_text(name) for name in GROUP_COLUMNS}


def _tokens(usage: Record) -> Row:
    written = usage.part("cache_creation")
    tokens = {
        "uncached_input_tokens": usage.whole("uncached_input_tokens"),
        "cache_creation_5m_input_tokens": written.whole("ephemeral_5m_input_tokens"),
        "cache_creation_1h_input_tokens": written.whole("ephemeral_1h_input_tokens"),
        "cache_read_input_tokens": usage.whole("cache_read_input_tokens"),
        "output_tokens": usage.whole("output_tokens"),
    }
    total = usage.whole("total_tokens")
    if sum(tokens.values()) != total:
        raise usage.drift(f"the token classes add up to {sum(tokens.values())}, not to total_tokens", total)
    return tokens


def _workspace_of_key(item: Record) -> str | None:
    """From ``scope``, or from the older top-level field; None for a key of the whole organization."""
    scope = item.optional_part("scope")
    if scope is None:
        return item.nullable_text("workspace_id")
    return scope.text("workspace_id") if scope.text("type") == "workspace" else None
