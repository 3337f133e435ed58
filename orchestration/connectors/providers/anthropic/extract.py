"""Read Anthropic into the landing area: usage by hour, costs by day, workspaces, users and keys.

Grain: one landing partition per UTC day for ``usage`` and ``costs``, also for days without rows; ``current`` for
directories. Each day that is read replaces what was landed for it. A day's watermark is the provider's
``data_refreshed_at``, at most the moment of reading; the legacy reports have none, there it is that moment. Failure
mode: the whole source is read before anything is landed; any failure leaves the landing as it was.
"""

import time
from collections.abc import Callable, Iterable
from datetime import date, datetime

from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.anthropic import client, legacy, records
from orchestration.connectors.reads import Row, StreamRead, days_read, directory_read, due_days, land_reads
from orchestration.connectors.window import DAY, day_windows, utc_midnight
from orchestration.landing.store import Landing
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
    days = due_days(company, landing, SOURCE, DAY_STREAMS, as_of, full_refresh=full_refresh)
    with client.open_api(source, secret, sleep=sleep, now=now) as api:
        organization_id = client.organization_id(api)
        reports = _legacy if source.api == "legacy" else _analytics
        reads = [*reports(api, organization_id, days), *_directories(api, landing)]
    return land_reads(landing, SOURCE, reads)


def _analytics(api: JsonApi, organization_id: str, days: list[date]) -> list[StreamRead]:
    def usage(start: datetime, end: datetime) -> tuple[Iterable[Row], datetime]:
        report = client.usage_report(api, start, end)
        return records.usage_rows(report.rows, organization_id, start, end), report.watermark_at

    def costs(start: datetime, end: datetime) -> tuple[Iterable[Row], datetime]:
        report = client.cost_report(api, start, end)
        return records.cost_rows(report.rows, organization_id, start, end), report.watermark_at

    return [
        _days_read("usage", days, usage, records.USAGE_MEASURES, client.USAGE_PATH),
        _days_read("costs", days, costs, records.COST_MEASURES, client.COSTS_PATH),
    ]


def _legacy(api: JsonApi, organization_id: str, days: list[date]) -> list[StreamRead]:
    def usage(start: datetime, end: datetime) -> tuple[Iterable[Row], datetime]:
        report = legacy.usage_report(api, start, end)
        return legacy.usage_rows(report.rows, organization_id, start, end), report.watermark_at

    def costs(start: datetime, end: datetime) -> tuple[Iterable[Row], datetime]:
        report = legacy.cost_report(api, start, end)
        return legacy.cost_rows(report.rows, organization_id, start, end), report.watermark_at

    over = [day for day in days if utc_midnight(day + DAY) <= api.now()]
    return [
        _days_read("usage", days, usage, records.USAGE_MEASURES, legacy.USAGE_PATH),
        _days_read("costs", over, costs, records.COST_MEASURES, legacy.COSTS_PATH),
    ]


def _days_read(
    stream: str,
    days: list[date],
    answer: Callable[[datetime, datetime], tuple[Iterable[Row], datetime]],
    measures: tuple[str, ...],
    origin: str,
) -> StreamRead:
    windows = day_windows(days, client.LONGEST_WINDOW_DAYS)
    return days_read(SOURCE, stream, windows, answer, measures=measures, start="starting_at", origin=origin)


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
