"""The calls that went through the company's LiteLLM gateway, one row per request.

Plants: four steady experiments, a growing one, one that meets its cap on every third day and is then refused,
developers, a runaway loop whose every call succeeds, failed calls that carry token counts, and one drill per
experiment before the first of them began. Four experiments whose use their provider reports have no row here but their
drill.
"""

import hashlib
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from orchestration.demo.catalog import (
    CAP_OF_INVOICE_MATCHING,
    DEVELOPERS,
    DRILL_DAY,
    FIRST_DAY,
    LAST_SIMULATED_DAY,
    PER_MILLION,
    RUNAWAY_DAY,
    SEED,
    STARTED_ON,
    days,
    moment,
    unit_price,
)
from orchestration.demo.series import growth, noise, weekend

PROVIDER = "mistral"
MEDIUM, SMALL = "mistral-medium-latest", "mistral-small-latest"
TEAM_OF = {
    "ticket_triage": "team_service",
    "invoice_matching": "team_service",
    "survey_tagging": "team_service",
    "contract_intake": "team_service",
    "lead_research": "team_revenue",
    "outreach_drafts": "team_growth",
    "meeting_notes": "team_growth",
    "email_sorting": "team_growth",
    "clause_translation": "team_product",
    "smart_summaries": "team_product",
    **dict.fromkeys(DEVELOPERS, "team_engineering"),
}
REFUSALS_PER_CAPPED_DAY = 4
STEADY_DOLLARS = {"survey_tagging": 1.80, "email_sorting": 1.50, "contract_intake": 1.60}
"""Experiments at a steady cost, each held back by one gate other than stability; dollars of a working day."""


