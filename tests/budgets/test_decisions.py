"""What a person may book: the raise of the core budget, changes of an allocation, and what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from orchestration.budgets.decisions import (
    Approval,
    Refused,
    Verdict,
    allocation_change,
    core_raise,
    failing_gates,
)
from orchestration.budgets.facts import Allocation
from orchestration.budgets.movements import Ledger, Movement
from orchestration.registry.currencies import minor_unit
from tests.budgets.examples import START, fund, graduation, grant

APPROVAL = Approval("cfo@company.example", date(2026, 7, 15), datetime(2026, 7, 15, 12, tzinfo=UTC), "v1")
EXP = Allocation("exp", "ops", START, date(2026, 7, 31), None, Decimal(500), Decimal(500))


def change(kind: str, amount: str, ledger: Ledger, spent: str = "120", approval: Approval = APPROVAL) -> Movement:
    return allocation_change(kind, EXP, Decimal(amount), Decimal(spent), ledger, approval)


@pytest.mark.parametrize(
    ("graduated_on", "start_month", "expected"),
    [
        (date(2026, 10, 31), 1, [("2026-11", "310.00"), ("2026-12", "310.00")]),
        (date(2026, 11, 15), 1, [("2026-11", "155.00"), ("2026-12", "310.00")]),
        (date(2026, 12, 30), 1, [("2026-12", "10.00")]),
        (date(2026, 12, 31), 1, []),
        (
            date(2026, 12, 21),
            4,
            [("2026-12", "100.00"), ("2027-01", "310.00"), ("2027-02", "310.00"), ("2027-03", "310.00")],
        ),
        (date(2028, 2, 1), 3, [("2028-02", "299.31")]),
    ],
)
def test_core_is_raised_for_what_is_left_of_the_fiscal_year(
    graduated_on: date, start_month: int, expected: list[tuple[str, str]]
) -> None:
    raises = core_raise(Decimal("310"), graduated_on, start_month, Decimal("0.01"))
    assert raises == [(period, Decimal(amount)) for period, amount in expected]


@pytest.mark.parametrize(
    ("currency", "run_rate", "raised"), [("JPY", "310.7", "311"), ("KWD", "0.3107", "0.311"), ("EUR", "0.3107", "0.31")]
)
def test_core_is_raised_in_whole_minor_units_of_the_currency(currency: str, run_rate: str, raised: str) -> None:
    raises = core_raise(Decimal(run_rate), date(2026, 11, 30), 1, minor_unit(currency))
    assert [(period, str(amount)) for period, amount in raises] == [("2026-12", raised)]


def test_failing_gates_are_named_with_status_and_reason() -> None:
    gates = (
        {"gate_number": 1, "gate_name": "return", "status": "pass", "reason": "above"},
        {"gate_number": 3, "gate_name": "guardrail", "status": "insufficient", "reason": "no_read_back"},
        {"gate_number": 4, "gate_name": "stability", "status": "fail", "reason": "growing"},
        {"gate_number": 5, "gate_name": "graduation", "status": "insufficient", "reason": "not_ready"},
    )
    assert failing_gates(Verdict(gates, {}), (1, 2, 3, 4)) == [
        "gate 2: not evaluated",
        "gate 3 (guardrail): insufficient, no_read_back",
        "gate 4 (stability): fail, growing",
    ]
    assert failing_gates(Verdict(gates, {}), (1,)) == []


def test_a_raise_comes_out_of_the_pool_and_a_return_goes_back() -> None:
    ledger = Ledger([fund(), grant()])
    assert ledger.add(change("adjust", "50.5", ledger))
    assert ledger.add(change("return", "430.5", ledger))
    assert ledger.balance("allocation:exp") == 120
    assert ledger.balance("pool:experimentation:ops") == 880


def test_two_equal_changes_are_two_movements() -> None:
    ledger = Ledger([fund(), grant()])
    assert ledger.add(change("adjust", "10", ledger))
    assert ledger.add(change("adjust", "10", ledger))
    assert ledger.balance("allocation:exp") == 520


@pytest.mark.parametrize(("kind", "amount"), [("return", "380.01"), ("adjust", "-380.01")])
def test_what_is_spent_cannot_leave_the_allocation(kind: str, amount: str) -> None:
    ledger = Ledger([fund(), grant()])
    with pytest.raises(Refused, match=r"only 380\.00 is not spent"):
        change(kind, amount, ledger)
    change(kind, amount.replace("0.01", "0.00"), ledger)


@pytest.mark.parametrize(("kind", "amount"), [("return", "0"), ("return", "-1"), ("adjust", "0")])
def test_an_amount_without_sense_is_refused(kind: str, amount: str) -> None:
    with pytest.raises(Refused, match="give an amount"):
        change(kind, amount, Ledger([fund(), grant()]))


def test_a_closed_or_expired_allocation_cannot_be_changed() -> None:
    closed = Ledger([fund(), grant(), graduation()])
    with pytest.raises(Refused, match=r"closed on 2026-07-31 \(graduate:exp\)"):
        change("adjust", "1", closed)
    late = replace(APPROVAL, as_of=date(2026, 8, 1))
    with pytest.raises(Refused, match="expired on 2026-07-31"):
        change("adjust", "1", Ledger([fund(), grant()]), approval=late)
    assert change("adjust", "1", Ledger([fund(), grant()]), approval=replace(APPROVAL, as_of=date(2026, 7, 31)))
