"""Merge Gateway's usage as rows of stream ``merge_gateway/usage``.

The vendor publishes no schema of this answer, so fields are found under any of the names listed here and a field that
is not there is null, never zero. What was answered is kept beside them in ``usage_json``: numbers under any name,
text only under the names of known dimensions, so that no key, label or header can come along.
Grain: one row per group of the answer and model, or per group where it names no models. Money is text in dollars.
Failure mode: an answer in which nothing can be recognised, and a field that is no count or no amount, are
:class:`SchemaDrift`.
"""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.connectors.payload import Record
from orchestration.connectors.reads import Row
from orchestration.connectors.window import DAY, utc_midnight

SOURCE, STREAM = "merge_gateway", "usage"
GROUP_LISTS = ("data", "results", "groups", "projects", "usage", "breakdown")
MODEL_LISTS = ("models", "model_breakdown", "by_model", "per_model", "breakdown")
TEXTS = {
    "project_id": ("project_id", "project_uuid"),
    "api_key_id": ("api_key_hash", "key_hash", "hash"),
    "vendor": ("vendor", "vendor_name", "provider"),
    "model": ("model", "model_id", "model_name"),
}
COUNTS = {
    "requests": ("requests", "request_count", "num_requests", "total_requests"),
    "input_tokens": ("input_tokens", "prompt_tokens", "total_input_tokens"),
    "cached_tokens": ("cached_tokens", "cached_input_tokens", "cache_read_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens", "total_output_tokens"),
}
AMOUNTS = {
    "spend": ("spend", "spend_usd", "total_spend", "total_spend_usd", "cost", "cost_usd", "total_cost"),
    "managed_spend": ("managed_spend", "managed_spend_usd", "managed_cost"),
    "byok_spend": ("byok_spend", "byok_spend_usd", "byok_cost"),
    "web_search_spend": ("web_search_spend", "web_search_spend_usd", "web_search_cost"),
}
MEASURES = (*COUNTS, *AMOUNTS, "usage_json")
KEPT_TEXTS = frozenset(
    {name for names in TEXTS.values() for name in names}
    | {name for names in AMOUNTS.values() for name in names}
    | {"currency", "date", "start", "end", "start_date", "end_date", "group_by"}
)


def usage_rows(answer: Record, day: date) -> Iterator[Row]:
    """Rows of stream ``usage`` for one UTC day; a day without usage has none."""
    for group in _groups(answer):
        shared = {column: _text(group, names) for column, names in TEXTS.items()}
        for part in _models(group):
            own = {column: _text(part, names) for column, names in TEXTS.items()}
            yield {
                "start_time": utc_midnight(day),
                "end_time": utc_midnight(day + DAY),
                **{column: own[column] or shared[column] for column in TEXTS},
                **{column: _count(part, names) for column, names in COUNTS.items()},
                **{column: _amount(part, names) for column, names in AMOUNTS.items()},
                "usage_json": json.dumps(_kept(part.fields()), sort_keys=True),
            }


def _groups(answer: Record) -> list[Record]:
    """The groups of the answer, or the answer itself where it is one."""
    for name in GROUP_LISTS:
        if name in answer and isinstance(answer.value(name), list):
            return answer.parts(name)
    if not any(name in answer for names in (*COUNTS.values(), *AMOUNTS.values()) for name in names):
        raise answer.drift("neither groups nor a known measure of usage are in the answer")
    return [answer]


def _models(group: Record) -> list[Record]:
    """The models of a group: a list, or an object from model to measures; the group itself where it has neither."""
    for name in MODEL_LISTS:
        if name not in group:
            continue
        value = group.value(name)
        if isinstance(value, list) and value:
            return group.parts(name)
        if isinstance(value, dict) and value:
            by_model = group.part(name)
            return [by_model.part(model).with_field("model", model) for model in value]
    return [group]


def _first(part: Record, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in part and part.value(name) is not None), None)


def _text(part: Record, names: tuple[str, ...]) -> str | None:
    name = _first(part, names)
    return part.optional_text(name) if name else None


def _count(part: Record, names: tuple[str, ...]) -> int | None:
    name = _first(part, names)
    return part.whole(name) if name else None


def _amount(part: Record, names: tuple[str, ...]) -> str | None:
    name = _first(part, names)
    return part.money(name) if name else None


def _kept(value: Any, name: str = "") -> Any:
    """``value`` without any text that is not a known dimension or amount."""
    if isinstance(value, dict):
        parts = {key: _kept(part, key) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part is not None}
    if isinstance(value, list):
        return [part for part in (_kept(item, name) for item in value) if part is not None]
    if isinstance(value, str):
        return value if name in KEPT_TEXTS else None
    return format(value, "f") if isinstance(value, Decimal) else value
