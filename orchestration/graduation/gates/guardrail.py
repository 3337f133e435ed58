"""Gate 3: is a cap really in force at the gateway, and has it been exercised?

What was read back counts, not what was declared. Caps are per day in the reporting currency. A budget over a duration
is normalised to a day; a budget without a duration never resets, so that all of it may go in one day; a request limit
counts as requests a day times the dearest request seen.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.result import DAYS_PER_MONTH, FAIL, INSUFFICIENT, PASS, GateResult
from orchestration.policy.evidence import evidence_id, rounded, words

MINUTES_PER_DAY = 1440
_DAYS_PER_UNIT = {
    "s": Decimal(1) / 86400,
    "m": Decimal(1) / 1440,
    "h": Decimal(1) / 24,
    "d": Decimal(1),
    "w": Decimal(7),
    "mo": DAYS_PER_MONTH,
    "y": DAYS_PER_MONTH * 12,
}
_DURATION = re.compile(r"(\d+)\s*(mo|s|m|h|d|w|y)")
_WORDED = {"hourly": "1h", "daily": "1d", "weekly": "7d", "monthly": "1mo"}


class UnreadableDuration(ValueError):
    """A budget duration that is none of 30s, 30m, 1h, 1d, 1w, 1mo, 1y or daily, weekly, monthly."""


@dataclass(frozen=True)
class CapReading:
    """The read-back of the guarded entity that speaks for the day. ``max_budget`` in the reporting currency, None for none."""

    as_of_date: date
    age_hours: Decimal
    is_found: bool
    is_blocked: bool
    max_budget: Decimal | None
    budget_duration: str | None
    rpm_limit: int | None
    is_currency_known: bool = True


@dataclass(frozen=True)
class GuardrailFacts:
    """What is declared, what was read back, and when a limit last refused a request."""

    as_of: date
    entity: str | None
    declared_daily_cap: Decimal | None
    reading: CapReading | None
    worst_request_cost: Decimal | None
    last_drill_date: date | None
    max_age_hours: int
    drill_max_age_days: int


def duration_days(duration: str) -> Decimal:
    """Length of a gateway's budget duration in days ("30d" is 30, "1h" is 1/24, "1mo" is 365.25 / 12)."""
    found = _DURATION.fullmatch(_WORDED.get(duration.strip().lower(), duration.strip().lower()))
    if found is None or int(found.group(1)) == 0:
        raise UnreadableDuration(f"{duration!r} is no budget duration")
    return int(found.group(1)) * _DAYS_PER_UNIT[found.group(2)]


def daily_cap_in_force(reading: CapReading, worst_request_cost: Decimal | None) -> Decimal | None:
    """The most that one day can cost under what was read back; None where nothing limits it."""
    if reading.is_blocked:
        return Decimal(0)
    caps = []
    if reading.max_budget is not None:
        days = Decimal(1) if reading.budget_duration is None else duration_days(reading.budget_duration)
        caps.append(rounded(reading.max_budget / days))
    if reading.rpm_limit is not None and worst_request_cost is not None:
        caps.append(rounded(reading.rpm_limit * MINUTES_PER_DAY * worst_request_cost))
    return min(caps) if caps else None


def decide_guardrail(facts: GuardrailFacts) -> GateResult:
    """Pass when a fresh read-back shows a cap at or below the declared one, and a drill is on record."""
    if facts.entity is None or facts.declared_daily_cap is None:
        return _result(facts, FAIL, None, ["no_guardrail: no guardrail entity with a daily cap is declared"])
    reading = facts.reading
    if reading is None:
        return _result(
            facts,
            FAIL,
            None,
            ["not_read_back: a declaration alone, no read-back of the gateway", *_drill_faults(facts)],
        )
    if reading.age_hours > facts.max_age_hours:
        stale = f"stale_read_back: {words(reading.age_hours, 1)} hours old, {facts.max_age_hours} allowed"
        return _result(facts, FAIL, None, [stale, *_drill_faults(facts)])
    if not reading.is_found:
        return _result(
            facts, FAIL, None, [f"not_found: the gateway knows no {_short(facts.entity)}", *_drill_faults(facts)]
        )
    if not reading.is_currency_known:
        return _result(facts, INSUFFICIENT, None, ["no_exchange_rate: the cap's currency cannot be converted"])
    try:
        cap = daily_cap_in_force(reading, facts.worst_request_cost)
    except UnreadableDuration as error:
        return _result(facts, INSUFFICIENT, None, [f"unreadable_duration: {error}"])
    if cap is None and reading.rpm_limit is not None:
        reason = "no_request_seen: only a request limit is in force, and no request's cost is known to value it"
        return _result(facts, INSUFFICIENT, None, [reason])
    faults = _cap_faults(cap, facts.declared_daily_cap) + _drill_faults(facts)
    if faults:
        return _result(facts, FAIL, cap, faults)
    reason = (
        f"{words(cap if cap is not None else Decimal(0))} a day in force, declared {words(facts.declared_daily_cap)}; "
        f"exercised on {facts.last_drill_date}"
    )
    return _result(facts, PASS, cap, [reason])


def _cap_faults(cap: Decimal | None, declared: Decimal) -> list[str]:
    if cap is None:
        return ["cap_not_in_force: the gateway shows no budget and no request limit"]
    if cap > declared:
        return [f"cap_above_declared: {words(cap)} a day in force, declared {words(declared)}"]
    return []


def _drill_faults(facts: GuardrailFacts) -> list[str]:
    if facts.last_drill_date is None:
        return ["no_drill: no refused request is on record"]
    age = (facts.as_of - facts.last_drill_date).days
    if age > facts.drill_max_age_days:
        return [
            f"old_drill: last exercised on {facts.last_drill_date}, {age} days ago, {facts.drill_max_age_days} allowed"
        ]
    return []


def _short(entity: str) -> str:
    return entity if len(entity) <= 24 else f"{entity[:20]}..."


def _result(facts: GuardrailFacts, status: str, cap: Decimal | None, reasons: list[str]) -> GateResult:
    return GateResult(3, status, cap, facts.declared_daily_cap, "money_per_day", "; ".join(reasons), evidence_id(facts))
