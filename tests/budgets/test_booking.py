"""Booking end to end on a small warehouse: what is landed, what is refused, what a second call does."""

import json
from datetime import date
from decimal import Decimal

import pytest

from orchestration.budgets.decisions import Refused
from orchestration.budgets.facts import UnknownFact
from orchestration.budgets.landed import land_approved
from tests.budgets.conftest import AS_OF, CFO, Books


def test_a_run_books_and_lands_the_schedule_once(books: Books) -> None:
    first = books.run()
    assert [one.movement_id for one in first.movements] == [
        "fund:ops:2026-07:experimentation",
        "grant:exp:2026-07-01",
        "grant:raw:2026-07-01",
    ]
    assert first.alerts == ()
    rows = books.landed("scheduled_movements", "account, amount")
    assert sum(amount for _, amount in rows) == 0
    assert ("allocation:exp", Decimal(500)) in rows
    assert books.run().movements == ()
    assert books.landed("scheduled_movements", "account, amount") == rows
    assert books.landed("movements", "account") == []


def test_an_amount_without_an_exchange_rate_stops_the_run(books: Books) -> None:
    books.connection.execute(
        "update intermediate.int_allocations_declared set amount = null where initiative_id = 'raw'"
    )
    with pytest.raises(UnknownFact, match=r"allocation of raw \(ops\): no exchange rate"):
        books.run()
    assert books.journal.read() == []


def test_a_warehouse_of_an_earlier_day_is_refused(books: Books) -> None:
    with pytest.raises(UnknownFact, match="first: tokenomics run --as-of 2026-08-01"):
        books.run(date(2026, 8, 1))


def test_graduation_books_one_balanced_movement(books: Books) -> None:
    books.run()
    done = books.graduate()
    assert done.is_new
    assert [(one.account, one.amount, one.fiscal_period) for one in done.movement.postings][:4] == [
        ("allocation:exp", Decimal("-120.250000000"), None),
        ("consumed:ops", Decimal("120.250000000"), None),
        ("allocation:exp", Decimal("-379.750000000"), None),
        ("pool:experimentation:ops", Decimal("379.750000000"), None),
    ]
    core = {one.fiscal_period: one.amount for one in done.movement.postings if one.account == "core:ops"}
    assert core == {f"2026-{month:02}": Decimal("310.12") for month in range(8, 13)}
    assert sum(one.amount for one in done.movement.postings) == 0
    assert books.journal.ledger().balance("allocation:exp") == 0
    assert {(row[0], row[1], row[2]) for row in books.landed("movements", "kind, approver, effective_on")} == {
        ("graduate", CFO, AS_OF)
    }
    assert books.landed("graduations", "initiative_id, verified_run_rate, verified_unit_cost, evidence_id") == [
        ("exp", Decimal("310.123456789"), Decimal("0.05"), done.movement.evidence_id)
    ]


def test_the_evidence_of_a_graduation_is_kept(books: Books) -> None:
    done = books.graduate()
    path = books.evidence / "graduations" / f"exp-{done.movement.evidence_id}.json"
    pack = json.loads(path.read_text())
    assert pack["approver"] == CFO
    assert pack["readiness"]["verified_run_rate"] == "310.123456789"
    assert pack["spent_amount"] == "120.250000000"
    assert [gate["status"] for gate in pack["gates"]] == ["pass"] * 5
    assert done.failing == ()


def test_who_stays_ready_is_graduated_and_the_gate_that_fails_on_the_day_is_named(books: Books) -> None:
    books.land_verdicts({"exp": {4: ("fail", "growing")}}, stay_ready=True)
    done = books.graduate()
    assert done.is_new
    assert done.failing == ("gate 4 (stability): fail, growing",)


def test_graduating_twice_changes_nothing(books: Books) -> None:
    first = books.graduate()
    before = books.journal.path.read_bytes()
    books.land_verdicts({"exp": {4: ("fail", "growing")}})
    again = books.graduate()
    assert not again.is_new
    assert again.movement == first.movement
    assert books.journal.path.read_bytes() == before
    assert books.run().movements == ()


