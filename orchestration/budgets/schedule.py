"""Movements that follow from the registry and the budgets ledger without anyone's decision: fund, grant, expire, and the
return of a graduated initiative to experimentation.

Ids are made of what is booked, so that the same thing is never booked twice. What was booked is never changed: a
budget line or a cost that is restated later is followed by a movement of the difference.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from orchestration.budgets.facts import Allocation, BudgetFacts
from orchestration.budgets.movements import (
    CORPORATE,
    SCHEDULE,
    Ledger,
    Movement,
    Posting,
    allocation,
    consumed,
    core,
    fact_id,
    pool,
    transfer,
)

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """What the company's policy and calendar say about budgets."""

    zone: ZoneInfo
    policy_version: str
    grace_days: int
    minor_unit: Decimal


def closes_on(one: Allocation, facts: BudgetFacts, grace_days: int) -> date:
    """The day on which an allocation closes by itself: after its last day, later by the grace for one that was ready."""
    grace = grace_days if facts.was_ready(one) else 0
    end = one.expires_on + timedelta(days=grace) + _ONE_DAY
    return end if one.superseded_on is None else min(end, one.superseded_on)


def scheduled_movements(ledger: Ledger, facts: BudgetFacts, terms: Terms) -> Iterator[Movement]:
    """What is due on ``facts.as_of`` and not in ``ledger``; each must be added to it before the next is asked for."""
    yield from _funds(ledger, facts, terms)
    yield from _returns(ledger, facts, terms)
    for one in facts.allocations:
        amount = one.amount if one.continues is None else _rest(one, ledger)
        if amount is None:
            continue
        if amount > 0 and not ledger.allocation_movements(one.initiative_id, one.starts_on):
            yield _grant(one, amount, terms)
        closing = ledger.closing(one.initiative_id, one.starts_on)
        if closing is None:
            yield from _expiry(one, ledger, facts, terms)
        elif closing.effective_on <= facts.as_of:
            yield from _settlement(one, closing, ledger, facts, terms)


def close(one: Allocation, balance: Decimal, spent: Decimal) -> tuple[Posting, ...]:
    """The spent part to consumed, the rest to the pool (an overspend out of it): the allocation holds nothing more."""
    account = allocation(one.initiative_id)
    return (
        *transfer(account, consumed(one.department_id), spent),
        *transfer(account, pool(one.department_id), balance - spent),
    )


def last_day_of_spending(closing: Movement) -> date:
    """An expiry counts from the day after the last; the day of a graduation still belongs to the allocation."""
    return closing.effective_on if closing.kind == "graduate" else closing.effective_on - _ONE_DAY


def _funds(ledger: Ledger, facts: BudgetFacts, terms: Terms) -> Iterator[Movement]:
    wanted = {(one.department_id, one.fiscal_period, one.budget_class): one.amount for one in facts.budgets}
    booked: dict[tuple[str, str, str], Decimal] = {}
    counts: dict[tuple[str, str, str], int] = {}
    for movement in ledger.movements.values():
        for posting in movement.postings:
            if movement.kind == "fund" and posting.account != CORPORATE and posting.fiscal_period:
                budget_class = "core" if posting.account.startswith("core:") else "experimentation"
                key = movement.department_id, posting.fiscal_period, budget_class
                booked[key] = booked.get(key, Decimal(0)) + posting.amount
                counts[key] = counts.get(key, 0) + 1
    for key in sorted({*wanted, *booked}, key=lambda key: (key[1], key[0], key[2])):
        department_id, period, budget_class = key
        starts_on = date.fromisoformat(f"{period}-01")
        difference = wanted.get(key, Decimal(0)) - booked.get(key, Decimal(0))
        if starts_on > facts.as_of or not difference:
            continue
        name, revision = f"fund:{department_id}:{period}:{budget_class}", counts.get(key, 0)
        target = core(department_id) if budget_class == "core" else pool(department_id)
        yield _movement(
            f"{name}:{revision + 1}" if revision else name,
            "fund",
            facts.as_of if revision else starts_on,
            department_id,
            transfer(CORPORATE, target, difference, period),
            terms,
        )


