"""Movements that a person approves: graduate, adjust, return. Pure: facts in, a movement or a refusal out."""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from orchestration.budgets.facts import Allocation, Verdict
from orchestration.budgets.movements import (
    CORPORATE,
    Ledger,
    Movement,
    Posting,
    VerifiedRates,
    allocation,
    core,
    fact_id,
    pool,
    transfer,
)
from orchestration.budgets.schedule import close


class Refused(Exception):
    """A command that the rules do not allow; the message says which, one line each."""


@dataclass(frozen=True)
class Approval:
    """Who approves, for which day, when, and under which policy."""

    approver: str
    as_of: date
    posted_at: datetime
    policy_version: str


@dataclass(frozen=True)
class Candidate:
    """An initiative about to graduate, its open allocation (None without one) and what that holds and has spent."""

    initiative_id: str
    department_id: str
    allocation: Allocation | None
    balance: Decimal
    spent: Decimal


def failing_gates(verdict: Verdict, required: Iterable[int]) -> list[str]:
    """A line per required gate that does not pass: ``gate 4 (stability): fail, growing; ...``."""
    found = {int(row["gate_number"]): row for row in verdict.gates}
    lines = []
    for number in sorted(required):
        row = found.get(number)
        if row is None:
            lines.append(f"gate {number}: not evaluated")
        elif row["status"] != "pass":
            lines.append(f"gate {number} ({row['gate_name']}): {row['status']}, {row['reason']}")
    return lines


def verified_rates(readiness: Mapping[str, Any]) -> VerifiedRates:
    """The values to freeze. Raises :class:`Refused` without a run-rate."""
    if readiness["verified_run_rate"] is None:
        raise Refused("no verified run-rate is known, so the core budget cannot be raised")
    return VerifiedRates(
        run_rate=readiness["verified_run_rate"],
        run_rate_low=readiness["verified_run_rate_low"],
        run_rate_high=readiness["verified_run_rate_high"],
        unit_cost=readiness["verified_unit_cost"],
    )


def core_raise(
    run_rate: Decimal, graduated_on: date, fiscal_year_start_month: int, minor_unit: Decimal
) -> list[tuple[str, Decimal]]:
    """The raise per fiscal period (YYYY-MM) left in the fiscal year, in whole ``minor_unit``: the run-rate, pro rata for
    the first.

    The first day in core is the one after ``graduated_on``; a period without a day left gets nothing.
    """
    year, month = graduated_on.year, graduated_on.month
    length = calendar.monthrange(year, month)[1]
    left = length - graduated_on.day
    raises = [(f"{year:04}-{month:02}", (run_rate * left / length).quantize(minor_unit))] if left else []
    while month % 12 + 1 != fiscal_year_start_month:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        raises.append((f"{year:04}-{month:02}", run_rate.quantize(minor_unit)))
    return raises


def graduation(
    candidate: Candidate,
    verified: VerifiedRates,
    raises: list[tuple[str, Decimal]],
    approval: Approval,
    evidence_id: str,
    ledger: Ledger,
) -> Movement:
    """The one balanced movement of a graduation: the allocation closes to zero, the core budget is raised. One that
    follows a return to experimentation carries its day in its id.
    """
    postings: tuple[Posting, ...] = ()
    if candidate.allocation is not None:
        postings = close(candidate.allocation, candidate.balance, candidate.spent)
    for period, amount in raises:
        postings += transfer(CORPORATE, core(candidate.department_id), amount, period)
    name = f"graduate:{candidate.initiative_id}"
    return Movement(
        movement_id=f"{name}:{approval.as_of}" if name in ledger.movements else name,
        kind="graduate",
        effective_on=approval.as_of,
        posted_at=approval.posted_at,
        department_id=candidate.department_id,
        approver=approval.approver,
        policy_version=approval.policy_version,
        evidence_id=evidence_id,
        postings=postings,
        initiative_id=candidate.initiative_id,
        allocation_starts_on=candidate.allocation.starts_on if candidate.allocation else None,
        verified=verified,
    )


def allocation_change(
    kind: str, one: Allocation, amount: Decimal, spent: Decimal, ledger: Ledger, approval: Approval
) -> Movement:
    """``adjust`` raises (or, negative, lowers) an open allocation, ``return`` gives an unspent part back to the pool.

    Raises :class:`Refused` when the allocation is closed or expired, or would hold less than is spent.
    """
    closed = ledger.closing(one.initiative_id, one.starts_on)
    if closed is not None:
        raise Refused(f"{one.initiative_id}: its allocation was closed on {closed.effective_on} ({closed.movement_id})")
    if approval.as_of > one.expires_on:
        raise Refused(f"{one.initiative_id}: its allocation expired on {one.expires_on}")
    if not amount or (kind == "return" and amount < 0):
        raise Refused(f"{amount}: give an amount above zero" if kind == "return" else "0: give an amount")
    change = -amount if kind == "return" else amount
    unspent = ledger.allocation_balance(one.initiative_id, one.starts_on) - spent
    if change < 0 and unspent + change < 0:
        raise Refused(
            f"{one.initiative_id}: only {max(unspent, Decimal(0)):,.2f} is not spent, {-change:,.2f} asked for"
        )
    own = ledger.allocation_movements(one.initiative_id, one.starts_on)
    number = sum(movement.movement_id.startswith(f"{kind}:") for movement in own) + 1
    name = f"{kind}:{one.initiative_id}:{one.starts_on}:{number}"
    postings = transfer(pool(one.department_id), allocation(one.initiative_id), change)
    return Movement(
        movement_id=name,
        kind=kind,
        effective_on=approval.as_of,
        posted_at=approval.posted_at,
        department_id=one.department_id,
        approver=approval.approver,
        policy_version=approval.policy_version,
        evidence_id=fact_id({"id": name, "approver": approval.approver, "postings": postings}),
        postings=postings,
        initiative_id=one.initiative_id,
        allocation_starts_on=one.starts_on,
    )
