"""Read Claude Code analytics into the landing area: activity, tokens and estimated cost of each developer by day.

Source: ``GET {base_url}/v1/organizations/usage_report/claude_code``, one UTC day per call, with an Anthropic admin key.
The estimate overlaps the API's own costs, so it is never added to them.
Grain: see records.py; one landing partition per UTC day, also for days without rows. The provider publishes activity
an hour after it happened, so a day's watermark lies an hour before it was asked for. A day that has not begun is not
asked for.
Failure mode: typed failures of http.py and payload.py; whatever fails, the landing stays as it was.
"""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.landing import Landing
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.paging import token_pages
from orchestration.connectors.providers.anthropic.client import open_api
from orchestration.connectors.providers.claude_code import records
from orchestration.connectors.reads import Row, StreamRead, day_partitions, land_reads, landed_days, refuse_duplicates
from orchestration.connectors.window import read_days, utc_midnight
from orchestration.registry.company import Company

SOURCE, STREAM = records.SOURCE, records.STREAM
PATH = "/v1/organizations/usage_report/claude_code"
RECORDS_PER_PAGE = 1000
PUBLISHED_AFTER = timedelta(hours=1)


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
    landed = set() if full_refresh else landed_days(landing, SOURCE, (STREAM,))
    with open_api(source, secret, name=SOURCE, sleep=sleep, now=now) as api:
        begun = [day for day in read_days(source, landed, as_of, company.config.zone) if utc_midnight(day) <= api.now()]
        rows: list[Row] = []
        watermarks: dict[date, datetime] = {}
        for day in begun:
            watermarks[day] = api.now() - PUBLISHED_AFTER
            rows.extend(_rows_of(api, day))
    refuse_duplicates(SOURCE, STREAM, rows, records.MEASURES)
    partitions = day_partitions(rows, watermarks, start="starting_at", origin=PATH)
    return land_reads(landing, SOURCE, [StreamRead(STREAM, partitions)])


def _rows_of(api: JsonApi, day: date) -> list[Row]:
    parameters = [("starting_at", day.isoformat()), ("limit", str(RECORDS_PER_PAGE))]
    pages = token_pages(api, STREAM, PATH, parameters)
    return [row for page in pages for item in page.parts("data") for row in records.daily_rows(item, day)]
