"""OpenAI's organization endpoints, page by page.

Source: ``GET {base_url}/organization/...`` with an admin key as bearer token; ``base_url`` ends in ``/v1``.
Grain: usage of completions is one bucket per hour, other usage and costs one per UTC day; each bucket holds one
result per group.
Failure mode: typed failures of http.py; costs by API key are refused before 2025-12-06 and, for some organizations,
altogether: such a window is read again without that dimension, and its rows then name no key. A usage kind that not
every organization has is logged as absent when the provider does not know it.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from orchestration.connectors.http import JsonApi, Refused, utc_now
from orchestration.connectors.paging import listed, token_pages
from orchestration.connectors.payload import Record
from orchestration.connectors.providers.openai.other_usage import UsageKind
from orchestration.registry.sources import SourceConfig

SOURCE = "openai"
USAGE_FOLDER, COSTS_PATH = "/organization/usage", "/organization/costs"
USAGE_PATH = f"{USAGE_FOLDER}/completions"
USAGE_GROUPS = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier")
COST_GROUPS = ("project_id", "line_item")
KEY_GROUP = "api_key_id"
KEY_GROUPING_FLOOR = datetime.fromtimestamp(1764979200, UTC)
USAGE_BUCKETS_PER_PAGE, DAY_BUCKETS_PER_PAGE, COST_BUCKETS_PER_PAGE, ITEMS_PER_PAGE = 168, 31, 180, 100

_log = logging.getLogger(__name__)


def open_api(
    source: SourceConfig,
    secret: str | None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = utc_now,
) -> JsonApi:
    return JsonApi(
        SOURCE,
        source.base_url,
        secret=secret,
        secret_env=source.api_key_env,
        timeout_seconds=source.timeout_seconds,
        sleep=sleep,
        now=now,
    )


def usage_buckets(api: JsonApi, start: datetime, end: datetime) -> list[Record]:
    """The hourly buckets of completions usage in ``[start, end)``."""
    shape = [("bucket_width", "1h"), ("limit", str(USAGE_BUCKETS_PER_PAGE))]
    return _buckets(api, "usage_completions", USAGE_PATH, start, end, shape, USAGE_GROUPS)


def other_usage_buckets(api: JsonApi, kind: UsageKind, start: datetime, end: datetime) -> list[Record] | None:
    """The daily buckets of another kind of usage in ``[start, end)``; None when an optional kind is not known there."""
    shape = [("bucket_width", "1d"), ("limit", str(DAY_BUCKETS_PER_PAGE))]
    try:
        return _buckets(api, "usage_other", f"{USAGE_FOLDER}/{kind.name}", start, end, shape, kind.groups)
    except Refused as refusal:
        if refusal.status != 404 or not kind.is_optional:
            raise
        _log.warning("%s: usage kind %s is not known to this API; it was left out", SOURCE, kind.name)
        return None


def cost_buckets(api: JsonApi, start: datetime, end: datetime) -> tuple[list[Record], bool]:
    """The daily cost buckets in ``[start, end)``, and whether they are grouped by API key."""
    shape = [("bucket_width", "1d"), ("limit", str(COST_BUCKETS_PER_PAGE))]
    if start >= KEY_GROUPING_FLOOR:
        try:
            return _buckets(api, "costs", COSTS_PATH, start, end, shape, (*COST_GROUPS, KEY_GROUP)), True
        except Refused as refusal:
            if refusal.status != 400 or refusal.parameter not in (None, "group_by", "group_by[]"):
                raise
            _log.warning("%s: costs by API key are refused from %s to %s; read without keys", SOURCE, start, end)
    return _buckets(api, "costs", COSTS_PATH, start, end, shape, COST_GROUPS), False


def projects(api: JsonApi) -> Iterator[Record]:
    """All projects, archived ones too."""
    return _items(api, "projects", "/organization/projects", ("include_archived", "true"))


def users(api: JsonApi) -> Iterator[Record]:
    return _items(api, "users", "/organization/users")


def project_api_keys(api: JsonApi, project_id: str, *, is_archived: bool) -> Iterator[Record]:
    """The keys of one project, also those whose owner has lost access to it; none where the keys of an archived
    project are gone.
    """
    path = f"/organization/projects/{project_id}/api_keys"
    try:
        yield from _items(api, "api_keys", path, ("owner_project_access", "any"))
    except Refused as refusal:
        if refusal.status != 404 or not is_archived:
            raise


def _buckets(
    api: JsonApi,
    stream: str,
    path: str,
    start: datetime,
    end: datetime,
    shape: list[tuple[str, str]],
    groups: tuple[str, ...],
) -> list[Record]:
    window = [("start_time", str(int(start.timestamp()))), ("end_time", str(int(end.timestamp())))]
    parameters = [*window, *shape, *(("group_by[]", group) for group in groups)]
    return [bucket for page in token_pages(api, stream, path, parameters) for bucket in page.parts("data")]


def _items(api: JsonApi, stream: str, path: str, *parameters: tuple[str, str]) -> Iterator[Record]:
    return listed(api, stream, path, [*parameters, ("limit", str(ITEMS_PER_PAGE))], parameter="after")
