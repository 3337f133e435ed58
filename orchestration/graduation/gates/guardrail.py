"""Gate 3: is a cap really in force at the gateway, and has it been exercised?

What was read back counts, not what was declared. Both caps are per day in the reporting currency; what the gateway's
settings come to in a day is computed in dbt (``int_caps_in_force_by_day``).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.result import FAIL, INSUFFICIENT, PASS, GateResult
from orchestration.policy.evidence import evidence_id, figure


@dataclass(frozen=True)
class CapReading:
    """The read-back of the guarded entity that speaks for the day.

    ``daily_cap``: what it comes to in a day, a budget of 30 days a thirtieth of it, though it may all go in one; None
    where nothing limits it or ``gap`` says why it is not known. ``age_hours`` is negative where it was made after the day.
    """

    as_of_date: date
    age_hours: Decimal
    is_found: bool
    is_blocked: bool
    daily_cap: Decimal | None
    gap: str | None = None


@dataclass(frozen=True)
class GuardrailFacts:
    """What is declared, what was read back, and when a limit last refused a request."""

    as_of: date
    entity: str | None
    declared_daily_cap: Decimal | None
    reading: CapReading | None
    last_drill_date: date | None
    max_age_hours: int
    drill_max_age_days: int


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
        stale = f"stale_read_back: {figure(reading.age_hours, 1)} hours old, {facts.max_age_hours} allowed"
        return _result(facts, FAIL, None, [stale, *_drill_faults(facts)])
    if not reading.is_found:
        return _result(
            facts, FAIL, None, [f"not_found: the gateway knows no {_short(facts.entity)}", *_drill_faults(facts)]
        )
    if reading.gap is not None:
        return _result(facts, INSUFFICIENT, None, [reading.gap])
    cap = reading.daily_cap
    faults = _cap_faults(cap, facts.declared_daily_cap) + _drill_faults(facts)
    if faults:
        return _result(facts, FAIL, cap, faults)
    reason = (
        f"{figure(cap if cap is not None else Decimal(0))} a day in force, declared {figure(facts.declared_daily_cap)}; "
        f"exercised on {facts.last_drill_date}"
    )
    return _result(facts, PASS, cap, [reason])


def _cap_faults(cap: Decimal | None, declared: Decimal) -> list[str]:
    if cap is None:
        return ["cap_not_in_force: the gateway shows no budget and no request limit"]
    if cap > declared:
        return [f"cap_above_declared: {figure(cap)} a day in force, declared {figure(declared)}"]
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
