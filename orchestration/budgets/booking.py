"""Book movements: read the facts, decide, write the journal, land it. What the run and the command line call.

The warehouse must have been built for the as-of day or a later one; who calls holds the home's lock. A kill between
journal and landing loses nothing: the next run lands the journal again.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from orchestration.budgets.decisions import (
    Approval,
    Candidate,
    Refused,
    allocation_change,
    core_raise,
    failing_gates,
    graduation,
    verified_rates,
)
from orchestration.budgets.facts import BudgetFacts, Verdict, read_facts, read_verdict
from orchestration.budgets.journal import Journal
from orchestration.budgets.landed import land_approved, land_scheduled
from orchestration.budgets.movements import Ledger, Movement, fact_id
from orchestration.budgets.schedule import Terms, scheduled_movements
from orchestration.budgets.warnings import changed_allocations, overdrawn_pools, withdrawn_allocations
from orchestration.files import write_atomically
from orchestration.landing.store import Landing
from orchestration.publish.evidence import plain
from orchestration.registry import Company


@dataclass(frozen=True)
class Booked:
    """``movements``: booked now; ``alerts``: a line for each thing that finance should hear about."""

    movements: tuple[Movement, ...]
    alerts: tuple[str, ...]


@dataclass(frozen=True)
class Graduated:
    """The movement of a graduation; ``is_new`` is False if it had been booked before. ``failing``: a line for each required gate
    that does not pass on the day, on which who was ready still is.
    """

    movement: Movement
    is_new: bool
    failing: tuple[str, ...]


def book_scheduled(
    connection: duckdb.DuckDBPyConnection, landing: Landing, journal: Journal, company: Company, as_of: date
) -> Booked:
    """Book the fund, grant and expire movements due on ``as_of`` and land them. Booking again changes nothing.

    ``connection`` is open on the warehouse after the first dbt build and the statistics. Raises UnknownFact.
    """
    facts = read_facts(connection, as_of)
    with journal.transaction() as transaction:
        new = transaction.add(scheduled_movements(transaction.ledger, facts, _terms(company)))
        alerts = [
            *overdrawn_pools(transaction.ledger, as_of, new),
            *changed_allocations(transaction.ledger, facts),
            *withdrawn_allocations(transaction.ledger, facts),
        ]
    land_scheduled(landing, journal)
    return Booked(tuple(new), tuple(alerts))


def graduate(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    journal: Journal,
    company: Company,
    evidence: Path,
    initiative_id: str,
    approver: str,
    as_of: date,
) -> Graduated:
    """Book the graduation of an initiative if its required gates pass on ``as_of``, and freeze its verified values.

    Raises Refused with a line per failing gate or broken rule, UnknownFact where the warehouse lacks that day.
    ``evidence`` is the folder that takes the evidence pack.
    """
    _declared(company, initiative_id)
    failing: tuple[str, ...] = ()
    with journal.transaction() as transaction:
        before = transaction.ledger.graduation(initiative_id, as_of)
        if before is None:
            facts, verdict = read_facts(connection, as_of), read_verdict(connection, initiative_id, as_of)
            transaction.add(scheduled_movements(transaction.ledger, facts, _terms(company)))
            pack = _graduation_pack(company, facts, transaction.ledger, verdict, initiative_id, as_of)
            failing = pack.failing
            approval = _approval(company, approver, as_of)
            movement = graduation(
                pack.candidate, pack.verified, pack.raises, approval, pack.evidence_id, transaction.ledger
            )
            _write_pack(evidence, pack, approval)
            transaction.add([movement])
    land_approved(landing, journal)
    land_scheduled(landing, journal)
    return Graduated(movement if before is None else before, before is None, failing)


def change_allocation(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    journal: Journal,
    company: Company,
    kind: str,
    initiative_id: str,
    amount: Decimal,
    approver: str,
    as_of: date,
) -> Booked:
    """Book an ``adjust`` or ``return`` of the initiative's current allocation. Raises Refused or UnknownFact."""
    _declared(company, initiative_id)
    facts = read_facts(connection, as_of)
    one = facts.allocation_of(initiative_id)
    if one is None:
        raise Refused(f"{initiative_id}: has no allocation on {as_of}")
    with journal.transaction() as transaction:
        ledger = transaction.ledger
        transaction.add(scheduled_movements(ledger, facts, _terms(company)))
        spent = facts.spent(initiative_id, one.starts_on, as_of)
        movement = allocation_change(kind, one, amount, spent, ledger, _approval(company, approver, as_of))
        transaction.add([movement])
        alerts = overdrawn_pools(ledger, as_of, [movement])
    land_approved(landing, journal)
    land_scheduled(landing, journal)
    return Booked((movement,), tuple(alerts))


