"""What the simulated company used: rows per hour for OpenAI and Anthropic, per day for the cloud bill, per call for
the gateway.

Grain: one ``OpenAIUsage`` per hour x project x key x user x model, one ``AnthropicUsage`` per hour x workspace x key
x model, one ``CloudCharge`` per day x token kind, one ``ExtraCharge`` per day for lines billed without usage. A
restated row carries the moment from which, or until which, the provider reports it; ``as_reported`` gives the view at
a clock.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from orchestration.demo import gateway_calls
from orchestration.demo.catalog import (
    FIRST_DAY,
    LAST_SIMULATED_DAY,
    MISSING_CLOUD_DAY,
    RESTATED_AT,
    STARTED_ON,
    UNPRICED_FROM,
    UNPRICED_MODEL,
    days,
    moment,
)
from orchestration.demo.series import hundreds, noise, volatile, weekend

HOURS = ((8, 20), (10, 25), (13, 25), (16, 20), (21, 10))
"""Hours of the day with traffic and their share of it in per cent."""
ENGINEERS = ("user_imani", "user_tomasz", "user_yuki")
FLAGSHIP_REPLIES, LEFT_FLAGSHIP_ON = ("key_reply", "gpt-6-sol"), date(2026, 7, 31)
"""The reply assistant answered a part of its questions with a dearer model until this day."""
CACHE_BROKEN_FROM = date(2026, 10, 5)
"""A changed prompt of the clause review: from then on a quarter of what was read from the cache is sent anew."""
SHARED_FROM = date(2026, 8, 1)
RESTATED_OPENAI_DAYS = (date(2026, 10, 20), date(2026, 10, 21))
RESTATED_ANTHROPIC_DAY = date(2026, 10, 25)

Shape = Callable[[date], float]


@dataclass(frozen=True, kw_only=True)
class OpenAIUsage:
    """Tokens of one hour; the classes are disjoint, ``cached`` and ``cache_write`` stand beside ``uncached``."""

    hour: datetime
    project_id: str
    api_key_id: str
    user_id: str | None
    model: str
    uncached: int
    cached: int
    cache_write: int
    output: int
    requests: int
    known_from: datetime | None = None
    known_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AnthropicUsage:
    """Tokens of one hour, split as Anthropic splits them; null key: Workbench use, null workspace: the default one."""

    hour: datetime
    workspace_id: str | None
    api_key_id: str | None
    model: str
    uncached: int
    write_5m: int
    write_1h: int
    cache_read: int
    output: int
    web_searches: int
    requests: int
    known_from: datetime | None = None
    known_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class CloudCharge:
    """One line of the cloud bill: ``kind`` is input or output, cost in US dollars."""

    day: date
    kind: str
    tokens: int
    unit_price_per_thousand: Decimal
    cost: Decimal


@dataclass(frozen=True, kw_only=True)
class ExtraCharge:
    """A line billed without any usage row; the list amount in US dollars."""

    provider: str
    day: date
    project_id: str | None
    line_item: str
    list_amount: Decimal


Row = TypeVar("Row", OpenAIUsage, AnthropicUsage)


@dataclass(frozen=True)
class Traffic:
    """Everything that was used and charged, from the first to the last simulated day."""

    openai: list[OpenAIUsage]
    anthropic: list[AnthropicUsage]
    cloud: list[CloudCharge]
    extra: list[ExtraCharge]
    gateway: list[gateway_calls.GatewayCall]


def as_reported(rows: Iterable[Row], clock: datetime) -> list[Row]:
    """The rows that a provider reports at a moment: begun hours only, restatements applied."""
    return [
        row
        for row in rows
        if row.hour < clock
        and (row.known_from is None or row.known_from <= clock)
        and (row.known_until is None or clock < row.known_until)
    ]


@lru_cache(maxsize=1)
def simulate() -> Traffic:
    """The whole simulated history; always the same rows."""
    openai = [row for stream in _openai_streams() for row in _openai_rows(*stream)]
    return Traffic(
        openai=_restated_openai(openai),
        anthropic=_restated_anthropic(_anthropic_rows()),
        cloud=_cloud_charges(),
        extra=_extra_charges(),
        gateway=gateway_calls.simulate_calls(),
    )


def _shape(name: str, deviation: float, weekend_drop: float) -> Shape:
    factors = noise(name, FIRST_DAY, LAST_SIMULATED_DAY, deviation)
    return lambda day: factors[day] * weekend(day, weekend_drop)


def _openai_streams() -> list[tuple[str, str, str, date, tuple[int, int, int, int, int], Shape]]:
    """(project, key, model, first day, uncached, cached, cache write, output and requests of a plain day, shape)."""
    reply, knowledge = _shape("reply_assistant", 0.05, 0.3), _shape("knowledge_search", 0.08, 0.6)
    code, steady = _shape("code_helper", 0.06, 0.7), _shape("steady", 0.03, 0.0)
    notes = _shape("meeting_notes", 0.04, 0.5)
    wild = volatile("outreach_drafts", FIRST_DAY, LAST_SIMULATED_DAY)
    terra, luna, sol = "gpt-6.1-terra", "gpt-6-luna", "gpt-6-sol"
    return [
        ("proj_reply", "key_reply", terra, FIRST_DAY, (60_000_000, 90_000_000, 0, 15_000_000, 38_000), reply),
        ("proj_reply", "key_reply", luna, FIRST_DAY, (20_000_000, 10_000_000, 0, 4_000_000, 9_000), reply),
        ("proj_reply", "key_reply", sol, FIRST_DAY, (2_500_000, 0, 0, 600_000, 400), reply),
        (
            "proj_knowledge",
            "key_knowledge",
            "gpt-5.6-sol",
            FIRST_DAY,
            (3_000_000, 2_000_000, 400_000, 500_000, 1_100),
            knowledge,
        ),
        ("proj_code", "key_code", terra, FIRST_DAY, (8_000_000, 20_000_000, 2_000_000, 2_000_000, 2_400), code),
        ("proj_code", "key_heron", UNPRICED_MODEL, UNPRICED_FROM, (1_000_000, 0, 0, 300_000, 150), code),
        (
            "proj_sales",
            "key_outreach",
            terra,
            STARTED_ON["outreach_drafts"],
            (12_000_000, 0, 0, 2_600_000, 900),
            wild.__getitem__,
        ),
        ("proj_sales", "key_meeting_notes", sol, STARTED_ON["meeting_notes"], (5_000_000, 0, 0, 1_000_000, 320), notes),
        ("proj_sandbox", "key_unclaimed_pilot", luna, FIRST_DAY, (20_000_000, 0, 0, 4_000_000, 700), steady),
        ("proj_shared", "key_platform_shared", sol, SHARED_FROM, (1_300_100, 400_300, 0, 200_700, 210), steady),
        ("proj_shared", "key_index_shared", luna, SHARED_FROM, (30_000_100, 0, 0, 2_000_700, 640), steady),
        ("proj_shared", "key_eval_shared", terra, SHARED_FROM, (2_500_300, 0, 0, 300_900, 130), steady),
    ]


def _openai_rows(
    project: str, key: str, model: str, first: date, base: tuple[int, int, int, int, int], shape: Shape
) -> list[OpenAIUsage]:
    rows = []
    for day in days(first, LEFT_FLAGSHIP_ON if (key, model) == FLAGSHIP_REPLIES else LAST_SIMULATED_DAY):
        for position, (hour, share) in enumerate(HOURS):
            uncached, cached, write, output = (hundreds(tokens * shape(day) * share / 100) for tokens in base[:4])
            user = ENGINEERS[position % 3] if project == "proj_code" else None
            rows.append(
                OpenAIUsage(
                    hour=moment(day, hour),
                    project_id=project,
                    api_key_id=key,
                    user_id=user,
                    model=model,
                    uncached=uncached,
                    cached=cached,
                    cache_write=write,
                    output=output,
                    requests=max(1, int(base[4] * shape(day) * share / 100)),
                )
            )
    return rows


def _restated_openai(rows: list[OpenAIUsage]) -> list[OpenAIUsage]:
    """Two October days of the reply assistant are first reported too low, and one hour of them not at all."""
    reported = []
    for row in rows:
        is_restated = row.project_id == "proj_reply" and row.hour.date() in RESTATED_OPENAI_DAYS
        if is_restated and row.hour.hour == 21:
            reported.append(replace(row, known_from=RESTATED_AT))
        elif is_restated and row.hour.hour == 16:
            doubled = {name: getattr(row, name) * 2 for name in ("uncached", "cached", "output", "requests")}
            reported += [replace(row, known_until=RESTATED_AT), replace(row, known_from=RESTATED_AT, **doubled)]
        else:
            reported.append(row)
    return reported


def _restated_anthropic(rows: list[AnthropicUsage]) -> list[AnthropicUsage]:
    """One hour of the clause review is withdrawn by a restatement, so that its day falls."""
    withdrawn = ("apikey_clauses", moment(RESTATED_ANTHROPIC_DAY, 13))
    return [replace(row, known_until=RESTATED_AT) if (row.api_key_id, row.hour) == withdrawn else row for row in rows]


def _anthropic_rows() -> list[AnthropicUsage]:
    clauses, summaries = _shape("clause_review", 0.06, 0.5), _shape("smart_summaries", 0.04, 0.4)
    workbench, sonnet, haiku = _shape("workbench", 0.05, 0.9), "claude-sonnet-5-5", "claude-haiku-4-5"
    review = (16_000_000, 3_200_000, 1_600_000, 24_000_000, 3_600_000)
    young = (6_000_000, 500_000, 0, 4_000_000, 1_500_000)
    first_young = STARTED_ON["smart_summaries"]
    streams = [
        ("wrkspc_clauses", "apikey_clauses", sonnet, FIRST_DAY, review, 600, 5_200, clauses),
        (None, None, sonnet, FIRST_DAY, (100_000, 0, 0, 20_000, 20_000), 0, 40, workbench),
        ("wrkspc_helpdesk", "apikey_summaries", haiku, first_young, young, 0, 2_600, summaries),
    ]
    rows = []
    for workspace, key, model, first, base, searches, requests, shape in streams:
        for day in days(first, LAST_SIMULATED_DAY):
            for hour, share in HOURS:
                uncached, five, one, read, output = (hundreds(tokens * shape(day) * share / 100) for tokens in base)
                if key == "apikey_clauses" and day >= CACHE_BROKEN_FROM:
                    missed = hundreds(read / 4)
                    uncached, read = uncached + missed, read - missed
                rows.append(
                    AnthropicUsage(
                        hour=moment(day, hour),
                        workspace_id=workspace,
                        api_key_id=key,
                        model=model,
                        uncached=uncached,
                        write_5m=five,
                        write_1h=one,
                        cache_read=read,
                        output=output,
                        web_searches=int(searches * shape(day) * share / 100),
                        requests=max(1, int(requests * shape(day) * share / 100)),
                    )
                )
    return rows


def _cloud_charges() -> list[CloudCharge]:
    """Bedrock, one file per day; the file of one day was never delivered."""
    shape, charges = _shape("clause_translation", 0.05, 0.5), []
    for day in days(STARTED_ON["clause_translation"], LAST_SIMULATED_DAY):
        if day == MISSING_CLOUD_DAY:
            continue
        for kind, tokens, price in (("input", 3_000_000, Decimal("0.003")), ("output", 400_000, Decimal("0.015"))):
            used = hundreds(tokens * shape(day))
            charges.append(
                CloudCharge(
                    day=day, kind=kind, tokens=used, unit_price_per_thousand=price, cost=Decimal(used) * price / 1000
                )
            )
    return charges


def _extra_charges() -> list[ExtraCharge]:
    charges = []
    for day in days(FIRST_DAY + timedelta(days=35), LAST_SIMULATED_DAY):
        charges.append(
            ExtraCharge(
                provider="openai",
                day=day,
                project_id="proj_knowledge",
                line_item="file search storage",
                list_amount=Decimal("2.40"),
            )
        )
        if day >= date(2026, 9, 15):
            charges.append(
                ExtraCharge(
                    provider="anthropic",
                    day=day,
                    project_id=None,
                    line_item="code_execution",
                    list_amount=Decimal("1.10"),
                )
            )
    return charges
