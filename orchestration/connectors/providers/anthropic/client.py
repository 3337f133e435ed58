"""Anthropic's analytics usage and cost reports and its directories, page by page.

Source: ``GET {base_url}/v1/organizations/...`` with an admin key in ``x-api-key``; the reports are a beta, asked for
by header.
Grain: flat rows, one per bucket (hour for usage, UTC day for costs) and group; a report spans at most 31 days.
Failure mode: typed failures of http.py.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.paging import listed, token_pages
from orchestration.connectors.payload import Record
from orchestration.registry.sources import SourceConfig

SOURCE = "anthropic"
VERSION, BETA = "2023-06-01", "analytics-usage-cost-2026-08-24"
USAGE_PATH, COSTS_PATH = "/v1/organizations/analytics/usage", "/v1/organizations/analytics/cost"
GROUPS = ("workspace_id", "model", "service_tier", "context_window", "api_key_id")
COST_GROUPS = (*GROUPS, "cost_type", "token_type")
LONGEST_WINDOW_DAYS = 31
ROWS_PER_PAGE = 1000


@dataclass(frozen=True)
class Report:
    """The rows (or buckets) of one window, and the moment up to which the provider's data reached when it was read."""

    rows: list[Record]
    watermark_at: datetime


def open_api(
    source: SourceConfig,
    secret: str | None,
    *,
    name: str = SOURCE,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = utc_now,
) -> JsonApi:
    """The API for source ``name``; the beta header goes with the analytics reports only."""
    beta = {"anthropic-beta": BETA} if source.api == "analytics" else {}
    return JsonApi(
        name,
        source.base_url,
        secret=secret,
        secret_env=source.api_key_env,
        secret_header="x-api-key",
        secret_prefix="",
        headers={"anthropic-version": VERSION, **beta},
        timeout_seconds=source.timeout_seconds,
        sleep=sleep,
        now=now,
    )


def usage_report(api: JsonApi, start: datetime, end: datetime) -> Report:
    """Usage by hour in ``[start, end)``."""
    return _report(api, "usage", USAGE_PATH, start, end, "1h", GROUPS)


def cost_report(api: JsonApi, start: datetime, end: datetime) -> Report:
    """Costs by UTC day in ``[start, end)``."""
    return _report(api, "costs", COSTS_PATH, start, end, "1d", COST_GROUPS)


def organization_id(api: JsonApi) -> str:
    """The organization the key belongs to."""
    return Record(SOURCE, "organization", api.get("/v1/organizations/me")).text("id")


def workspaces(api: JsonApi) -> Iterator[Record]:
    """All workspaces, archived ones and the default one too."""
    extra = [("include_archived", "true"), ("include_default", "true")]
    return _items(api, "workspaces", "/v1/organizations/workspaces", *extra)


def api_keys(api: JsonApi) -> Iterator[Record]:
    return _items(api, "api_keys", "/v1/organizations/api_keys")


def users(api: JsonApi) -> Iterator[Record]:
    return _items(api, "users", "/v1/organizations/users")


def _report(
    api: JsonApi, stream: str, path: str, start: datetime, end: datetime, width: str, groups: tuple[str, ...]
) -> Report:
    parameters = [
        ("starting_at", rfc3339(start)),
        ("ending_at", rfc3339(end)),
        ("time_bucket_width", width),
        ("order", "asc"),
        ("order_by", "time"),
        ("limit", str(ROWS_PER_PAGE)),
        *(("group_by[]", group) for group in groups),
    ]
    watermark = api.now()
    rows: list[Record] = []
    for page in token_pages(api, stream, path, parameters):
        watermark = min(watermark, page.moment("data_refreshed_at"))
        rows.extend(page.parts("data"))
    return Report(rows, watermark)


def _items(api: JsonApi, stream: str, path: str, *parameters: tuple[str, str]) -> Iterator[Record]:
    return listed(api, stream, path, [*parameters, ("limit", str(ROWS_PER_PAGE))], parameter="after_id")


def rfc3339(moment: datetime) -> str:
    """A moment in UTC as the API wants it, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
