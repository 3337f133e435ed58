"""Read OpenRouter into the landing area: activity by UTC day and key, and the names of the keys.

Grain: one landing partition per UTC day for ``activity``, ``current`` for the keys. OpenRouter answers for the last 30
days that are over and for no other: today is not read, and a day that was never read in time stays missing, which is
logged. A day's watermark is the moment it was asked for.
Failure mode: the whole source is read before anything is landed; any failure leaves the landing as it was. Keys whose
sum exceeds the organization's total are :class:`SchemaDrift`.
"""

import logging
import time
from collections.abc import Callable
from datetime import date, datetime

from orchestration.connectors.http import JsonApi, utc_now
from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.openrouter import client, records
from orchestration.connectors.reads import (
    Row,
    StreamRead,
    day_partitions,
    directory_read,
    land_reads,
    landed_days,
    refuse_duplicates,
)
from orchestration.connectors.window import DAY, read_days
from orchestration.landing.store import Landing
from orchestration.registry.company import Company

SOURCE = client.SOURCE
DAYS_KEPT = 30

_log = logging.getLogger(__name__)


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
    """Read what is due up to the local day ``as_of`` and is still kept, and land it; ``full_refresh`` reads every day
    that is kept since the start date.
    """
    source = company.sources[SOURCE]
    landed = landed_days(landing, SOURCE, ("activity",))
    with client.open_api(source, secret, sleep=sleep, now=now) as api:
        today = api.now().date()
        due = read_days(source, set() if full_refresh else landed, as_of, company.config.zone)
        lost = [day for day in due if day < today - DAYS_KEPT * DAY and day not in landed]
        if lost:
            _log.warning("%s: %d days from %s on are no longer kept and stay missing", SOURCE, len(lost), lost[0])
        days = {day for day in due if today - DAYS_KEPT * DAY <= day < today}
        read_at = api.now()
        keys = [{"api_key_id": key.text("hash"), "name": key.optional_text("name")} for key in client.keys(api)]
        rows = _rows(api, [key["api_key_id"] for key in keys], days) if days else []
    refuse_duplicates(SOURCE, "activity", rows, records.MEASURES)
    activity = day_partitions(rows, dict.fromkeys(days, read_at), start="start_time", origin=client.ACTIVITY_PATH)
    directory = directory_read(
        landing, SOURCE, "api_keys", key="api_key_id", rows=keys, read_at=read_at, origin=client.KEYS_PATH
    )
    return land_reads(landing, SOURCE, [StreamRead("activity", activity), directory])


def _rows(api: JsonApi, key_hashes: list[str | None], days: set[date]) -> list[Row]:
    by_key = [
        row for key_hash in key_hashes for row in records.activity_rows(client.activity(api, key_hash), key_hash, days)
    ]
    total = list(records.activity_rows(client.activity(api), None, days))
    refuse_duplicates(SOURCE, "activity", total, records.MEASURES)
    return [*by_key, *records.without_key(total, by_key)]
