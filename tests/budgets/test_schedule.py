"""Fund, grant and expire follow from what is declared, each once, whatever the order of runs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.budgets.facts import Allocation, BudgetFacts, BudgetLine
from orchestration.budgets.movements import Ledger, Movement, transfer
from orchestration.budgets.schedule import Terms, scheduled_movements
from orchestration.budgets.warnings import changed_allocations, overdrawn_pools, withdrawn_allocations
from tests.budgets.examples import graduation

TERMS = Terms(ZoneInfo("America/New_York"), "v1", grace_days=30, minor_unit=Decimal("0.01"))
JULY = BudgetLine("ops", "2026-07", "experimentation", date(2026, 7, 1), Decimal(1000))
AUGUST_CORE = BudgetLine("ops", "2026-08", "core", date(2026, 8, 1), Decimal("300.5"))
EXP = Allocation("exp", "ops", date(2026, 7, 10), date(2026, 7, 31), None, Decimal(500), Decimal(500))
Costs = Mapping[date, Decimal]


def facts(as_of: date, *, costs: Costs | None = None, ready: tuple[date, ...] = (), **changes: Any) -> BudgetFacts:
    budgets = changes.get("budgets", (JULY, AUGUST_CORE))
    allocations = changes.get("allocations", (EXP,))
    return BudgetFacts(
        as_of=as_of,
        budgets=tuple(one for one in budgets if one.starts_on <= as_of),
        allocations=tuple(one for one in allocations if one.starts_on <= as_of),
        costs={"exp": costs or {}},
        ready_days={"exp": ready},
        returns={"exp": tuple(day for day in changes.get("returns", ()) if day <= as_of)},
    )


def book(ledger: Ledger, known: BudgetFacts) -> list[Movement]:
    return [one for one in scheduled_movements(ledger, known, TERMS) if ledger.add(one)]


def names(movements: list[Movement]) -> list[str]:
    return [one.movement_id for one in movements]


def test_each_period_that_has_begun_is_funded_once_on_its_first_day() -> None:
    ledger = Ledger()
    assert names(book(ledger, facts(date(2026, 7, 9)))) == ["fund:ops:2026-07:experimentation"]
    assert names(book(ledger, facts(date(2026, 8, 1), allocations=()))) == ["fund:ops:2026-08:core"]
    assert book(ledger, facts(date(2026, 8, 1), allocations=())) == []
    assert ledger.balance("pool:experimentation:ops") == 1000
    assert ledger.balance("core:ops") == Decimal("300.5")
    assert ledger.balance("corporate") == Decimal("-1300.5")
    fund = ledger.movements["fund:ops:2026-08:core"]
    assert fund.effective_on == date(2026, 8, 1)
    assert fund.posted_at == datetime(2026, 8, 1, 4, tzinfo=UTC)


def test_a_restated_budget_is_followed_by_the_difference() -> None:
    ledger = Ledger()
    book(ledger, facts(date(2026, 7, 9)))
    raised = facts(date(2026, 7, 20), budgets=(replace(JULY, amount=Decimal(1200)),), allocations=())
    assert names(book(ledger, raised)) == ["fund:ops:2026-07:experimentation:2"]
    assert ledger.balance("pool:experimentation:ops", date(2026, 7, 19)) == 1000
    assert ledger.balance("pool:experimentation:ops", date(2026, 7, 20)) == 1200
    assert book(ledger, raised) == []
    withdrawn = facts(date(2026, 7, 21), budgets=(), allocations=())
    assert names(book(ledger, withdrawn)) == ["fund:ops:2026-07:experimentation:3"]
    assert ledger.balance("pool:experimentation:ops") == 0


def test_a_run_for_an_earlier_day_withdraws_nothing_of_later_periods() -> None:
    ledger = Ledger()
    book(ledger, facts(date(2026, 8, 5)))
    assert book(ledger, facts(date(2026, 7, 9))) == []


def test_an_allocation_is_granted_from_its_first_day_on() -> None:
    ledger = Ledger()
    assert "grant:exp:2026-07-10" not in names(book(ledger, facts(date(2026, 7, 9))))
    assert names(book(ledger, facts(date(2026, 7, 25)))) == ["grant:exp:2026-07-10"]
    assert ledger.movements["grant:exp:2026-07-10"].effective_on == date(2026, 7, 10)
    assert ledger.balance("allocation:exp") == 500
    assert ledger.balance("pool:experimentation:ops") == 500


COSTS = {date(2026, 7, 9): Decimal(7), date(2026, 7, 31): Decimal("120.0000000005"), date(2026, 8, 1): Decimal(3)}


def test_the_last_day_is_inclusive_then_the_spent_part_is_consumed_and_the_rest_returns() -> None:
    ledger = Ledger()
    book(ledger, facts(date(2026, 7, 31), costs=COSTS))
    assert ledger.closing("exp", EXP.starts_on) is None
    assert "expire:exp:2026-07-10" in names(book(ledger, facts(date(2026, 8, 1), costs=COSTS)))
    assert ledger.balance("allocation:exp") == 0
    assert ledger.balance("consumed:ops") == Decimal("120.000000000")
    assert ledger.balance("pool:experimentation:ops") == 880
    assert ledger.movements["expire:exp:2026-07-10"].effective_on == date(2026, 8, 1)
    assert book(ledger, facts(date(2026, 8, 1), costs=COSTS)) == []


def test_an_overspent_allocation_takes_the_overspend_out_of_the_pool() -> None:
    ledger = Ledger()
    book(ledger, facts(date(2026, 8, 1), costs={date(2026, 7, 20): Decimal(620)}))
    assert ledger.balance("allocation:exp") == 0
    assert ledger.balance("consumed:ops") == 620
    assert ledger.balance("pool:experimentation:ops") == 380


def test_who_was_ready_in_time_keeps_its_allocation_for_the_grace() -> None:
    ledger = Ledger()
    ready = (date(2026, 7, 31),)
    last = date(2026, 8, 30)
    book(ledger, facts(last, ready=ready))
    assert ledger.closing("exp", EXP.starts_on) is None
    book(ledger, facts(last + timedelta(days=1), ready=ready))
    closing = ledger.closing("exp", EXP.starts_on)
    assert closing is not None
    assert closing.effective_on == date(2026, 8, 31)


def test_ready_only_after_the_last_day_gives_no_grace() -> None:
    ledger = Ledger()
    book(ledger, facts(date(2026, 8, 2), ready=(date(2026, 8, 1),)))
    closing = ledger.closing("exp", EXP.starts_on)
    assert closing is not None
    assert closing.effective_on == date(2026, 8, 1)


def test_the_next_allocation_closes_the_one_before() -> None:
    first = replace(EXP, superseded_on=date(2026, 7, 20))
    second = replace(EXP, starts_on=date(2026, 7, 20), amount=Decimal(100))
    ledger = Ledger()
    known = facts(date(2026, 7, 25), allocations=(first, second), costs={date(2026, 7, 20): Decimal(5)})
    assert names(book(ledger, known)) == [
        "fund:ops:2026-07:experimentation",
        "grant:exp:2026-07-10",
        "expire:exp:2026-07-10",
        "grant:exp:2026-07-20",
    ]
    assert ledger.balance("allocation:exp") == 100
    assert ledger.balance("consumed:ops") == 0


def test_on_a_move_the_old_department_gets_the_rest_back_and_the_new_one_grants_it() -> None:
    """Ten days of 2 are 20 of 500 by the move; 480 go back and are granted again; 11 more days of 2 are consumed there."""
    move = date(2026, 7, 20)
    first = replace(EXP, superseded_on=move)
    rest = replace(EXP, department_id="lab", starts_on=move, continues=EXP.starts_on)
    lab = BudgetLine("lab", "2026-07", "experimentation", date(2026, 7, 1), Decimal(600))
    costs = {date(2026, 7, day): Decimal(2) for day in range(10, 31)}
    ledger = Ledger()
    known = {"costs": costs, "budgets": (JULY, lab), "allocations": (first, rest)}
    assert "grant:exp:2026-07-20" in names(book(ledger, facts(date(2026, 7, 25), **known)))
    assert ledger.balance("consumed:ops") == 20
    assert ledger.balance("pool:experimentation:ops") == 980
    assert ledger.balance("pool:experimentation:lab") == 120
    assert ledger.balance("allocation:exp") == 480
    assert changed_allocations(ledger, facts(date(2026, 7, 25), **known)) == []
    book(ledger, facts(date(2026, 8, 1), **known))
    assert ledger.balance("consumed:lab") == 22
    assert ledger.balance("pool:experimentation:lab") == 578
    assert ledger.balance("allocation:exp") == 0


def test_a_move_after_everything_was_spent_grants_nothing_and_what_is_spent_then_is_the_new_pools() -> None:
    move = date(2026, 7, 20)
    first = replace(EXP, superseded_on=move)
    rest = replace(EXP, department_id="lab", starts_on=move, continues=EXP.starts_on)
    costs = {date(2026, 7, 11): Decimal(501), date(2026, 7, 21): Decimal(3)}
    ledger = Ledger()
    book(ledger, facts(date(2026, 8, 1), costs=costs, budgets=(JULY,), allocations=(first, rest)))
    assert [one for one in ledger.movements if one.startswith("grant:")] == ["grant:exp:2026-07-10"]
    assert ledger.balance("consumed:ops") == 501
    assert (ledger.balance("consumed:lab"), ledger.balance("pool:experimentation:lab")) == (3, -3)


def test_an_allocation_that_was_closed_before_the_move_is_not_continued() -> None:
    rest = replace(EXP, department_id="lab", starts_on=date(2026, 7, 20), continues=EXP.starts_on)
    ledger = Ledger()
    book(ledger, facts(date(2026, 8, 1), budgets=(JULY,)))
    assert (
        book(
            ledger,
            facts(date(2026, 8, 2), budgets=(JULY,), allocations=(replace(EXP, superseded_on=rest.starts_on), rest)),
        )
        == []
    )


def test_cost_that_comes_in_after_the_close_is_settled_from_the_pool() -> None:
    ledger = Ledger()
    book(ledger, facts(date(2026, 8, 1), costs={date(2026, 7, 30): Decimal(100)}))
    late = facts(date(2026, 8, 5), costs={date(2026, 7, 30): Decimal(100), date(2026, 7, 31): Decimal("20.25")})
    assert names(book(ledger, late)) == ["settle:exp:2026-07-10:1"]
    assert ledger.balance("consumed:ops") == Decimal("120.25")
    assert ledger.balance("pool:experimentation:ops") == Decimal("879.75")
    assert book(ledger, late) == []


def test_a_grant_beyond_the_pool_is_booked_and_told() -> None:
    ledger = Ledger()
    known = facts(date(2026, 7, 10), budgets=(replace(JULY, amount=Decimal(300)),))
    new = book(ledger, known)
    assert ledger.balance("allocation:exp") == 500
    assert overdrawn_pools(ledger, known.as_of, new) == [
        "pool:experimentation:ops is overdrawn by 200.00: grant:exp:2026-07-10 took 500.00 on 2026-07-10"
    ]
    assert len(overdrawn_pools(ledger, known.as_of, [])) == 1
    funded = Ledger()
    assert overdrawn_pools(funded, known.as_of, book(funded, facts(date(2026, 7, 10)))) == []


def test_a_changed_declaration_is_told_until_it_is_booked() -> None:
    ledger = Ledger()
    book(ledger, facts(date(2026, 7, 10)))
    known = facts(date(2026, 7, 11), allocations=(replace(EXP, declared_amount=Decimal("650.5")),))
    assert book(ledger, known) == []
    [line] = changed_allocations(ledger, known)
    assert "tokenomics budget adjust exp 150.5 " in line
    assert changed_allocations(ledger, facts(date(2026, 7, 11))) == []


def test_an_allocation_that_vanished_from_the_registry_is_told_while_it_is_open() -> None:
    ledger = Ledger()
    book(ledger, facts(date(2026, 7, 10)))
    moved = facts(date(2026, 7, 12), allocations=(replace(EXP, starts_on=date(2026, 7, 12)),))
    book(ledger, moved)
    [line] = withdrawn_allocations(ledger, moved)
    assert line.startswith("exp: its allocation from 2026-07-10 holds 500.00, ")
    assert withdrawn_allocations(ledger, facts(date(2026, 7, 9))) == []
    closed = Ledger()
    book(closed, facts(date(2026, 8, 1)))
    assert withdrawn_allocations(closed, facts(date(2026, 8, 2), allocations=())) == []


def graduated(on: date, raises: dict[str, str]) -> Movement:
    """Without an allocation: the core budget of ops is raised, by fiscal period."""
    return replace(
        graduation(),
        effective_on=on,
        allocation_starts_on=None,
        postings=tuple(
            posting
            for period, amount in raises.items()
            for posting in transfer("corporate", "core:ops", Decimal(amount), period)
        ),
    )


RAISES = {"2026-08": "155.00", "2026-09": "300.00", "2026-10": "300.00"}
"""Of 300 a month from the sixteenth of August."""


@pytest.mark.parametrize(
    ("returned_on", "taken_back"),
    [
        (date(2026, 8, 16), {"2026-08": "155.00", "2026-09": "300.00", "2026-10": "300.00"}),
        (date(2026, 8, 31), {"2026-08": "9.69", "2026-09": "300.00", "2026-10": "300.00"}),
        (date(2026, 9, 1), {"2026-09": "300.00", "2026-10": "300.00"}),
        (date(2026, 9, 21), {"2026-09": "100.00", "2026-10": "300.00"}),
        (date(2026, 11, 1), {"2026-11": "0"}),
    ],
)
def test_a_return_to_experimentation_takes_back_what_is_left_of_the_raise(
    returned_on: date, taken_back: dict[str, str]
) -> None:
    """Of August's 155 for sixteen days one day is 9.69; ten days of September's thirty are 100."""
    ledger = Ledger([graduated(date(2026, 8, 15), RAISES)])
    known = facts(returned_on, budgets=(), allocations=(), returns=(returned_on,))
    assert (
        book(ledger, facts(returned_on - timedelta(days=1), budgets=(), allocations=(), returns=(returned_on,))) == []
    )
    (movement,) = book(ledger, known)
    assert (movement.movement_id, movement.kind) == (f"return:exp:{returned_on}", "return")
    assert (movement.effective_on, movement.initiative_id) == (returned_on, "exp")
    core = {one.fiscal_period: -one.amount for one in movement.postings if one.account == "core:ops"}
    assert core == {period: Decimal(amount) for period, amount in taken_back.items()}
    assert sum(one.amount for one in movement.postings) == 0
    assert book(ledger, known) == []


@given(
    returned_on=st.dates(date(2026, 8, 16), date(2026, 11, 15)),
    runs=st.lists(st.dates(date(2026, 8, 16), date(2026, 11, 30)), min_size=1, max_size=5),
)
def test_a_return_is_booked_alike_in_whatever_order_runs_come(returned_on: date, runs: list[date]) -> None:
    """What is left of the raise is what its days before the return were raised by, to a cent."""
    by_steps, at_once = Ledger([graduated(date(2026, 8, 15), RAISES)]), Ledger([graduated(date(2026, 8, 15), RAISES)])
    for day in [*runs, max(runs)]:
        book(by_steps, facts(day, budgets=(), allocations=(), returns=(returned_on,)))
    book(at_once, facts(max(runs), budgets=(), allocations=(), returns=(returned_on,)))
    assert by_steps.movements == at_once.movements
    if max(runs) >= returned_on:
        days = [date(2026, 8, 16) + timedelta(days=n) for n in range((returned_on - date(2026, 8, 16)).days)]
        lengths = {"2026-08": 16, "2026-09": 30, "2026-10": 31}
        raised = sum(Decimal(RAISES.get(f"{day:%Y-%m}", "0")) / lengths.get(f"{day:%Y-%m}", 1) for day in days)
        assert abs(at_once.balance("core:ops") - raised) <= Decimal("0.01")


def test_each_return_undoes_its_own_graduation_and_none_where_nothing_graduated() -> None:
    first, second = date(2026, 9, 1), date(2026, 10, 10)
    known = facts(date(2026, 10, 31), budgets=(), allocations=(), returns=(first, second))
    assert book(Ledger(), known) == []
    ledger = Ledger([graduated(date(2026, 8, 15), RAISES)])
    assert names(book(ledger, known)) == [f"return:exp:{first}"]
    again = graduated(date(2026, 9, 30), {"2026-10": "310.00"})
    assert ledger.add(replace(again, movement_id="graduate:exp:2026-09-30"))
    (movement,) = book(ledger, known)
    assert movement.movement_id == f"return:exp:{second}"
    assert ledger.balance("core:ops") == Decimal("155.00") + Decimal("90.00")


@given(
    spent=st.dictionaries(
        st.dates(date(2026, 7, 1), date(2026, 8, 20)), st.decimals("-5", "90", places=12), max_size=20
    ),
    runs=st.lists(st.dates(date(2026, 7, 1), date(2026, 8, 20)), min_size=1, max_size=6),
    is_ready=st.booleans(),
)
def test_any_order_of_runs_tells_the_same_history(spent: dict[date, Decimal], runs: list[date], is_ready: bool) -> None:
    ready = (date(2026, 7, 20),) if is_ready else ()
    by_steps, at_once = Ledger(), Ledger()
    for day in [*runs, max(runs)]:
        book(by_steps, _known(day, spent, ready))
    book(at_once, _known(max(runs), spent, ready))
    assert by_steps.movements == at_once.movements
    assert all(sum(posting.amount for posting in one.postings) == 0 for one in at_once.movements.values())
    assert all(one.effective_on <= max(runs) for one in at_once.movements.values())
    if at_once.closing("exp", EXP.starts_on):
        assert at_once.balance("allocation:exp") == 0


def _known(day: date, spent: dict[date, Decimal], ready: tuple[date, ...]) -> BudgetFacts:
    costs = {one: cost for one, cost in spent.items() if one <= day}
    return facts(day, costs=costs, ready=tuple(one for one in ready if one <= day))
