"""What should be heard of an allocation: half spent, four fifths spent, exhausted, about to run out, expired; and of a
department's budget of one period: half spent, four fifths spent, exhausted, or its flexible budget exceeded.

Pure decisions on one budget as it stands on one day; who was told before is the concern of the delivery. Amounts are
in the reporting currency.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

SPENT_PART = re.compile(r"alert_(\d+)")
"""The published status of a budget of which so many per cent are spent; the warehouse decides how many those are."""
EXHAUSTED = "exhausted"
CLOSED = ("expired", "graduated")
FLEXIBLE = "flexible"
"""The basis of a department's allowance that grows with the work of the period; every other one is what was funded."""


@dataclass(frozen=True)
class AllocationState:
    """One allocation on its as-of day. ``status`` as published; the projected day on which it is exhausted is None where
    nothing is projected. ``name``: what people call the initiative; None where nobody named it.
    """

    initiative_id: str
    starts_on: date
    expires_on: date
    allocated: Decimal
    spent: Decimal
    status: str
    projected_exhaustion: date | None
    name: str | None = None


@dataclass(frozen=True)
class DepartmentBudget:
    """One department's budget of one fiscal period (YYYY-MM) and class (core, experimentation). ``basis`` says what the
    allowance is (None: nothing was funded), and ``status`` how it stands, as published; ``name``: what people call the
    department.
    """

    department_id: str
    fiscal_period: str
    budget_class: str
    basis: str
    allowance: Decimal | None
    spent: Decimal
    status: str
    name: str | None = None


@dataclass(frozen=True)
class Crossing:
    """One thing that happened to a budget. ``key`` is the same for as long as it is the same fact."""

    kind: str
    key: str
    text: str


def decide_crossings(state: AllocationState) -> tuple[Crossing, ...]:
    """The highest threshold that is reached, and a projected exhaustion on or before the last day of the allocation.

    A closed allocation has no more crossings but its expiry; a graduated one has none.
    """
    if state.status in CLOSED:
        return _expired(state) if state.status == "expired" else ()
    reached = _reached(state.status, state.spent, state.allocated)
    crossings = [] if reached is None else [_crossing(state, *reached, of=state.allocated)]
    projected = state.projected_exhaustion
    if (reached is None or reached[0] != EXHAUSTED) and projected is not None and projected <= state.expires_on:
        text = f"will be exhausted on {projected} at the likely pace, before it expires on {state.expires_on}"
        crossings.append(_crossing(state, "projected_exhaustion", text))
    return tuple(crossings)


def decide_department_crossings(budget: DepartmentBudget, as_of: date) -> tuple[Crossing, ...]:
    """The highest threshold that is reached of a funded amount; of a flexible budget, only that it is exceeded. Where nothing
    was funded there is no budget to tell of.

    Of a period that has ended, only that all of it was spent: nobody can act on a half of it any more.
    """
    if budget.allowance is None:
        return ()
    has_ended = budget.fiscal_period < f"{as_of:%Y-%m}"
    if budget.basis == FLEXIBLE:
        if not budget.spent > budget.allowance > 0:
            return ()
        allowed = f"{budget.allowance:,.2f} allowed{'' if has_ended else ' so far'}"
        text = f"exceeds its flexible budget: {budget.spent:,.2f} spent, {allowed}"
        return (_department_crossing(budget, "exceeded", text),)
    reached = _reached(budget.status, budget.spent, budget.allowance)
    if reached is None or (reached[0] != EXHAUSTED and has_ended):
        return ()
    return (_department_crossing(budget, *reached, of=budget.allowance),)


def _reached(status: str, spent: Decimal, funded: Decimal) -> tuple[str, str] | None:
    """Kind and words of the largest part of a funded amount that is spent; None where none is, or nothing was funded."""
    figures = f"{spent:,.2f} of {funded:,.2f} spent"
    if funded <= 0:
        return None
    if spent >= funded:
        return EXHAUSTED, f"is exhausted: {figures}"
    part = SPENT_PART.fullmatch(status)
    return (f"spent_{part[1]}", f"is spent to {part[1]} % or more: {figures}") if part else None


def _expired(state: AllocationState) -> tuple[Crossing, ...]:
    text = f"expired after {state.expires_on}; {state.spent:,.2f} of {state.allocated:,.2f} is spent by now"
    return (_crossing(state, "expired", text),)


def _crossing(state: AllocationState, kind: str, text: str, of: Decimal | None = None) -> Crossing:
    key = f"budget_{kind}:{state.initiative_id}:{state.starts_on}{_amount(of)}"
    return Crossing(kind, key, f"the allocation of {state.name or state.initiative_id} {text}")


def _department_crossing(budget: DepartmentBudget, kind: str, text: str, of: Decimal | None = None) -> Crossing:
    key = f"department_budget_{kind}:{budget.department_id}:{budget.budget_class}:{budget.fiscal_period}{_amount(of)}"
    subject = f"the {budget.budget_class} budget of {budget.name or budget.department_id} for {budget.fiscal_period}"
    return Crossing(kind, key, f"{subject} {text}")


def _amount(of: Decimal | None) -> str:
    """The part of a key that says of which amount: what is used up again after more was given is told again."""
    return "" if of is None else f":{of.normalize():f}"
