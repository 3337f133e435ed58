"""OpenAI's payloads as landed rows.

``input_tokens`` is the provider's total: uncached, cached and cache-write tokens together. The vendor documents every
part as optional: a part that is absent or null is a class the organization has none of, and only then zero; an absent
uncached part is what the others leave of the total. A row whose parts do not add up is :class:`SchemaDrift`. Modality
counts that are absent stay null. Amounts are dollars as the provider wrote them.
"""

from collections.abc import Iterator
from datetime import datetime

from orchestration.connectors.payload import Record
from orchestration.connectors.reads import Row

MODALITY_COLUMNS = (
    "input_audio_tokens",
    "input_cached_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
    "input_cached_image_tokens",
    "output_image_tokens",
)
USAGE_MEASURES = (
    "input_tokens",
    "input_uncached_tokens",
    "input_cached_tokens",
    "input_cache_write_tokens",
    "output_tokens",
    *MODALITY_COLUMNS,
    "num_model_requests",
)
COST_MEASURES = ("amount", "currency", "quantity", "quantity_unit")


def bucket_times(bucket: Record, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Begin and end of a bucket, which must lie in the window that was asked for."""
    begins, ends = bucket.unix_moment("start_time"), bucket.unix_moment("end_time")
    if not start <= begins < ends <= end:
        raise bucket.drift("a bucket lies outside the window that was asked for", begins.isoformat())
    return begins, ends


def usage_rows(buckets: list[Record], start: datetime, end: datetime) -> Iterator[Row]:
    """Rows of stream ``usage_completions``."""
    for bucket in buckets:
        begins, ends = bucket_times(bucket, start, end)
        for result in bucket.parts("results"):
            yield {
                "start_time": begins,
                "end_time": ends,
                "project_id": result.nullable_text("project_id"),
                "user_id": result.nullable_text("user_id"),
                "api_key_id": result.nullable_text("api_key_id"),
                "model": result.nullable_text("model"),
                "batch": result.nullable_flag("batch"),
                "service_tier": result.nullable_text("service_tier"),
                **input_classes(result),
                "output_tokens": result.whole("output_tokens"),
                **{name: result.optional_whole(name) for name in MODALITY_COLUMNS},
                "num_model_requests": result.whole("num_model_requests"),
            }


def cost_rows(buckets: list[Record], start: datetime, end: datetime, *, by_key: bool) -> Iterator[Row]:
    """Rows of stream ``costs``; without ``by_key`` they name no API key."""
    for bucket in buckets:
        begins, ends = bucket_times(bucket, start, end)
        for result in bucket.parts("results"):
            amount = result.part("amount")
            yield {
                "start_time": begins,
                "end_time": ends,
                "organization_id": result.optional_text("organization_id"),
                "project_id": result.nullable_text("project_id"),
                "api_key_id": result.nullable_text("api_key_id") if by_key else None,
                "line_item": result.nullable_text("line_item"),
                "amount": amount.money("value"),
                "currency": amount.currency("currency"),
                "quantity": result.optional_number("quantity"),
                "quantity_unit": result.optional_text("quantity_unit"),
            }


def project_row(item: Record) -> Row:
    return {
        "project_id": item.text("id"),
        "name": item.optional_text("name"),
        "status": item.optional_text("status"),
        "created_at": item.unix_moment("created_at"),
    }


def user_row(item: Record) -> Row:
    return {"user_id": item.text("id"), "name": item.optional_text("name"), "email": item.optional_text("email")}


def api_key_row(item: Record, project_id: str) -> Row:
    owner = item.part("owner")
    holder = owner.optional_part("user") or owner.optional_part("service_account")
    return {
        "api_key_id": item.text("id"),
        "project_id": project_id,
        "name": item.optional_text("name"),
        "owner_id": holder.text("id") if holder else None,
        "created_at": item.unix_moment("created_at"),
    }


def input_classes(result: Record) -> Row:
    """The disjoint input classes of a result and their total."""
    total = result.whole("input_tokens")
    cached = result.optional_whole("input_cached_tokens") or 0
    written = result.optional_whole("input_cache_write_tokens") or 0
    uncached = result.optional_whole("input_uncached_tokens")
    if uncached is None:
        uncached = total - cached - written
    if uncached < 0 or uncached + cached + written != total:
        raise result.drift(
            f"uncached {uncached}, cached {cached} and cache-write {written} tokens do not add up to input_tokens",
            total,
        )
    return {
        "input_tokens": total,
        "input_uncached_tokens": uncached,
        "input_cached_tokens": cached,
        "input_cache_write_tokens": written,
    }
