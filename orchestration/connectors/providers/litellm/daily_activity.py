"""The gateway's daily totals (``mode: daily_activity``), for gateways whose request log is switched off.

Source: ``GET {base_url}/user/daily/activity`` with an admin key, in UTC days: a ``timezone`` is never sent, since
versions of the gateway widen the range for it. Pages slice the gateway's own rows, so one date comes in pieces, which
are added up once all pages are there.
Grain: UTC day, model and virtual key (token hash), from the breakdown by model and key; what a day's totals have
beyond it stands on a row without model and key. The provider is named where the day has only one. ``prompt_tokens``
includes cache reads and writes; ``gateway_spend`` is the gateway's estimate, text in dollars.
Failure mode: typed failures of http.py; parts beyond their total are :class:`SchemaDrift`.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from orchestration.connectors.http import JsonApi
from orchestration.connectors.payload import Record
from orchestration.connectors.reads import PartitionRead, Row, day_partitions
from orchestration.connectors.window import DAY, day_windows, days_between, utc_midnight

SOURCE, STREAM = "litellm", "daily_activity"
PATH = "/user/daily/activity"
PAGE_SIZE, LONGEST_WINDOW_DAYS = 1000, 31
COUNTS = {
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
    "api_requests": "api_requests",
    "successful_requests": "successful_requests",
    "failed_requests": "failed_requests",
}
ROUNDING = Decimal("0.000001")
"""The gateway adds up in floating point: parts may differ from their total by less than this."""

Key = tuple[date, str | None, str | None]


class Totals:
    """Counts and dollars of one day, model and key, over all pages."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNTS, 0)
        self.spend = Decimal(0)
        self.names: dict[str, str | None] = {"key_alias": None, "team_id": None}

    def add(self, metrics: Record, sign: int = 1) -> None:
        for column, field in COUNTS.items():
            self.counts[column] += sign * metrics.whole(field)
        self.spend += sign * Decimal(metrics.money("spend"))


def read_daily_activity(api: JsonApi, days: list[date]) -> list[PartitionRead]:
    """One partition per UTC day of ``days``, also without rows."""
    rows: list[Row] = []
    watermarks: dict[date, datetime] = {}
    for start, end in day_windows(days, LONGEST_WINDOW_DAYS):
        asked = days_between(start, end)
        watermarks |= dict.fromkeys(asked, api.now())
        rows.extend(_rows(_pages(api, asked[0], asked[-1]), set(asked)))
    return day_partitions(rows, watermarks, start="start_time", origin=PATH)


def _pages(api: JsonApi, first: date, last: date) -> Iterator[Record]:
    parameters = [("start_date", first.isoformat()), ("end_date", last.isoformat()), ("page_size", str(PAGE_SIZE))]
    number, has_more = 1, True
    while has_more:
        page = Record(SOURCE, STREAM, api.get(PATH, [*parameters, ("page", str(number))]))
        yield page
        has_more = page.part("metadata").flag("has_more")
        if has_more and not page.parts("results"):
            raise page.drift("has_more is true on a page without results")
        number += 1


def _rows(pages: Iterable[Record], asked: set[date]) -> Iterator[Row]:
    totals: dict[Key, Totals] = {}
    providers: dict[date, set[str]] = {}
    for page in pages:
        for item in page.parts("results"):
            day = _day(item, asked)
            breakdown = item.part("breakdown")
            providers.setdefault(day, set()).update(_named(breakdown, "providers"))
            rest = totals.setdefault((day, None, None), Totals())
            rest.add(item.part("metrics"))
            for model, used in _named(breakdown, "models").items():
                for key, part in _named(used, "api_key_breakdown").items():
                    one = totals.setdefault((day, model, key), Totals())
                    one.add(part.part("metrics"))
                    told = part.part("metadata")
                    one.names = {name: told.optional_text(name) or known for name, known in one.names.items()}
                    rest.add(part.part("metrics"), -1)
    for (day, used_model, used_key), one in totals.items():
        if min(one.counts.values()) < 0 or one.spend < -ROUNDING:
            raise Record(SOURCE, STREAM, {}).drift(f"the models of {day} have more than the day's own totals")
        if used_model is not None or any(one.counts.values()) or one.spend > ROUNDING:
            only = next(iter(providers[day])) if len(providers[day]) == 1 else None
            yield _row(day, used_model, used_key, one, only)


def _row(day: date, model: str | None, key: str | None, one: Totals, provider: str | None) -> dict[str, Any]:
    return {
        "start_time": utc_midnight(day),
        "end_time": utc_midnight(day + DAY),
        "model": model,
        "api_key": key,
        **one.names,
        "custom_llm_provider": provider,
        "gateway_spend": format(max(one.spend, Decimal(0)), "f"),
        **one.counts,
    }


def _named(part: Record, name: str) -> dict[str, Record]:
    """The entries of an object from name to record."""
    entries = part.part(name)
    return {key: entries.part(key) for key in entries.fields()}


def _day(item: Record, asked: set[date]) -> date:
    text = item.text("date")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day not in asked:
        raise item.drift("field date is not a day that was asked for", text)
    return day
