"""Movements as tests write them down."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from orchestration.budgets.movements import (
    CORPORATE,
    Movement,
    Posting,
    VerifiedRates,
    allocation,
    consumed,
    core,
    pool,
    transfer,
)

START = date(2026, 7, 1)


def movement(name: str, kind: str, postings: tuple[Posting, ...], **changes: Any) -> Movement:
    values: dict[str, Any] = {
        "movement_id": name,
        "kind": kind,
        "effective_on": START,
        "posted_at": datetime(2026, 7, 1, tzinfo=UTC),
        "department_id": "ops",
        "approver": "cfo@company.example",
        "policy_version": "v1",
        "evidence_id": "e1",
        "postings": postings,
    }
    return Movement(**{**values, **changes})


def fund(amount: str = "1000", period: str = "2026-07") -> Movement:
    return movement(f"fund:ops:{period}", "fund", transfer(CORPORATE, pool("ops"), Decimal(amount), period))


def grant(initiative_id: str = "exp", amount: str = "500", starts_on: date = START) -> Movement:
    return movement(
        f"grant:{initiative_id}:{starts_on}",
        "grant",
        transfer(pool("ops"), allocation(initiative_id), Decimal(amount)),
        effective_on=starts_on,
        initiative_id=initiative_id,
        allocation_starts_on=starts_on,
    )


def graduation(initiative_id: str = "exp", balance: str = "500", spent: str = "120.5") -> Movement:
    account, rest = allocation(initiative_id), Decimal(balance) - Decimal(spent)
    return movement(
        f"graduate:{initiative_id}",
        "graduate",
        (
            *transfer(account, consumed("ops"), Decimal(spent)),
            *transfer(account, pool("ops"), rest),
            *transfer(CORPORATE, core("ops"), Decimal("310.00"), "2026-08"),
        ),
        effective_on=date(2026, 7, 31),
        initiative_id=initiative_id,
        allocation_starts_on=START,
        verified=VerifiedRates(Decimal("310.000000001"), Decimal(300), None, Decimal("0.05")),
    )
