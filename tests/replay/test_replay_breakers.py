"""Replayed breakers on margins worked out by hand: states, money saved, false trips, floors, and no look-ahead."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orchestration.registry.policy_keys import MarginFloor
from orchestration.replay.breakers import BreakerReplay, guardrail_decisions, replay_breakers
from tests.replay.conftest import replay_policy

FIRST = date(2026, 7, 1)
D = Decimal
POLICY = replay_policy()
BREACH, GOOD = "60", "10"  # AI cost on revenue of 100, against a floor of 0.50: margin 0.40 or 0.90


def product(warehouse: Any, ai_cogs: list[str], floor: str | None = "0.5", revenue: str | None = "100") -> date:
    """Days of product ``p`` with these AI costs of goods sold; returns the last day."""
    warehouse.add_product("p", "0.6", floor)
    for n, cost in enumerate(ai_cogs):
        day = FIRST + timedelta(days=n)
        warehouse.tables["int_product_daily_economics"].append(
            ("p", day, None if revenue is None else D(revenue), D(cost), D(0))
        )
        warehouse.tables["int_revenue_recognised_by_day"].append((day,))
    return FIRST + timedelta(days=len(ai_cogs) - 1)


def states(rows: list[dict]) -> list[str]:
    return [row.status for row in rows]


def test_states_and_savings_follow_the_margins(warehouse: Any) -> None:
    last = product(warehouse, [GOOD] + [BREACH] * 7 + [GOOD] * 3)
    rows = replay_breakers(warehouse.open(), POLICY, FIRST, last)
    path = "closed closed degraded degraded throttled throttled open open cool_down half_open closed"
    assert states(rows) == path.split()
    # by the state in which the day began: half while throttled, all while open or cooling down, half while half-open
    assert [row.saved_amount for row in rows] == [0, 0, 0, 0, 0, 30, 30, 60, 10, 10, 5]
    assert [row.replay_date for row in rows if row.is_trip] == [date(2026, 7, 3), date(2026, 7, 7)]
    assert rows[2].gross_margin_ratio == D("0.4")
    assert rows[2].margin_floor_ratio == D("0.5")


@pytest.mark.parametrize(("after", "expected"), [([GOOD] * 7, True), ([BREACH] * 7, False), ([GOOD] * 6, None)])
def test_a_trip_is_false_when_the_week_after_it_needed_no_breaker(
    warehouse: Any, after: list[str], expected: bool | None
) -> None:
    last = product(warehouse, [BREACH, BREACH, *after])
    rows = replay_breakers(warehouse.open(), POLICY, FIRST, last)
    assert rows[1].is_trip
    assert rows[1].is_false_trip is expected


def test_what_comes_later_changes_no_state(warehouse: Any) -> None:
    last = product(warehouse, [BREACH, BREACH, GOOD, BREACH, BREACH, BREACH, GOOD, GOOD, BREACH, GOOD])
    connection = warehouse.open()
    whole = replay_breakers(connection, POLICY, FIRST, last)
    for n in range(len(whole)):
        cut = replay_breakers(connection, POLICY, FIRST, FIRST + timedelta(days=n))
        assert [_without_hindsight(row) for row in cut] == [_without_hindsight(row) for row in whole[: n + 1]]


def _without_hindsight(row: BreakerReplay) -> BreakerReplay:
    return replace(row, is_false_trip=None)


def test_revenue_not_reported_or_too_old_holds_and_alerts(warehouse: Any) -> None:
    last = product(warehouse, [BREACH] * 60)
    known = set(range(3))
    warehouse.tables["int_revenue_recognised_by_day"] = [(FIRST + timedelta(days=n),) for n in known]
    rows = replay_breakers(warehouse.open(), POLICY, FIRST, last)
    assert states(rows) == ["closed"] + ["degraded"] * 59
    # after the third day nothing new is read; when that reading is older than 45 days, someone must look
    assert [row.is_alert for row in rows] == [n - 2 > 45 for n in range(60)]
    assert "stale_revenue" in rows[-1].reasons


def test_a_day_without_revenue_has_no_margin_and_holds(warehouse: Any) -> None:
    last = product(warehouse, [BREACH, BREACH], revenue="0")
    rows = replay_breakers(warehouse.open(), POLICY, FIRST, last)
    assert states(rows) == ["closed", "closed"]
    assert all(row.is_alert and row.gross_margin_ratio is None for row in rows)


def test_other_cost_that_is_not_known_holds_and_alerts(warehouse: Any) -> None:
    """The ledger is kept from the 2nd on, and July's other cost is known on its last day: until then there is no margin."""
    last = product(warehouse, [BREACH] * 31)
    warehouse.tables["int_ledger_entries_classified"] += [
        (None, "2026-07", "2026-07", date(2026, 7, 2), "other", None, D(5), D(5)),
        ("p", "2026-07", "2026-07", date(2026, 7, 31), "other_cost_of_goods_sold", None, D(31), D(0)),
    ]
    rows = replay_breakers(warehouse.open(), POLICY, FIRST, last)
    assert [row.is_alert for row in rows] == [False] + [True] * 29 + [False]
    assert rows[15].reasons.startswith("no_cost_of_goods_sold")
    assert rows[-1].gross_margin_ratio == D("0.39")
    assert states(rows) == ["closed"] * 30 + ["degraded"]