@dataclass(frozen=True)
class _Pack:
    """What a graduation rests on. ``content`` is plain and the same for the same facts."""

    candidate: Candidate
    verified: Any
    raises: list[tuple[str, Decimal]]
    content: dict[str, Any]
    evidence_id: str
    failing: tuple[str, ...]


def _graduation_pack(
    company: Company, facts: BudgetFacts, ledger: Ledger, verdict: Verdict | None, initiative_id: str, as_of: date
) -> _Pack:
    if verdict is None:
        raise Refused(
            f"{initiative_id}: no gates were evaluated for {as_of}; only a running experiment can graduate "
            f"(tokenomics run --as-of {as_of} evaluates that day)"
        )
    _require_gates(company, verdict, initiative_id)
    candidate = _candidate(company, facts, ledger, initiative_id, as_of)
    verified = verified_rates(verdict.readiness)
    raises = core_raise(verified.run_rate, as_of, company.config.fiscal_year_start_month, company.config.minor_unit)
    if not raises and candidate.allocation is None:
        raise Refused(f"{initiative_id}: nothing to book on the last day of a fiscal year without an allocation")
    content = {
        "initiative_id": initiative_id,
        "as_of_date": as_of.isoformat(),
        "reporting_currency": company.config.reporting_currency,
        "readiness": {name: plain(value) for name, value in verdict.readiness.items()},
        "gates": [{name: plain(value) for name, value in row.items()} for row in verdict.gates],
        "allocation_balance": plain(candidate.balance),
        "spent_amount": plain(candidate.spent),
        "core_raises": {period: plain(amount) for period, amount in raises},
    }
    failing = tuple(failing_gates(verdict, company.policy["required_gates"]))
    return _Pack(candidate, verified, raises, content, fact_id(content), failing)


def _require_gates(company: Company, verdict: Verdict, initiative_id: str) -> None:
    if any(row["policy_version"] != company.policy.version for row in verdict.gates):
        raise Refused(f"{initiative_id}: the policy has changed since its gates were evaluated; run again first")
    if not verdict.readiness["is_ready"]:
        failing = failing_gates(verdict, company.policy["required_gates"])
        raise Refused(
            "\n".join([f"{initiative_id} is not ready to graduate on {verdict.readiness['as_of_date']}:", *failing])
        )


def _candidate(company: Company, facts: BudgetFacts, ledger: Ledger, initiative_id: str, as_of: date) -> Candidate:
    one = facts.allocation_of(initiative_id)
    if one is None:
        return Candidate(initiative_id, _declared(company, initiative_id), None, Decimal(0), Decimal(0))
    closed = ledger.closing(initiative_id, one.starts_on)
    if closed is not None:
        raise Refused(f"{initiative_id}: its allocation was closed on {closed.effective_on} ({closed.movement_id})")
    balance = ledger.allocation_balance(initiative_id, one.starts_on)
    spent = facts.spent(initiative_id, one.starts_on, as_of)
    return Candidate(initiative_id, one.department_id, one, balance, spent)


def _write_pack(folder: Path, pack: _Pack, approval: Approval) -> None:
    """Written before the movement is booked: a booked graduation always has its evidence."""
    name = f"{quote(pack.candidate.initiative_id, safe='')}-{pack.evidence_id}.json"
    body = {"evidence_id": pack.evidence_id, "approver": approval.approver, **pack.content}
    write_atomically(folder / "graduations" / name, json.dumps(body, indent=1) + "\n")


def _declared(company: Company, initiative_id: str) -> str:
    """The department of a declared initiative, by its latest record."""
    found = [one for one in company.initiatives if one.initiative_id == initiative_id]
    if not found:
        raise Refused(f"{initiative_id}: no initiative of this name is declared in initiatives.yaml")
    return found[-1].department_id


def _approval(company: Company, approver: str, as_of: date) -> Approval:
    return Approval(approver, as_of, datetime.now(UTC), company.policy.version)


def _terms(company: Company) -> Terms:
    return Terms(
        zone=company.config.zone,
        policy_version=company.policy.version,
        grace_days=company.policy["graduation_grace_days"],
        minor_unit=company.config.minor_unit,
    )
