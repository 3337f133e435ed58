"""Claude Code's records as rows of stream ``claude_code/daily``.

Grain: UTC day, actor (e-mail address, or name of the API key), terminal, kind of customer and model. Activity
(sessions, lines, commits, pull requests) has no model: it stands on a row of its own with model null, tokens and the
estimate on one row per model, so that no sum counts anything twice. The estimate is text in cents.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from orchestration.connectors.payload import Record
from orchestration.connectors.reads import Row
from orchestration.connectors.window import DAY, utc_midnight

SOURCE, STREAM = "claude_code", "daily"
ACTOR_FIELDS = {"user_actor": "email_address", "api_actor": "api_key_name"}
ACTIVITY = ("sessions", "lines_added", "lines_removed", "commits", "pull_requests")
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
MEASURES = (*ACTIVITY, *TOKENS, "estimated_cost_cents", "currency")


def daily_rows(item: Record, day: date) -> Iterator[Row]:
    """The rows of one record of ``day``: one of activity and one per model."""
    if item.moment("date") != utc_midnight(day):
        raise item.drift(f"a record of another day came for {day}", item.value("date"))
    dimensions: Row = {
        "starting_at": utc_midnight(day),
        "ending_at": utc_midnight(day + DAY),
        "organization_id": item.text("organization_id"),
        **_actor(item),
        "terminal_type": item.nullable_text("terminal_type"),
        "customer_type": item.text("customer_type"),
        "subscription_type": item.optional_text("subscription_type"),
    }
    nothing: dict[str, Any] = dict.fromkeys(("model", *MEASURES))
    yield {**nothing, **dimensions, **_activity(item.part("core_metrics"))}
    for used in item.parts("model_breakdown"):
        yield {**nothing, **dimensions, "model": used.text("model"), **_tokens(used)}


def _actor(item: Record) -> Row:
    actor = item.part("actor")
    kind = actor.text("type")
    if kind not in ACTOR_FIELDS:
        raise actor.drift("the actor is of an unknown type", kind)
    return {"actor_type": kind, "actor": actor.text(ACTOR_FIELDS[kind])}


def _activity(metrics: Record) -> Row:
    lines = metrics.part("lines_of_code")
    return {
        "sessions": metrics.whole("num_sessions"),
        "lines_added": lines.whole("added"),
        "lines_removed": lines.whole("removed"),
        "commits": metrics.whole("commits_by_claude_code"),
        "pull_requests": metrics.whole("pull_requests_by_claude_code"),
    }


def _tokens(used: Record) -> Row:
    tokens, estimate = used.part("tokens"), used.part("estimated_cost")
    return {
        "input_tokens": tokens.whole("input"),
        "output_tokens": tokens.whole("output"),
        "cache_read_tokens": tokens.whole("cache_read"),
        "cache_creation_tokens": tokens.whole("cache_creation"),
        "estimated_cost_cents": estimate.money("amount"),
        "currency": estimate.currency("currency"),
    }
