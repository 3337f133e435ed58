"""OpenRouter's activity as rows of stream ``openrouter/activity``.

``usage`` is what OpenRouter charges, ``byok_usage_inference`` what the company's own provider key was charged there;
both are text in dollars. Prompt tokens include cached ones, completion tokens include reasoning. Activity by key leaves
out keys that were deleted: what the total has beyond the keys is landed without a key.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from orchestration.connectors.payload import Record
from orchestration.connectors.reads import Row
from orchestration.connectors.window import DAY, utc_midnight
from orchestration.landing.errors import SchemaDrift

DIMENSIONS = ("start_time", "end_time", "workspace_id", "model", "model_permaslug", "endpoint_id", "provider_name")
MONEY = ("usage", "byok_usage_inference")
COUNTS = ("requests", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
MEASURES = (*MONEY, *COUNTS)
ROUNDING = Decimal("0.000001")
"""The provider adds up in floating point: the sum of the keys may differ from the total by less than this."""


def activity_rows(items: Iterable[Record], key_hash: str | None, days: set[date]) -> Iterator[Row]:
    """Rows of stream ``activity`` for ``days``; the answer holds other days too."""
    for item in items:
        day = _day(item)
        row: Row = {
            "start_time": utc_midnight(day),
            "end_time": utc_midnight(day + DAY),
            "workspace_id": item.optional_text("workspace_id"),
            "api_key_id": key_hash,
            "model": item.text("model"),
            "model_permaslug": item.text("model_permaslug"),
            "endpoint_id": item.text("endpoint_id"),
            "provider_name": item.text("provider_name"),
            "usage": item.money("usage"),
            "byok_usage_inference": item.money("byok_usage_inference"),
            "requests": item.whole("requests"),
            "prompt_tokens": item.whole("prompt_tokens"),
            "completion_tokens": item.whole("completion_tokens"),
            "reasoning_tokens": item.whole("reasoning_tokens"),
            "cached_tokens": item.optional_whole("cached_tokens"),
        }
        if row["cached_tokens"] is not None and row["cached_tokens"] > row["prompt_tokens"]:
            raise item.drift("cached_tokens exceed prompt_tokens", row["cached_tokens"])
        if day in days:
            yield row


def without_key(total: Iterable[Row], by_key: Iterable[Row]) -> Iterator[Row]:
    """What ``total`` has beyond ``by_key``; raises :class:`SchemaDrift` where the keys have more than the total."""
    left = {_group(row): dict(row) for row in total}
    for row in by_key:
        rest = left.get(_group(row))
        if rest is None:
            raise _beyond(row)
        for name in COUNTS:
            rest[name] = rest[name] - row[name] if None not in (rest[name], row[name]) else None
        for name in MONEY:
            rest[name] = format(Decimal(rest[name]) - Decimal(row[name]), "f")
    for rest in left.values():
        counts = [rest[name] for name in COUNTS if rest[name] is not None]
        amounts = [Decimal(rest[name]) for name in MONEY]
        if min(counts) < 0 or min(amounts) < -ROUNDING:
            raise _beyond(rest)
        if any(counts) or any(amount > ROUNDING for amount in amounts):
            yield rest | {name: rest[name] if Decimal(rest[name]) > 0 else "0" for name in MONEY}


def _group(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in DIMENSIONS)


def _beyond(row: Row) -> SchemaDrift:
    return SchemaDrift(
        "openrouter",
        f"stream activity: the keys have more activity than the organization on {row['start_time'].date()} for "
        f"{row['model']}; nothing was landed. Run again.",
    )


def _day(item: Record) -> date:
    text = item.text("date")
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        day = None
    if day is None or text[10:].strip("T 0:Z."):
        raise item.drift("field date is not a day", text)
    return day
