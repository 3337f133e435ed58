"""Read OpenAI into the landing area: usage of completions by hour, other usage and costs by day,
projects, users and keys.

Grain: one landing partition per UTC day for usage and costs, ``current`` for directories. Each
day that is read replaces what was landed for it. OpenAI publishes no freshness mark, so a day's watermark is the
moment it was asked for.
Failure mode: the whole source is read before anything is landed; any failure leaves the landing as it was.
"""

import time
from collections.abc import Callable, Iterable
from datetime import date, datetime

from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.payload import Record
from orchestration.connectors.providers.openai import client, other_usage, records
from orchestration.connectors.reads import Row, StreamRead, days_read, directory_read, due_days, land_reads
from orchestration.connectors.window import DAY, day_windows, days_between, utc_midnight
from orchestration.landing.errors import SchemaDrift
from orchestration.landing.store import Landing
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
    days = due_days(company, landing, SOURCE, DAY_STREAMS, as_of, full_refresh=full_refresh)
    with client.open_api(company.sources[SOURCE], secret, sleep=sleep, now=now) as api:
        reads = [_usage(api, days), _other_usage(api, days), _costs(api, days), *_directories(api, landing)]
    return land_reads(landing, SOURCE, reads)


def _usage(api: JsonApi, days: list[date]) -> StreamRead:
    def answer(start: datetime, end: datetime) -> tuple[list[Row], datetime]:
        asked_at = api.now()
        buckets = client.usage_buckets(api, start, end)
        rows = list(records.usage_rows(buckets, start, end))
        _refuse_unanswered("usage_completions", buckets, start, end, asked_at)
        return rows, asked_at

    return _days_read("usage_completions", day_windows(days), answer, records.USAGE_MEASURES, client.USAGE_PATH)


def _other_usage(api: JsonApi, days: list[date]) -> StreamRead:
    def answer(start: datetime, end: datetime) -> tuple[list[Row], datetime]:
        asked_at = api.now()
        rows: list[Row] = []
        for kind in other_usage.KINDS:
            buckets = client.other_usage_buckets(api, kind, start, end)
            if buckets is not None:
                rows.extend(other_usage.usage_other_rows(kind, buckets, start, end))
                _refuse_unanswered(f"usage_other, kind {kind.name}", buckets, start, end, asked_at)
        return rows, asked_at

    return _days_read("usage_other", day_windows(days), answer, other_usage.MEASURES, f"{client.USAGE_FOLDER}/*")


def _costs(api: JsonApi, days: list[date]) -> StreamRead:
    floor = client.KEY_GROUPING_FLOOR.date()
    early, late = [day for day in days if day < floor], [day for day in days if day >= floor]

    def answer(start: datetime, end: datetime) -> tuple[list[Row], datetime]:
        asked_at = api.now()
        buckets, by_key = client.cost_buckets(api, start, end)
        rows = list(records.cost_rows(buckets, start, end, by_key=by_key))
        _refuse_unanswered("costs", buckets, start, end, asked_at)
        return rows, asked_at

    windows = [*day_windows(early), *day_windows(late)]
    return _days_read("costs", windows, answer, records.COST_MEASURES, client.COSTS_PATH)


def _days_read(
    stream: str,
    windows: list[tuple[datetime, datetime]],
    answer: Callable[[datetime, datetime], tuple[list[Row], datetime]],
    measures: Iterable[str],
    origin: str,
) -> StreamRead:
    return days_read(SOURCE, stream, windows, answer, measures=measures, start="start_time", origin=origin)


def _refuse_unanswered(stream: str, buckets: list[Record], start: datetime, end: datetime, asked_at: datetime) -> None:
    """A past day without any bucket was not answered: an empty day has empty buckets."""
    answered = {bucket.unix_moment("start_time").date() for bucket in buckets}
    absent = [day for day in days_between(start, end) if day not in answered and utc_midnight(day + DAY) <= asked_at]
    if absent:
        raise SchemaDrift(
            SOURCE,
            f"stream {stream}: no bucket for {absent[0]} ({len(absent)} days in all); a day without traffic is an "
            "empty bucket, so these were not answered. Nothing was landed.",
        )


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