def test_unpriced_usage_is_a_breach_or_holds_and_never_a_recovery(warehouse: Any) -> None:
    """Two breaches, the second with unpriced usage on top, degrade; the good day after it has unpriced usage: is it good?"""
    last = product(warehouse, [BREACH, BREACH, GOOD, GOOD])
    warehouse.tables["int_product_unpriced_days"] = [("p", FIRST + timedelta(days=n)) for n in (1, 2)]
    rows = replay_breakers(warehouse.open(), POLICY, FIRST, last)
    assert states(rows) == ["closed", "degraded", "degraded", "closed"]
    assert [row.is_alert for row in rows] == [False, False, True, False]
    assert rows[2].reasons.startswith("unpriced_usage")


def test_a_trip_before_a_week_with_unpriced_usage_is_not_judged(warehouse: Any) -> None:
    last = product(warehouse, [BREACH, BREACH, *[GOOD] * 7])
    warehouse.tables["int_product_unpriced_days"] = [("p", last)]
    assert replay_breakers(warehouse.open(), POLICY, FIRST, last)[1].is_false_trip is None


def test_the_floor_is_the_products_own_or_the_policys_below_its_target(warehouse: Any) -> None:
    last = product(warehouse, [BREACH], floor=None)
    policy = replay_policy(margin_floor_ratio=MarginFloor(below_target=D("0.10")))
    (row,) = replay_breakers(warehouse.open(), policy, FIRST, last)
    assert row.margin_floor_ratio == D("0.5")


def test_a_milestone_lowers_the_floor_until_it_is_met_or_its_date(warehouse: Any) -> None:
    last = product(warehouse, [BREACH] * 8)
    for name, by in (("met", date(2026, 7, 31)), ("late", date(2026, 7, 3))):
        milestone = {"metric_id": name, "target": D(100), "by": by, "margin_floor_ratio": D("0.2")}
        milestone = {f"milestone_{key}": value for key, value in milestone.items()}
        warehouse.add_initiative(name, date(2026, 7, 2), product_id="p", **milestone)
    for n in range(8):
        day = FIRST + timedelta(days=n)
        value = D(100) if n >= 5 else D(1)
        warehouse.extra["marts.fct_business_metrics"].append((day, "met", "met", None, value))
    rows = replay_breakers(warehouse.open(), POLICY, FIRST, last)
    assert [row.margin_floor_ratio for row in rows] == [D("0.5")] + [D("0.2")] * 4 + [D("0.5")] * 3


def test_a_run_publishes_one_decision_per_change_of_state(warehouse: Any) -> None:
    last = product(warehouse, [BREACH, BREACH, GOOD])
    rows = guardrail_decisions(warehouse.open(), POLICY, last)
    assert [(row.from_state, row.to_state) for row in rows] == [("closed", "degraded"), ("degraded", "closed")]
    assert rows[0].decided_at == datetime(2026, 7, 2, 23, 59, 59, tzinfo=UTC)
    assert {row.entity for row in rows} == {"p"}
    assert len({row.evidence_id for row in rows}) == 2
