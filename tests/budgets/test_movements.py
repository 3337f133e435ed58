"""A movement balances to the last digit, and the ledger keeps its rules whoever books."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from orchestration.budgets.movements import (
    CORPORATE,
    BrokenMovement,
    Ledger,
    Movement,
    Posting,
    allocation,
    core,
    from_plain,
    pool,
    to_plain,
    transfer,
)
from tests.budgets.examples import fund, graduation, grant, movement


def test_balances_are_sums_of_postings() -> None:
    ledger = Ledger([fund(), grant()])
    assert ledger.balance("corporate") == -1000
    assert ledger.balance("pool:experimentation:ops") == 500
    assert ledger.balance("allocation:exp") == 500
    assert ledger.allocation_balance("exp", grant().effective_on) == 500


def test_a_balance_as_of_a_day_leaves_later_movements_out() -> None:
    ledger = Ledger([fund(), grant(), graduation()])
    assert ledger.balance("allocation:exp", graduation().effective_on.replace(day=30)) == 500
    assert ledger.balance("allocation:exp", graduation().effective_on) == 0


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (
            replace(fund(), postings=(Posting("corporate", Decimal(-1)), Posting("core:ops", Decimal("0.999999999")))),
            "sum",
        ),
        (replace(fund(), postings=()), "no postings"),
        (replace(fund(), kind="gift"), "unknown kind"),
        (replace(fund(), posted_at=fund().posted_at.replace(tzinfo=None)), "time zone"),
        (replace(fund(), postings=(Posting("corporate", Decimal(-1)), Posting("petty cash", Decimal(1)))), "account"),
        (
            replace(fund(), postings=(Posting("corporate", Decimal("-1e-10")), Posting("core:ops", Decimal("1e-10")))),
            "nine decimals",
        ),
    ],
)
def test_a_malformed_movement_is_refused_and_changes_nothing(broken, why: str) -> None:
    ledger = Ledger()
    with pytest.raises(BrokenMovement, match=why):
        ledger.add(broken)
    assert ledger.movements == {}
    assert ledger.balance("corporate") == 0


def test_the_same_id_is_taken_once() -> None:
    ledger = Ledger()
    assert ledger.add(fund())
    assert not ledger.add(fund("2000"))
    assert ledger.balance("corporate") == -1000


def test_an_allocation_is_granted_once() -> None:
    ledger = Ledger([fund(), grant()])
    with pytest.raises(BrokenMovement, match="granted already"):
        ledger.add(replace(grant(), movement_id="grant:again"))


def test_a_closing_that_leaves_a_rest_is_refused() -> None:
    ledger = Ledger([fund(), grant()])
    with pytest.raises(BrokenMovement, match="close to zero"):
        ledger.add(graduation(balance="499.999999999"))
    assert ledger.add(graduation())
    assert ledger.balance("allocation:exp") == 0


def test_a_closed_allocation_takes_nothing_more() -> None:
    ledger = Ledger([fund(), grant(), graduation()])
    late = movement(
        "adjust:exp",
        "adjust",
        transfer(pool("ops"), allocation("exp"), Decimal(1)),
        initiative_id="exp",
        allocation_starts_on=grant().effective_on,
    )
    with pytest.raises(BrokenMovement, match=r"closed by graduate:exp"):
        ledger.add(late)


def test_an_initiative_graduates_once() -> None:
    ledger = Ledger([fund(), grant(), graduation()])
    with pytest.raises(BrokenMovement, match="graduated already"):
        ledger.add(replace(graduation(), movement_id="graduate:exp:again"))


def returned(day: date, initiative_id: str = "exp") -> Movement:
    postings = transfer(core("ops"), CORPORATE, Decimal("310.00"), "2026-08")
    return movement(f"return:{initiative_id}:{day}", "return", postings, effective_on=day, initiative_id=initiative_id)


def test_an_initiative_that_was_returned_to_experimentation_may_graduate_again() -> None:
    ledger = Ledger([fund(), grant(), graduation(), returned(date(2026, 8, 1))])
    assert ledger.graduation("exp") is None
    assert ledger.graduation("exp", date(2026, 7, 31)) is not None, "on the day before the return it stood"
    later = date(2026, 9, 30)
    grants = grant(starts_on=date(2026, 9, 1))
    again = replace(
        graduation(), movement_id="graduate:exp:again", effective_on=later, allocation_starts_on=date(2026, 9, 1)
    )
    assert ledger.add(grants) and ledger.add(again)
    assert ledger.graduation("exp") == again
    with pytest.raises(BrokenMovement, match="graduated already"):
        ledger.add(
            replace(graduation(), movement_id="graduate:exp:third", effective_on=later, postings=fund().postings)
        )


def test_who_has_not_graduated_is_not_returned_to_experimentation() -> None:
    with pytest.raises(BrokenMovement, match="has not graduated"):
        Ledger([fund()]).add(returned(date(2026, 8, 1)))
    with pytest.raises(BrokenMovement, match="has not graduated"):
        Ledger([fund(), grant(), graduation(), returned(date(2026, 8, 1))]).add(returned(date(2026, 8, 2)))


@pytest.mark.parametrize("one", [fund("0.000000001"), grant(amount="1234567890123456789.123456789"), graduation()])
def test_plain_form_keeps_every_digit(one) -> None:
    assert from_plain(to_plain(one)) == one
