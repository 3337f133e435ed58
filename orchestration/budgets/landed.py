"""The journal as landed streams, whole each time: what people approved, what a run scheduled, what graduation froze.

Two streams of postings, because the first build already needs approvals (an initiative's stage), while the schedule
needs the costs of the first build.
"""

from typing import Any

from orchestration.budgets.journal import Journal
from orchestration.budgets.movements import Movement
from orchestration.landing.store import Landing

PARTITION = "current"


def land_approved(landing: Landing, journal: Journal) -> None:
    """Land ``budget/movements`` and ``budget/graduations``."""
    approved = [movement for movement in journal.read() if not movement.is_scheduled]
    _land(landing, "movements", [row for movement in approved for row in _postings(movement)])
    _land(landing, "graduations", [_graduation(movement) for movement in approved if movement.kind == "graduate"])


def land_scheduled(landing: Landing, journal: Journal) -> None:
    """Land ``budget/scheduled_movements``."""
    scheduled = [movement for movement in journal.read() if movement.is_scheduled]
    _land(landing, "scheduled_movements", [row for movement in scheduled for row in _postings(movement)])


def _land(landing: Landing, stream: str, rows: list[dict[str, Any]]) -> None:
    with landing.batch("budget", stream) as batch:
        batch.add_rows(PARTITION, rows)


def _postings(movement: Movement) -> list[dict[str, Any]]:
    return [
        {
            "movement_id": movement.movement_id,
            "posting_number": str(number),
            "posted_at": movement.posted_at,
            "effective_on": movement.effective_on,
            "kind": movement.kind,
            "account": posting.account,
            "initiative_id": movement.initiative_id,
            "department_id": movement.department_id,
            "fiscal_period": posting.fiscal_period,
            "amount": posting.amount,
            "approver": movement.approver,
            "evidence_id": movement.evidence_id,
            "policy_version": movement.policy_version,
        }
        for number, posting in enumerate(movement.postings, 1)
    ]


def _graduation(movement: Movement) -> dict[str, Any]:
    rates = movement.verified
    assert rates is not None, "a graduation freezes its rates"
    return {
        "movement_id": movement.movement_id,
        "initiative_id": movement.initiative_id,
        "department_id": movement.department_id,
        "effective_on": movement.effective_on,
        "verified_run_rate": rates.run_rate,
        "verified_run_rate_low": rates.run_rate_low,
        "verified_run_rate_high": rates.run_rate_high,
        "verified_unit_cost": rates.unit_cost,
        "approver": movement.approver,
        "evidence_id": movement.evidence_id,
        "policy_version": movement.policy_version,
    }