def _returns(ledger: Ledger, facts: BudgetFacts, terms: Terms) -> Iterator[Movement]:
    for initiative_id, days in sorted(facts.returns.items()):
        for day in days:
            undone = ledger.graduation(initiative_id, day)
            if undone is None or undone.effective_on >= day:
                continue
            postings = _taken_back(undone, day, terms.minor_unit)
            name = f"return:{initiative_id}:{day}"
            yield replace(
                _movement(name, "return", day, undone.department_id, postings, terms), initiative_id=initiative_id
            )


def _taken_back(undone: Movement, day: date, minor_unit: Decimal) -> tuple[Posting, ...]:
    """What a graduation raised the core budget by for ``day`` and later, in the first month pro rata of its days; a
    posting of nothing where no raise is left.
    """
    period = f"{day:%Y-%m}"
    account = core(undone.department_id)
    postings: tuple[Posting, ...] = ()
    for raised in undone.postings:
        if raised.account != account or raised.fiscal_period is None or raised.fiscal_period < period:
            continue
        amount = raised.amount
        if raised.fiscal_period == period:
            length = calendar.monthrange(day.year, day.month)[1]
            is_first = (undone.effective_on.year, undone.effective_on.month) == (day.year, day.month)
            days = length - (undone.effective_on.day if is_first else 0)
            amount = (amount * (length - day.day + 1) / days).quantize(minor_unit)
        postings += transfer(account, CORPORATE, amount, raised.fiscal_period)
    return postings or (Posting(account, Decimal(0), period), Posting(CORPORATE, Decimal(0), period))


def _rest(one: Allocation, ledger: Ledger) -> Decimal | None:
    """What the old department got back on the move; None where the allocation did not close by it (it had graduated)."""
    closing = ledger.closing(one.initiative_id, one.continues) if one.continues else None
    if closing is None or closing.kind != "expire" or closing.effective_on != one.starts_on:
        return None
    account = pool(closing.department_id)
    return sum((posting.amount for posting in closing.postings if posting.account == account), Decimal(0))


def _grant(one: Allocation, amount: Decimal, terms: Terms) -> Movement:
    postings = transfer(pool(one.department_id), allocation(one.initiative_id), amount)
    name = f"grant:{one.initiative_id}:{one.starts_on}"
    return _movement(name, "grant", one.starts_on, one.department_id, postings, terms, one)


def _expiry(one: Allocation, ledger: Ledger, facts: BudgetFacts, terms: Terms) -> Iterator[Movement]:
    day = closes_on(one, facts, terms.grace_days)
    if day > facts.as_of:
        return
    balance = ledger.allocation_balance(one.initiative_id, one.starts_on)
    postings = close(one, balance, facts.spent(one.initiative_id, one.starts_on, day - _ONE_DAY))
    if postings:
        name = f"expire:{one.initiative_id}:{one.starts_on}"
        yield _movement(name, "expire", day, one.department_id, postings, terms, one)


def _settlement(
    one: Allocation, closing: Movement, ledger: Ledger, facts: BudgetFacts, terms: Terms
) -> Iterator[Movement]:
    """Cost that came in or changed after its allocation was closed moves between pool and consumed."""
    own = ledger.allocation_movements(one.initiative_id, one.starts_on)
    account = consumed(closing.department_id)
    booked = sum((p.amount for movement in own for p in movement.postings if p.account == account), Decimal(0))
    spent = facts.spent(one.initiative_id, one.starts_on, last_day_of_spending(closing))
    postings = transfer(pool(closing.department_id), account, spent - booked)
    if postings:
        number = sum(movement.movement_id.startswith("settle:") for movement in own) + 1
        name = f"settle:{one.initiative_id}:{one.starts_on}:{number}"
        yield _movement(name, "adjust", facts.as_of, closing.department_id, postings, terms, one)


def _movement(
    name: str,
    kind: str,
    effective_on: date,
    department_id: str,
    postings: tuple[Posting, ...],
    terms: Terms,
    one: Allocation | None = None,
) -> Movement:
    """Posted at the start of its day, whenever a run books it, so that every home tells the same history."""
    return Movement(
        movement_id=name,
        kind=kind,
        effective_on=effective_on,
        posted_at=datetime.combine(effective_on, time.min, terms.zone).astimezone(UTC),
        department_id=department_id,
        approver=SCHEDULE,
        policy_version=terms.policy_version,
        evidence_id=fact_id({"id": name, "effective_on": effective_on, "postings": postings}),
        postings=postings,
        initiative_id=one.initiative_id if one else None,
        allocation_starts_on=one.starts_on if one else None,
    )
