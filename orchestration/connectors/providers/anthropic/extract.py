"""Read Anthropic into the landing area: usage by hour, costs by day, workspaces, users and keys.

Grain: one landing partition per UTC day for ``usage`` and ``costs``, also for days without rows; ``current`` for
directories. Each day that is read replaces what was landed for it. A day's watermark is the provider's
``data_refreshed_at``, at most the moment of reading. Failure mode: the whole source is read before anything is
landed; any failure leaves the landing as it was.
"""

import time
from collections.abc import Callable
from datetime import date, datetime

from orchestration.connectors.errors import PermanentFailure
from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.landing import Landing
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.anthropic import client, records
from orchestration.connectors.reads import (
    Row,
    StreamRead,
    day_partitions,
    directory_read,
    land_reads,
    landed_days,
    refuse_duplicates,
)
from orchestration.connectors.window import day_windows, days_between, read_days
from orchestration.registry.company import Company

SOURCE = client.SOURCE
DAY_STREAMS = ("usage", "costs")


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
    if source.api == "legacy":
        raise PermanentFailure(SOURCE, "api: legacy is not supported yet; write api: analytics into sources.yaml")
    landed = set() if full_refresh else landed_days(landing, SOURCE, DAY_STREAMS)
    days = read_days(source, landed, as_of, company.config.zone)
    with client.open_api(source, secret, sleep=sleep, now=now) as api:
        organization_id = client.organization_id(api)
        reads = [
            _usage(api, organization_id, days),
            _costs(api, organization_id, days),
            *_directories(api, landing),
        ]
    return land_reads(landing, SOURCE, reads)


def _usage(api: JsonApi, organization_id: str, days: list[date]) -> StreamRead:
    rows: list[Row] = []
    watermarks: dict[date, datetime] = {}
    for start, end in day_windows(days, client.LONGEST_WINDOW_DAYS):
        report = client.usage_report(api, start, end)
        rows.extend(records.usage_rows(report.rows, organization_id, start, end))
        watermarks |= dict.fromkeys(days_between(start, end), report.watermark_at)
    refuse_duplicates(SOURCE, "usage", rows, records.USAGE_MEASURES)
    return StreamRead("usage", day_partitions(rows, watermarks, start="starting_at", origin=client.USAGE_PATH))


def _costs(api: JsonApi, organization_id: str, days: list[date]) -> StreamRead:
    rows: list[Row] = []
    watermarks: dict[date, datetime] = {}
    for start, end in day_windows(days, client.LONGEST_WINDOW_DAYS):
        report = client.cost_report(api, start, end)
        rows.extend(records.cost_rows(report.rows, organization_id, start, end))
        watermarks |= dict.fromkeys(days_between(start, end), report.watermark_at)
    refuse_duplicates(SOURCE, "costs", rows, records.COST_MEASURES)
    return StreamRead("costs", day_partitions(rows, watermarks, start="starting_at", origin=client.COSTS_PATH))


def _directories(api: JsonApi, landing: Landing) -> list[StreamRead]:
    read_at = api.now()

    def read(stream: str, key: str, rows: list[Row]) -> StreamRead:
        origin = f"/v1/organizations/{stream}"
        return directory_read(landing, SOURCE, stream, key=key, rows=rows, read_at=read_at, origin=origin)

    return [
        read("workspaces", "workspace_id", [records.workspace_row(item) for item in client.workspaces(api)]),
        read("api_keys", "api_key_id", [records.api_key_row(item) for item in client.api_keys(api)]),
        read("users", "user_id", [records.user_row(item) for item in client.users(api)]),
    ]
