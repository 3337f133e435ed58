"""Read OpenAI into the landing area: usage of completions by hour, other usage and costs by day,
projects, users and keys.

Grain: one landing partition per UTC day for usage and costs, ``current`` for directories. Each
day that is read replaces what was landed for it. OpenAI publishes no freshness mark, so a day's watermark is the
moment it was asked for.
Failure mode: the whole source is read before anything is landed; any failure leaves the landing as it was.
"""

import time
from collections.abc import Callable
from datetime import date, datetime

from orchestration.connectors.errors import SchemaDrift
from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.landing import Landing
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.openai import client, other_usage, records
from orchestration.connectors.reads import (
    Row,
    StreamRead,
    day_partitions,
    directory_read,
    land_reads,
    landed_days,
    refuse_duplicates,
)
from orchestration.connectors.window import DAY, day_windows, days_between, read_days, utc_midnight
from orchestration.registry.company import Company

SOURCE = client.SOURCE
DAY_STREAMS = ("usage_completions", "usage_other", "costs")


def extract(
    company: Company,
    landing: Landing,
    as_of: date,
    secret: str | None,
    *,
    full_refresh: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = utc_now,
) -> list[StreamOutcome]:
    """Read what is due up to the local day ``as_of`` and land it; ``full_refresh`` reads every day since the start
    date.
    """
    source = company.sources[SOURCE]
    landed = set() if full_refresh else landed_days(landing, SOURCE, DAY_STREAMS)
    days = read_days(source, landed, as_of, company.config.zone)
    with client.open_api(source, secret, sleep=sleep, now=now) as api:
        reads = [_usage(api, days), _other_usage(api, days), _costs(api, days), *_directories(api, landing)]
    return land_reads(landing, SOURCE, reads)


def _usage(api: JsonApi, days: list[date]) -> StreamRead:
    rows: list[Row] = []
    watermarks: dict[date, datetime] = {}
    for start, end in day_windows(days):
        asked_at = api.now()
        buckets = client.usage_buckets(api, start, end)
        rows.extend(records.usage_rows(buckets, start, end))
        watermarks |= _answered(
            "usage_completions", {b.unix_moment("start_time") for b in buckets}, start, end, asked_at
        )
    refuse_duplicates(SOURCE, "usage_completions", rows, records.USAGE_MEASURES)
    return StreamRead(
        "usage_completions", day_partitions(rows, watermarks, start="start_time", origin=client.USAGE_PATH)
    )


def _other_usage(api: JsonApi, days: list[date]) -> StreamRead:
    rows: list[Row] = []
    watermarks: dict[date, datetime] = {}
    for start, end in day_windows(days):
        asked_at = api.now()
        watermarks |= dict.fromkeys(days_between(start, end), asked_at)
        for kind in other_usage.KINDS:
            buckets = client.other_usage_buckets(api, kind, start, end)
            if buckets is not None:
                rows.extend(other_usage.usage_other_rows(kind, buckets, start, end))
                begun = {bucket.unix_moment("start_time") for bucket in buckets}
                _answered(f"usage_other, kind {kind.name}", begun, start, end, asked_at)
    refuse_duplicates(SOURCE, "usage_other", rows, other_usage.MEASURES)
    origin = f"{client.USAGE_FOLDER}/*"
    return StreamRead("usage_other", day_partitions(rows, watermarks, start="start_time", origin=origin))


def _costs(api: JsonApi, days: list[date]) -> StreamRead:
    rows: list[Row] = []
    watermarks: dict[date, datetime] = {}
    floor = client.KEY_GROUPING_FLOOR.date()
    early, late = [day for day in days if day < floor], [day for day in days if day >= floor]
    for start, end in [*day_windows(early), *day_windows(late)]:
        asked_at = api.now()
        buckets, by_key = client.cost_buckets(api, start, end)
        rows.extend(records.cost_rows(buckets, start, end, by_key=by_key))
        watermarks |= _answered("costs", {b.unix_moment("start_time") for b in buckets}, start, end, asked_at)
    refuse_duplicates(SOURCE, "costs", rows, records.COST_MEASURES)
    return StreamRead("costs", day_partitions(rows, watermarks, start="start_time", origin=client.COSTS_PATH))


def _answered(
    stream: str, bucket_starts: set[datetime], start: datetime, end: datetime, asked_at: datetime
) -> dict[date, datetime]:
    """The watermark of every day asked for. A past day without any bucket was not answered: an empty day has empty
    buckets.
    """
    answered = {moment.date() for moment in bucket_starts}
    days = days_between(start, end)
    absent = [day for day in days if day not in answered and utc_midnight(day + DAY) <= asked_at]
    if absent:
        raise SchemaDrift(
            SOURCE,
            f"stream {stream}: no bucket for {absent[0]} ({len(absent)} days in all); a day without traffic is an "
            "empty bucket, so these were not answered. Nothing was landed.",
        )
    return dict.fromkeys(days, asked_at)


def _directories(api: JsonApi, landing: Landing) -> list[StreamRead]:
    """Projects, users and keys. Archived projects are listed too: their keys still stand in costs."""
    read_at = api.now()
    projects = [records.project_row(item) for item in client.projects(api)]
    users = [records.user_row(item) for item in client.users(api)]
    keys = [
        records.api_key_row(item, project["project_id"])
        for project in projects
        for item in client.project_api_keys(api, project["project_id"], is_archived=project["status"] == "archived")
    ]

    def read(stream: str, key: str, rows: list[Row], origin: str) -> StreamRead:
        return directory_read(landing, SOURCE, stream, key=key, rows=rows, read_at=read_at, origin=origin)

    return [
        read("projects", "project_id", projects, "/organization/projects"),
        read("users", "user_id", users, "/organization/users"),
        read("api_keys", "api_key_id", keys, "/organization/projects/*/api_keys"),
    ]