@dataclass(frozen=True, kw_only=True)
class GatewayCall:
    """One request; ``prompt`` includes ``cached`` tokens, as the gateway's totals do. Failed calls cost nothing."""

    request_id: str
    started_at: datetime
    key_alias: str
    user_id: str | None
    team_id: str
    model: str
    prompt: int
    cached: int
    completion: int
    error: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the provider answered; only then were tokens used."""
        return self.error is None


def list_cost(model: str, day: date, prompt: int, cached: int, completion: int) -> Decimal:
    """List price of one successful call in US dollars."""
    total = Decimal(0)
    for token_class, tokens in (("input_uncached", prompt - cached), ("cache_read", cached), ("output", completion)):
        price = unit_price(PROVIDER, model, day, token_class)
        if price is None:
            raise ValueError(f"{model} has no price in the catalog")
        total += tokens * price * PER_MILLION
    return total


def is_capped_day(day: date) -> bool:
    """Every third day the invoice matching reaches its daily cap."""
    return day.toordinal() % 3 == 0


def simulate_calls() -> list[GatewayCall]:
    """All calls in order of time; request ids are unique."""
    calls = _drills()
    calls += _ticket_triage() + _lead_research() + _invoice_matching() + _developers() + _runaway()
    for alias, dollars in STEADY_DOLLARS.items():
        calls += _steady(alias, dollars)
    return sorted(calls, key=lambda call: (call.started_at, call.request_id))


def _request_id(alias: str, day: date, number: int, label: str) -> str:
    digest = hashlib.sha256(f"{SEED}:{alias}:{day}:{number}:{label}".encode()).hexdigest()
    return f"chatcmpl-{digest[:24]}"


def _spend(alias: str, day: date, target: float, size: tuple[int, int, int], model: str = MEDIUM) -> list[GatewayCall]:
    """Calls of about ``size`` (prompt, cached, completion) between 7 and 20 o'clock that cost the target closely."""
    rng = random.Random(f"{SEED}:{alias}:{day}")
    count = max(2, round(target / float(list_cost(model, day, *size))))
    scale = target / (count * float(list_cost(model, day, *size)))
    calls = []
    for number in range(count):
        swing = 1 + (0.25 if number % 2 else -0.25) * (1 if number < count // 2 * 2 else 0)
        prompt, cached, completion = (int(tokens * scale * swing) for tokens in size)
        second = 7 * 3600 + int((number + rng.random()) * 46_000 / count)
        calls.append(
            GatewayCall(
                request_id=_request_id(alias, day, number, "call"),
                started_at=moment(day) + timedelta(seconds=second),
                key_alias=alias,
                user_id=alias if alias in DEVELOPERS else None,
                team_id=TEAM_OF[alias],
                model=model,
                prompt=prompt,
                cached=cached,
                completion=completion,
            )
        )
    return calls


def _failure(alias: str, day: date, number: int, second: int, error: str, prompt: int = 0) -> GatewayCall:
    return GatewayCall(
        request_id=_request_id(alias, day, number, error),
        started_at=moment(day) + timedelta(seconds=second),
        key_alias=alias,
        user_id=alias if alias in DEVELOPERS else None,
        team_id=TEAM_OF[alias],
        model=MEDIUM,
        prompt=prompt,
        cached=0,
        completion=0,
        error=error,
    )


def _drills() -> list[GatewayCall]:
    return [_failure(alias, DRILL_DAY, 0, 36_000 + 60 * n, "budget_exceeded") for n, alias in enumerate(STARTED_ON)]


def _ticket_triage() -> list[GatewayCall]:
    first = STARTED_ON["ticket_triage"]
    factors, calls = noise("ticket_triage", first, LAST_SIMULATED_DAY, 0.04), []
    for day in days(first, LAST_SIMULATED_DAY):
        calls += _spend("ticket_triage", day, 2.40 * factors[day] * weekend(day, 0.55), (12_000, 7_200, 900))
    return calls


def _steady(alias: str, dollars: float) -> list[GatewayCall]:
    first = STARTED_ON[alias]
    factors, calls = noise(alias, first, LAST_SIMULATED_DAY, 0.04), []
    for day in days(first, LAST_SIMULATED_DAY):
        calls += _spend(alias, day, dollars * factors[day] * weekend(day, 0.5), (60_000, 20_000, 4_000))
    return calls


def _lead_research() -> list[GatewayCall]:
    first = STARTED_ON["lead_research"]
    factors, calls = noise("lead_research", first, LAST_SIMULATED_DAY, 0.04), []
    for day in days(first, LAST_SIMULATED_DAY):
        target = 3.50 * growth(day, 0.5) * factors[day] * weekend(day, 0.3)
        calls += _spend("lead_research", day, target, (12_000, 6_000, 1_000))
    return calls


def _invoice_matching() -> list[GatewayCall]:
    """Below the cap on two days of three; on the third just over it, then refused."""
    rng, calls = random.Random(f"{SEED}:invoice_matching"), []
    cap = float(CAP_OF_INVOICE_MATCHING)
    for day in days(STARTED_ON["invoice_matching"], LAST_SIMULATED_DAY):
        target = cap * (1.01 if is_capped_day(day) else rng.uniform(0.70, 0.95))
        calls += _spend("invoice_matching", day, target, (30_000, 10_000, 1_500))
        if is_capped_day(day):
            calls += [
                _failure("invoice_matching", day, n, 72_000 + 300 * n, "budget_exceeded")
                for n in range(REFUSALS_PER_CAPPED_DAY)
            ]
    return calls


def _developers() -> list[GatewayCall]:
    calls = []
    for developer in DEVELOPERS:
        factors = noise(developer, FIRST_DAY, LAST_SIMULATED_DAY, 0.15)
        model, dollars = (SMALL, 0.05) if developer == "dev-yuki" else (MEDIUM, 0.42)
        for day in days(FIRST_DAY, LAST_SIMULATED_DAY):
            calls += _spend(developer, day, dollars * factors[day] * weekend(day, 0.8), (20_000, 8_000, 1_200), model)
            if developer == "dev-imani" and day.day % 9 == 0:
                calls += [
                    _failure(developer, day, n, 50_000 + n, "InternalServerError", prompt=4_800) for n in range(2)
                ]
    return calls


def _runaway() -> list[GatewayCall]:
    """An agent left running overnight: five hundred successful calls in fifty minutes, each with a longer context."""
    developer = "dev-tomasz"
    return [
        GatewayCall(
            request_id=_request_id(developer, RUNAWAY_DAY, number, "loop"),
            started_at=moment(RUNAWAY_DAY, 1) + timedelta(seconds=6 * number),
            key_alias=developer,
            user_id=developer,
            team_id=TEAM_OF[developer],
            model=MEDIUM,
            prompt=4_000 + 100 * number,
            cached=0,
            completion=120,
        )
        for number in range(500)
    ]
