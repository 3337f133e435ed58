"""Anthropic's older usage and cost reports (``api: legacy``) as rows of the same streams.

Source: ``GET /v1/organizations/usage_report/messages`` (buckets of an hour) and ``/cost_report`` (buckets of a UTC
day), with an admin key. Against the analytics reports they have no request counts, no list price, no API key on costs
and no freshness mark: these stay null, and a day's watermark is the moment it was asked for. Costs leave out Priority
Tier. Amounts are text in cents.
Failure mode: typed failures of http.py. A range without a complete day is refused by the provider, so a day of costs
is asked for once it is over.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from orchestration.connectors.http import JsonApi
from orchestration.connectors.paging import token_pages
from orchestration.connectors.payload import Record
from orchestration.connectors.providers.anthropic.client import GROUPS, SOURCE, Report, rfc3339
from orchestration.connectors.providers.anthropic.records import GROUP_COLUMNS, TOKEN_COLUMNS, bucket_times
from orchestration.connectors.reads import Row, refuse_duplicates

USAGE_PATH, COSTS_PATH = "/v1/organizations/usage_report/messages", "/v1/organizations/cost_report"
COST_GROUPS = ("workspace_id", "description")
USAGE_BUCKETS_PER_PAGE, COST_BUCKETS_PER_PAGE = 168, 31
COST_DIMENSIONS = ("workspace_id", "model", "service_tier", "context_window", "cost_type", "token_type")


def usage_report(api: JsonApi, start: datetime, end: datetime) -> Report:
    """The hourly buckets of usage in ``[start, end)``."""
    shape = [("bucket_width", "1h"), ("limit", str(USAGE_BUCKETS_PER_PAGE))]
    return _report(api, "usage", USAGE_PATH, start, end, shape, GROUPS)


def cost_report(api: JsonApi, start: datetime, end: datetime) -> Report:
    """The daily buckets of costs in ``[start, end)``."""
    shape = [("bucket_width", "1d"), ("limit", str(COST_BUCKETS_PER_PAGE))]
    return _report(api, "costs", COSTS_PATH, start, end, shape, COST_GROUPS)


def usage_rows(buckets: Iterable[Record], organization_id: str, start: datetime, end: datetime) -> Iterator[Row]:
    """Rows of stream ``usage``; ``requests`` is null throughout."""
    for bucket in buckets:
        times = bucket_times(bucket, start, end)
        for result in bucket.parts("results"):
            written = result.part("cache_creation")
            tokens = {name: result.whole(name) for name in TOKEN_COLUMNS if not name.startswith("cache_creation")}
            yield {
                **times,
                "organization_id": organization_id,
                **{name: result.nullable_text(name) for name in GROUP_COLUMNS},
                **tokens,
                "cache_creation_5m_input_tokens": written.whole("ephemeral_5m_input_tokens"),
                "cache_creation_1h_input_tokens": written.whole("ephemeral_1h_input_tokens"),
                "web_search_requests": result.part("server_tool_use").whole("web_search_requests"),
                "requests": None,
            }


def cost_rows(buckets: Iterable[Record], organization_id: str, start: datetime, end: datetime) -> Iterator[Row]:
    """Rows of stream ``costs``, without API key. Lines that differ in what the stream does not hold (description,
    inference geography) are added up exactly.
    """
    lines = [line for bucket in buckets for line in _cost_lines(bucket, start, end)]
    refuse_duplicates(SOURCE, "costs", lines, ("amount_cents",))
    summed: dict[tuple[object, ...], Decimal] = {}
    for line in lines:
        key = tuple(value for name, value in line.items() if name not in ("description", "geography", "amount_cents"))
        summed[key] = summed.get(key, Decimal(0)) + Decimal(line["amount_cents"])
    for (starting_at, ending_at, *dimensions, currency), amount in summed.items():
        yield {
            "starting_at": starting_at,
            "ending_at": ending_at,
            "organization_id": organization_id,
            "api_key_id": None,
            **dict(zip(COST_DIMENSIONS, dimensions, strict=True)),
            "amount_cents": format(amount, "f"),
            "list_amount_cents": None,
            "currency": currency,
        }


def _cost_lines(bucket: Record, start: datetime, end: datetime) -> Iterator[Row]:
    times = bucket_times(bucket, start, end)
    for result in bucket.parts("results"):
        yield {
            **times,
            **{name: result.nullable_text(name) for name in COST_DIMENSIONS},
            "currency": result.currency("currency"),
            "description": result.nullable_text("description"),
            "geography": result.optional_text("inference_geo"),
            "amount_cents": result.money("amount"),
        }


def _report(
    api: JsonApi,
    stream: str,
    path: str,
    start: datetime,
    end: datetime,
    shape: list[tuple[str, str]],
    groups: tuple[str, ...],
) -> Report:
    window = [("starting_at", rfc3339(start)), ("ending_at", rfc3339(end))]
    parameters = [*window, *shape, *(("group_by[]", group) for group in groups)]
    asked_at = api.now()
    buckets = [bucket for page in token_pages(api, stream, path, parameters) for bucket in page.parts("data")]
    return Report(buckets, asked_at)
