"""OpenAI's usage kinds besides completions as rows of stream ``usage_other``: one row per day, group and measure.

A kind measures one class (images, characters, ...), decisions measure four disjoint token classes. The model requests
of a group stand on the row of its first class only, so that a sum never multiplies them; null where the kind has none.
Requests that completions count already (web search) are landed as the provider states them.
Failure mode: a missing measure or dimension is :class:`SchemaDrift`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orchestration.connectors.payload import Record
from orchestration.connectors.providers.openai.records import bucket_times, input_classes
from orchestration.connectors.reads import Row

DIMENSIONS = ("project_id", "user_id", "api_key_id", "model")
MEASURES = ("quantity", "num_model_requests")


@dataclass(frozen=True)
class UsageKind:
    """``field`` is the provider's measure, None for the token classes of decisions; ``groups`` the dimensions that the
    kind can be grouped by. A kind that not every organization has yet is ``optional``.
    """

    name: str
    field: str | None
    token_class: str
    unit: str
    groups: tuple[str, ...] = DIMENSIONS
    has_requests: bool = True
    is_optional: bool = False


KINDS = (
    UsageKind("embeddings", "input_tokens", "input_uncached", "tokens"),
    UsageKind("moderations", "input_tokens", "input_uncached", "tokens"),
    UsageKind("images", "images", "images", "images"),
    UsageKind("audio_speeches", "characters", "characters", "characters"),
    UsageKind("audio_transcriptions", "seconds", "seconds", "seconds"),
    UsageKind("vector_stores", "usage_bytes", "vector_store_bytes", "bytes", ("project_id",), has_requests=False),
    UsageKind(
        "code_interpreter_sessions",
        "num_sessions",
        "code_interpreter_session",
        "sessions",
        ("project_id",),
        has_requests=False,
    ),
    UsageKind("file_search_calls", "num_requests", "file_search_call", "calls", DIMENSIONS[:3], has_requests=False),
    UsageKind("web_search_calls", "num_requests", "web_search", "searches"),
    UsageKind("decisions", None, "input_uncached", "tokens", is_optional=True),
)


def usage_other_rows(kind: UsageKind, buckets: list[Record], start: datetime, end: datetime) -> Iterator[Row]:
    """Rows of stream ``usage_other`` of one kind."""
    for bucket in buckets:
        begins, ends = bucket_times(bucket, start, end)
        for result in bucket.parts("results"):
            requests = result.whole("num_model_requests") if kind.has_requests else None
            group = {name: result.nullable_text(name) if name in kind.groups else None for name in DIMENSIONS}
            for token_class, quantity in _classes(kind, result).items():
                yield {
                    "start_time": begins,
                    "end_time": ends,
                    "usage_kind": kind.name,
                    **group,
                    "token_class": token_class,
                    "quantity": quantity,
                    "unit": kind.unit,
                    "num_model_requests": requests if token_class == kind.token_class else None,
                }


def _classes(kind: UsageKind, result: Record) -> dict[str, int]:
    if kind.field is not None:
        return {kind.token_class: result.whole(kind.field)}
    tokens = input_classes(result)
    return {
        "input_uncached": tokens["input_uncached_tokens"],
        "cache_read": tokens["input_cached_tokens"],
        "cache_write_other": tokens["input_cache_write_tokens"],
        "output": result.whole("output_tokens"),
    }
