"""What finance should hear about budgets although it was booked: overdrawn pools, allocations the registry changed."""

from datetime import date
from decimal import Decimal

from orchestration.budgets.facts import BudgetFacts
from orchestration.budgets.movements import Ledger, Movement, allocation, pool
from orchestration.policy.pool_overdrafts import Flow, overdrafts


def overdrawn_pools(ledger: Ledger, as_of: date, new: list[Movement]) -> list[str]:
    """A line per grant or adjustment that left its pool below zero, while that lasts or when it was booked just now."""
    booked_now = {movement.movement_id for movement in new}
    return [
        f"{account} is overdrawn by {one.overdrawn:,.2f}: {one.flow.movement_id} took {-one.flow.amount:,.2f} "
        f"on {one.flow.effective_on}"
        for account in sorted({pool(movement.department_id) for movement in ledger.movements.values()})
        for one in overdrafts(_flows(ledger, account, as_of))
        if not one.is_cured or one.flow.movement_id in booked_now
    ]


def changed_allocations(ledger: Ledger, facts: BudgetFacts) -> list[str]:
    """A line per open allocation whose declared amount was changed after its grant without a booked adjustment."""
    lines = []
    for one in facts.allocations:
        if one.continues is not None or ledger.closing(one.initiative_id, one.starts_on) is not None:
            continue
        account = allocation(one.initiative_id)
        granted = sum(
            (
                posting.amount
                for movement in ledger.allocation_movements(one.initiative_id, one.starts_on)
                for posting in movement.postings
                if posting.account == account and movement.kind == "grant"
            ),
            Decimal(0),
        )
        held = ledger.allocation_balance(one.initiative_id, one.starts_on)
        if one.declared_amount not in (granted, held):
            lines.append(
                f"{one.initiative_id}: the registry declares an allocation of {one.declared_amount:,.2f}, "
                f"{held:,.2f} is booked; to change it: tokenomics budget adjust {one.initiative_id} "
                f"{(one.declared_amount - held).normalize():f} --approver EMAIL"
            )
    return lines


def withdrawn_allocations(ledger: Ledger, facts: BudgetFacts) -> list[str]:
    """A line per open allocation that the registry no longer declares: nothing will ever close it."""
    declared = {(one.initiative_id, one.starts_on) for one in facts.allocations}
    lines = []
    for movement in ledger.movements.values():
        key = movement.allocation
        if movement.kind != "grant" or key is None or key in declared or ledger.closing(*key) is not None:
            continue
        initiative_id, starts_on = key
        if starts_on <= facts.as_of:
            lines.append(
                f"{initiative_id}: its allocation from {starts_on} holds {ledger.allocation_balance(*key):,.2f}, but the "
                "registry no longer declares it; declare it again with the day on which it expires"
            )
    return lines


def _flows(ledger: Ledger, account: str, as_of: date) -> list[Flow]:
    return [
        Flow(movement.movement_id, movement.kind, movement.effective_on, posting.amount)
        for movement in ledger.movements.values()
        for posting in movement.postings
        if posting.account == account and movement.effective_on <= as_of
    ]
