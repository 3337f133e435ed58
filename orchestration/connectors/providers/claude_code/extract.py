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
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.paging import token_pages
from orchestration.connectors.providers.anthropic.client import open_api
from orchestration.connectors.providers.claude_code import records
from orchestration.connectors.reads import Row, days_read, due_days, land_reads
from orchestration.connectors.window import day_windows, utc_midnight
from orchestration.landing.store import Landing
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
    days = due_days(company, landing, SOURCE, (STREAM,), as_of, full_refresh=full_refresh)
    with open_api(company.sources[SOURCE], secret, name=SOURCE, sleep=sleep, now=now) as api:

        def answer(start: datetime, end: datetime) -> tuple[list[Row], datetime]:
            watermark = api.now() - PUBLISHED_AFTER
            return _rows_of(api, start.date()), watermark

        windows = day_windows([day for day in days if utc_midnight(day) <= api.now()], 1)
        read = days_read(SOURCE, STREAM, windows, answer, measures=records.MEASURES, start="starting_at", origin=PATH)
    return land_reads(landing, SOURCE, [read])


def _rows_of(api: JsonApi, day: date) -> list[Row]:
    parameters = [("starting_at", day.isoformat()), ("limit", str(RECORDS_PER_PAGE))]
    pages = token_pages(api, STREAM, PATH, parameters)
    return [row for page in pages for item in page.parts("data") for row in records.daily_rows(item, day)]
