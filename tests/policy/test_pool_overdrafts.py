"""Which draws left a pool below zero, by how much, and when that is over."""

from datetime import date
from decimal import Decimal

from orchestration.policy.pool_overdrafts import Flow, overdrafts


def flow(name: str, day: int, amount: str, kind: str = "grant") -> Flow:
    return Flow(name, kind, date(2026, 7, day), Decimal(amount))


def found(*flows: Flow) -> list[tuple[str, str, bool]]:
    return [(one.flow.movement_id, f"{one.overdrawn:f}", one.is_cured) for one in overdrafts(flows)]


def test_a_grant_may_take_all_that_the_pool_holds_and_no_more() -> None:
    fund = flow("fund", 1, "300", "fund")
    assert found(fund, flow("g", 10, "-300")) == []
    assert found(fund, flow("g", 10, "-300.000000001")) == [("g", "0.000000001", False)]


def test_what_comes_in_on_a_day_comes_before_what_goes_out() -> None:
    assert found(flow("a_grant", 1, "-300"), flow("b_fund", 1, "300", "fund")) == []


def test_each_draw_below_zero_counts_until_the_pool_is_back_at_zero() -> None:
    draws = (flow("fund", 1, "100", "fund"), flow("g1", 2, "-150"), flow("g2", 3, "-10"))
    assert found(*draws) == [("g1", "50", False), ("g2", "60", False)]
    assert found(*draws, flow("more", 4, "59", "fund")) == [("g1", "50", False), ("g2", "60", False)]
    assert found(*draws, flow("more", 4, "60", "fund")) == [("g1", "50", True), ("g2", "60", True)]


def test_a_later_overdraft_does_not_bring_back_one_that_was_cured() -> None:
    flows = (flow("g1", 2, "-50"), flow("more", 4, "60", "fund"), flow("g2", 5, "-20"))
    assert found(*flows) == [("g1", "50", True), ("g2", "10", False)]


def test_only_grants_and_adjustments_are_draws() -> None:
    assert found(flow("x", 2, "-50", "expire"), flow("a", 3, "-5", "adjust")) == [("a", "55", False)]
