"""Read Merge Gateway into the landing area: usage by UTC day, project and model.

Source: ``GET {base_url}/v1/organization/usage?start=&end=&group_by=project`` with a management key as bearer token.
The answer is one total per project over an inclusive range of days, so each day is asked for on its own; a day that has
not begun is not asked for.
Grain: see records.py; one landing partition per UTC day, also for days without rows. A day's watermark is the moment it
was asked for.
Failure mode: the whole source is read before anything is landed; any failure leaves the landing as it was.
"""

import time
from collections.abc import Callable
from datetime import date, datetime

from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.payload import Record
from orchestration.connectors.providers.merge_gateway import records
from orchestration.connectors.reads import Row, days_read, due_days, land_reads
from orchestration.connectors.window import day_windows, utc_midnight
from orchestration.landing.store import Landing
from orchestration.registry.company import Company
from orchestration.registry.sources import SourceConfig

SOURCE, STREAM = records.SOURCE, records.STREAM
PATH = "/v1/organization/usage"


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


def usage_of_day(api: JsonApi, day: date) -> Record:
    """What the gateway answers for one UTC day."""
    parameters = [("start", day.isoformat()), ("end", day.isoformat()), ("group_by", "project")]
    return Record(SOURCE, STREAM, api.get(PATH, parameters))


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
    days = due_days(company, landing, SOURCE, (STREAM,), as_of, full_refresh=full_refresh)
    with open_api(company.sources[SOURCE], secret, sleep=sleep, now=now) as api:

        def answer(start: datetime, end: datetime) -> tuple[list[Row], datetime]:
            asked_at = api.now()
            return list(records.usage_rows(usage_of_day(api, start.date()), start.date())), asked_at

        windows = day_windows([day for day in days if utc_midnight(day) <= api.now()], 1)
        read = days_read(SOURCE, STREAM, windows, answer, measures=records.MEASURES, start="start_time", origin=PATH)
    return land_reads(landing, SOURCE, [read])
