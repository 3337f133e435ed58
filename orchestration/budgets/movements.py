"""Movements and the ledger they add up to. Pure: no clock, no file.

Accounts hold what may be spent: a positive posting puts money in, a negative one takes it out, a balance is the sum.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

KINDS = ("fund", "grant", "adjust", "expire", "return", "graduate")
CLOSING_KINDS = ("expire", "graduate")
CORPORATE = "corporate"
SCHEDULE = "schedule"
"""The approver of movements that follow from the registry and the budgets ledger."""

_QUANTUM = Decimal("0.000000001")
_PREFIXES = ("pool:experimentation:", "allocation:", "core:", "consumed:")


class BrokenMovement(ValueError):
    """A movement that the ledger must not take; the message says why."""


@dataclass(frozen=True)
class Posting:
    """``fiscal_period`` (YYYY-MM): the period that a funding or a raise of the core budget belongs to."""

    account: str
    amount: Decimal
    fiscal_period: str | None = None


@dataclass(frozen=True)
class VerifiedRates:
    """What a graduation freezes, per month and per unit of work; None where it is not known."""

    run_rate: Decimal
    run_rate_low: Decimal | None
    run_rate_high: Decimal | None
    unit_cost: Decimal | None


@dataclass(frozen=True)
class Movement:
    """One balanced movement. ``allocation_starts_on`` names the allocation of ``initiative_id`` that it touches."""

    movement_id: str
    kind: str
    effective_on: date
    posted_at: datetime
    department_id: str
    approver: str
    policy_version: str
    evidence_id: str
    postings: tuple[Posting, ...]
    initiative_id: str | None = None
    allocation_starts_on: date | None = None
    verified: VerifiedRates | None = None

    @property
    def is_scheduled(self) -> bool:
        return self.approver == SCHEDULE

    @property
    def is_return_to_experimentation(self) -> bool:
        """It undoes a graduation; a return of money names the allocation that it comes out of."""
        return self.kind == "return" and self.initiative_id is not None and self.allocation_starts_on is None

    @property
    def allocation(self) -> tuple[str, date] | None:
        """The key of the allocation that this movement touches."""
        if self.initiative_id is None or self.allocation_starts_on is None:
            return None
        return self.initiative_id, self.allocation_starts_on


def pool(department_id: str) -> str:
    return f"pool:experimentation:{department_id}"


def allocation(initiative_id: str) -> str:
    return f"allocation:{initiative_id}"


def core(department_id: str) -> str:
    return f"core:{department_id}"


def consumed(department_id: str) -> str:
    return f"consumed:{department_id}"


def money(amount: Decimal) -> Decimal:
    """``amount`` with nine decimals, half to even: what the ledger keeps."""
    return amount.quantize(_QUANTUM)


def transfer(source: str, target: str, amount: Decimal, fiscal_period: str | None = None) -> tuple[Posting, ...]:
    """Two postings that move ``amount`` from one account to another; none for zero."""
    moved = money(amount)
    if not moved:
        return ()
    return Posting(source, -moved, fiscal_period), Posting(target, moved, fiscal_period)


def fact_id(facts: Mapping[str, Any]) -> str:
    """A hash of plain facts: equal facts give an equal id."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