def test_an_initiative_that_the_registry_returned_graduates_again(books: Books) -> None:
    """Graduated on the last of July and raised by 310.12 a month; an experiment again from the 11th of August: 21 of 31 days
    of August and all later months go back. It has no allocation then.
    """
    books.graduate()
    books.connection.execute(
        "update intermediate.int_evaluation_calendar set as_of_date = '2026-08-31'; "
        "insert into intermediate.int_initiatives_effective values ('exp', 'experimentation', '0001-01-01'), "
        "('exp', 'core', '2026-08-01'), ('exp', 'experimentation', '2026-08-11')"
    )
    later = date(2026, 8, 31)
    assert not books.graduate(as_of=date(2026, 8, 10)).is_new
    assert "return:exp:2026-08-11" in [one.movement_id for one in books.run(later).movements]
    core = books.landed("scheduled_movements", "kind, account, fiscal_period, amount")
    assert [row[2:] for row in core if row[:2] == ("return", "core:ops")] == [
        ("2026-08", Decimal("-210.08")),
        *((f"2026-{month:02}", Decimal("-310.12")) for month in range(9, 13)),
    ]
    books.connection.execute("delete from intermediate.int_allocations_declared where initiative_id = 'exp'")
    books.land_verdicts({"exp": {}}, as_of=later)
    again = books.graduate(as_of=later)
    assert (again.is_new, again.movement.movement_id) == (True, "graduate:exp:2026-08-31")
    assert books.landed("graduations", "movement_id, effective_on") == [
        ("graduate:exp", AS_OF),
        ("graduate:exp:2026-08-31", later),
    ]


def test_a_failing_gate_refuses_by_name_and_books_nothing(books: Books) -> None:
    with pytest.raises(Refused) as refusal:
        books.graduate("raw")
    assert str(refusal.value).splitlines() == [
        "raw is not ready to graduate on 2026-07-31:",
        "gate 3 (guardrail): fail, cap_not_in_force",
        "gate 4 (stability): fail, growing",
    ]
    assert books.journal.read() == []
    assert not books.evidence.exists()


@pytest.mark.parametrize(
    ("initiative_id", "as_of", "why"),
    [
        ("typo", AS_OF, "no initiative of this name"),
        ("core", AS_OF, "no gates were evaluated"),
        ("exp", date(2026, 7, 30), "no gates were evaluated"),
    ],
)
def test_what_was_not_evaluated_cannot_graduate(books: Books, initiative_id: str, as_of: date, why: str) -> None:
    with pytest.raises(Refused, match=why):
        books.graduate(initiative_id, as_of)


def test_gates_of_another_policy_do_not_count(books: Books) -> None:
    books.land_verdicts({"exp": {}}, policy_version="v0")
    with pytest.raises(Refused, match="policy has changed"):
        books.graduate()


def test_an_expired_allocation_cannot_graduate(books: Books) -> None:
    books.connection.execute("update intermediate.int_allocations_declared set expires_on = '2026-07-30'")
    with pytest.raises(Refused, match=r"closed on 2026-07-31 \(expire:exp:2026-07-01\)"):
        books.graduate()


def test_who_was_ready_in_time_graduates_within_the_grace(books: Books) -> None:
    books.connection.execute("update intermediate.int_allocations_declared set expires_on = '2026-07-30'")
    books.connection.execute(
        "create table readiness as from landing.statistics__readiness union all by name "
        "select * replace (date '2026-07-30' as as_of_date) from landing.statistics__readiness"
    )
    books.connection.execute("create or replace view landing.statistics__readiness as from main.readiness")
    assert books.graduate().is_new


def test_a_killed_command_is_caught_up_with_by_landing_again(books: Books) -> None:
    books.graduate()
    manifest = books.landing.folder("budget", "movements") / "manifest.json"
    manifest.unlink()
    assert books.landed("movements", "kind") == []
    land_approved(books.landing, books.journal)
    assert {kind for (kind,) in books.landed("movements", "kind")} == {"graduate"}


def test_an_adjustment_is_landed_and_an_overdrawn_pool_told(books: Books) -> None:
    booked = books.change("adjust", "600")
    assert booked.alerts == (
        "pool:experimentation:ops is overdrawn by 105.00: adjust:exp:2026-07-01:1 took 600.00 on 2026-07-31",
    )
    assert books.landed("movements", "account, amount") == [
        ("allocation:exp", Decimal(600)),
        ("pool:experimentation:ops", Decimal(-600)),
    ]
    assert books.run().movements == ()


def test_more_than_is_unspent_is_not_returned(books: Books) -> None:
    with pytest.raises(Refused, match=r"only 379\.75 is not spent"):
        books.change("return", "379.76")
    assert books.journal.read() == []
    assert books.change("return", "379.75").alerts == ()
    assert books.journal.ledger().balance("allocation:exp") == Decimal("120.25")


def test_an_initiative_without_an_allocation_has_nothing_to_change(books: Books) -> None:
    with pytest.raises(Refused, match="has no allocation"):
        books.change("adjust", "1", "core")
