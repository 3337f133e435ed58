"""Replayed gates: each day's verdict is the evaluation's, a trip is the first ready day, hindsight only scores."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from orchestration.graduation.evaluate import evaluated
from orchestration.replay.gates import replay_gates
from tests.replay.conftest import replay_policy

FIRST = date(2026, 7, 1)
POLICY = replay_policy(required_gates=(1, 4))


def experiment(warehouse: Any, name: str, costs: list[float]) -> None:
    """Cheaper than the software it replaces, so that only stability decides."""
    warehouse.add_initiative(name, FIRST, legacy_software_per_month=Decimal(5000), allocation_amount=Decimal(99999))
    warehouse.add_costs(name, FIRST, costs)


def last_day(days: int) -> date:
    return FIRST + timedelta(days=days - 1)


def rows_of(rows: list[dict], name: str) -> list[dict]:
    return [row for row in rows if row.initiative_id == name]


def test_a_replayed_day_says_what_the_evaluation_of_that_day_says(warehouse: Any) -> None:
    experiment(warehouse, "calm", [10.0, 10.1] * 20)
    connection = warehouse.open()
    replayed = replay_gates(connection, POLICY, FIRST, last_day(40))
    assert [row.replay_date for row in replayed] == [FIRST + timedelta(days=n) for n in range(40)]
    for days in (10, 29, 30, 40):
        own = evaluated(connection, POLICY, last_day(days))
        gates = {gate.gate_number: gate for gate in own.gates if gate.as_of_date == last_day(days)}
        (row,) = [row for row in replayed if row.replay_date == last_day(days)]
        assert [getattr(row, f"gate_{n}_status") for n in range(1, 6)] == [gates[n].status for n in range(1, 6)]
        assert row.blocking_gates == own.readiness[-1].blocking_gates
        assert gates[4].reason in row.reasons or row.is_ready


def test_the_flag_goes_up_once_and_is_false_when_the_cost_changes_by_more_than_a_fifth(warehouse: Any) -> None:
    """Verified at 10.05 a day; then 28 days at 12 (19.4 % more) or 12.1 (20.4 %), or ten days of 10 and bursts."""
    experiment(warehouse, "calm", [10.0, 10.1] * 35)
    experiment(warehouse, "within", [10.0, 10.1] * 15 + [12.0] * 40)
    experiment(warehouse, "beyond", [10.0, 10.1] * 15 + [12.1] * 40)
    experiment(warehouse, "burst", [10.0, 10.1] * 20 + [10.0, 80.0, 3.0] * 10)
    rows = replay_gates(warehouse.open(), POLICY, FIRST, last_day(70))
    names = ("calm", "within", "beyond", "burst")
    for name in names:
        trips = [row.replay_date for row in rows_of(rows, name) if row.is_trip]
        assert trips == [last_day(30)]
    verdicts = {name: [row.is_false_trip for row in rows_of(rows, name) if row.is_trip] for name in names}
    assert verdicts == {"calm": [False], "within": [False], "beyond": [True], "burst": [True]}
    assert {row.status for row in rows_of(rows, "burst")} == {"insufficient", "ready", "fail"}
    assert all(row.saved_amount is None for row in rows)


def test_a_graduated_trip_is_false_too_when_its_cost_changes(warehouse: Any) -> None:
    """Graduated on the day after the trip, so that its gates end there, and twice as dear from then on."""
    experiment(warehouse, "dearer", [10.0, 10.1] * 16 + [20.1] * 30)
    movement = {"kind": "graduate", "initiative_id": "dearer", "account": "allocation:dearer", "amount": Decimal(0)}
    warehouse.land("budget", "movements", movement_id="m", effective_on=last_day(31), **movement)
    rows = replay_gates(warehouse.open(), POLICY, FIRST, last_day(60))
    assert max(row.replay_date for row in rows) == last_day(31)
    assert [(row.replay_date, row.is_false_trip) for row in rows if row.is_trip] == [(last_day(30), True)]


def test_whether_a_trip_was_false_is_unknown_until_28_days_are_over_and_complete(warehouse: Any) -> None:
    experiment(warehouse, "burst", [10.0, 10.1] * 20 + [10.0, 80.0, 3.0] * 10)
    connection = warehouse.open()
    for days, expected in ((57, None), (58, True)):
        rows = replay_gates(connection, POLICY, last_day(30), last_day(days))
        assert [row.is_false_trip for row in rows if row.is_trip] == [expected]
        assert min(row.replay_date for row in rows) == last_day(30)
    connection.execute(
        "update intermediate.int_cost_object_daily_costs set is_missing = true where cost_date = ?", [last_day(50)]
    )
    rows = replay_gates(connection, POLICY, FIRST, last_day(58))
    assert [row.is_false_trip for row in rows if row.is_trip] == [None]