class Ledger:
    """All movements so far, by id, with the rules that a new one must keep."""

    def __init__(self, movements: Iterable[Movement] = ()) -> None:
        self.movements: dict[str, Movement] = {}
        self._closed: dict[tuple[str, date], Movement] = {}
        self._balances: dict[str, Decimal] = {}
        for movement in movements:
            self._take(movement)

    def balance(self, account: str, as_of: date | None = None) -> Decimal:
        """The balance of an account; with ``as_of``, of what is effective on or before that day."""
        if as_of is None:
            return self._balances.get(account, Decimal(0))
        return sum(
            (
                posting.amount
                for movement in self.movements.values()
                if movement.effective_on <= as_of
                for posting in movement.postings
                if posting.account == account
            ),
            Decimal(0),
        )

    def closing(self, initiative_id: str, starts_on: date) -> Movement | None:
        """The movement that closed an allocation."""
        return self._closed.get((initiative_id, starts_on))

    def graduation(self, initiative_id: str, as_of: date | None = None) -> Movement | None:
        """The movement that moved an initiative to core, and that no return to experimentation up to ``as_of`` followed."""
        own = [one for one in self.movements.values() if one.initiative_id == initiative_id]
        last = max((one for one in own if one.kind == "graduate"), key=lambda one: one.effective_on, default=None)
        if last is None:
            return None
        is_undone = any(
            one.is_return_to_experimentation
            and last.effective_on < one.effective_on
            and (as_of is None or one.effective_on <= as_of)
            for one in own
        )
        return None if is_undone else last

    def allocation_movements(self, initiative_id: str, starts_on: date) -> list[Movement]:
        return [one for one in self.movements.values() if one.allocation == (initiative_id, starts_on)]

    def allocation_balance(self, initiative_id: str, starts_on: date) -> Decimal:
        """What one allocation of an initiative holds, whatever its account holds of another."""
        account = allocation(initiative_id)
        return sum(
            (
                posting.amount
                for movement in self.allocation_movements(initiative_id, starts_on)
                for posting in movement.postings
                if posting.account == account
            ),
            Decimal(0),
        )

    def add(self, movement: Movement) -> bool:
        """Take a movement; False if one of its id is there already. Raises :class:`BrokenMovement`."""
        if movement.movement_id in self.movements:
            return False
        self._check(movement)
        self._take(movement)
        return True

    def _take(self, movement: Movement) -> None:
        self.movements[movement.movement_id] = movement
        for posting in movement.postings:
            self._balances[posting.account] = self.balance(posting.account) + posting.amount
        if movement.kind in CLOSING_KINDS and movement.allocation is not None:
            self._closed[movement.allocation] = movement

    def _check(self, movement: Movement) -> None:
        check_shape(movement)
        name = movement.movement_id
        if movement.initiative_id is not None:
            standing = self.graduation(movement.initiative_id, movement.effective_on)
            if movement.kind == "graduate" and standing is not None:
                raise BrokenMovement(f"{name}: {movement.initiative_id} has graduated already")
            if movement.is_return_to_experimentation and standing is None:
                raise BrokenMovement(f"{name}: {movement.initiative_id} has not graduated")
        if movement.allocation is None:
            return
        moved = sum((one.amount for one in movement.postings if one.account.startswith("allocation:")), Decimal(0))
        closed = self.closing(*movement.allocation)
        if closed is not None and (moved or movement.kind in CLOSING_KINDS):
            raise BrokenMovement(f"{name}: the allocation was closed by {closed.movement_id}")
        if movement.kind == "grant" and self.allocation_movements(*movement.allocation):
            raise BrokenMovement(f"{name}: the allocation is granted already")
        if movement.kind in CLOSING_KINDS and self.allocation_balance(*movement.allocation) + moved != 0:
            raise BrokenMovement(f"{name}: the allocation would not close to zero")


def check_shape(movement: Movement) -> None:
    """What is true of every movement by itself. Raises :class:`BrokenMovement`."""
    name = movement.movement_id
    if movement.kind not in KINDS:
        raise BrokenMovement(f"{name}: unknown kind {movement.kind}")
    if not movement.postings:
        raise BrokenMovement(f"{name}: no postings")
    if total := sum((posting.amount for posting in movement.postings), Decimal(0)):
        raise BrokenMovement(f"{name}: its postings sum to {total}, not to zero")
    if movement.posted_at.tzinfo is None:
        raise BrokenMovement(f"{name}: posted_at needs a time zone")
    for posting in movement.postings:
        if posting.account != CORPORATE and not posting.account.startswith(_PREFIXES):
            raise BrokenMovement(f"{name}: unknown account {posting.account}")
        if money(posting.amount) != posting.amount:
            raise BrokenMovement(f"{name}: {posting.amount} has more than nine decimals")


def to_plain(movement: Movement) -> dict[str, Any]:
    """A movement as JSON can carry it exactly."""
    rates = movement.verified
    return {
        "movement_id": movement.movement_id,
        "kind": movement.kind,
        "effective_on": movement.effective_on.isoformat(),
        "posted_at": movement.posted_at.astimezone(UTC).isoformat(),
        "department_id": movement.department_id,
        "approver": movement.approver,
        "policy_version": movement.policy_version,
        "evidence_id": movement.evidence_id,
        "initiative_id": movement.initiative_id,
        "allocation_starts_on": _text(movement.allocation_starts_on),
        "verified": None
        if rates is None
        else [_text(one) for one in (rates.run_rate, rates.run_rate_low, rates.run_rate_high, rates.unit_cost)],
        "postings": [[one.account, format(one.amount, "f"), one.fiscal_period] for one in movement.postings],
    }


def from_plain(body: Mapping[str, Any]) -> Movement:
    """The movement that :func:`to_plain` wrote."""
    rates = body["verified"]
    starts_on = body["allocation_starts_on"]
    return Movement(
        movement_id=body["movement_id"],
        kind=body["kind"],
        effective_on=date.fromisoformat(body["effective_on"]),
        posted_at=datetime.fromisoformat(body["posted_at"]),
        department_id=body["department_id"],
        approver=body["approver"],
        policy_version=body["policy_version"],
        evidence_id=body["evidence_id"],
        initiative_id=body["initiative_id"],
        allocation_starts_on=date.fromisoformat(starts_on) if starts_on else None,
        verified=VerifiedRates(Decimal(rates[0]), *(None if one is None else Decimal(one) for one in rates[1:]))
        if rates
        else None,
        postings=tuple(Posting(account, Decimal(amount), period) for account, amount, period in body["postings"]),
    )


def _text(value: Decimal | date | None) -> str | None:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if value is not None else None
