"""Which crossings of an allocation and of a department's budget are told: on both sides of every threshold, and what a
closed one still says.
"""

from datetime import date
from decimal import Decimal

import pytest

from orchestration.policy.budget_alerts import (
    AllocationState,
    DepartmentBudget,
    decide_crossings,
    decide_department_crossings,
)

STARTS, EXPIRES = date(2026, 9, 1), date(2026, 12, 31)


def state(spent: str, status: str = "ok", projected: date | None = None, allocated: str = "300.00") -> AllocationState:
    return AllocationState("exp", STARTS, EXPIRES, Decimal(allocated), Decimal(spent), status, projected)


def kinds(one: AllocationState) -> list[str]:
    return [crossing.kind for crossing in decide_crossings(one)]


@pytest.mark.parametrize(
    ("spent", "status", "told"),
    [
        ("0", "ok", []),
        ("149.999999999999", "ok", []),
        ("150.00", "alert_50", ["spent_50"]),
        ("240.00", "alert_80", ["spent_80"]),
        ("299.999999999999", "alert_80", ["spent_80"]),
        ("300.00", "exhausted", ["exhausted"]),
        ("912.50", "exhausted", ["exhausted"]),
    ],
)
def test_what_the_published_status_says_is_told(spent: str, status: str, told: list[str]) -> None:
    assert kinds(state(spent, status)) == told


@pytest.mark.parametrize(
    ("projected", "told"),
    [(None, []), (date(2026, 12, 31), ["projected_exhaustion"]), (date(2027, 1, 1), [])],
)
def test_exhaustion_is_projected_on_or_before_the_last_day(projected: date | None, told: list[str]) -> None:
    assert kinds(state("10", projected=projected)) == told


def test_what_is_exhausted_is_not_projected_as_well() -> None:
    assert kinds(state("300.00", "exhausted", projected=date(2026, 10, 3))) == ["exhausted"]
    assert kinds(state("250", "alert_80", projected=date(2026, 11, 3))) == ["spent_80", "projected_exhaustion"]


def test_a_closed_allocation_says_at_most_that_it_expired() -> None:
    assert kinds(state("300", "expired", projected=date(2026, 10, 3))) == ["expired"]
    assert kinds(state("300", "graduated")) == []


def test_without_a_grant_no_part_of_it_can_be_spent() -> None:
    assert kinds(state("5", "exhausted", allocated="0")) == []


def test_the_key_names_the_fact_and_the_allocation_not_the_day() -> None:
    first, second = decide_crossings(state("160", "alert_50")), decide_crossings(state("200", "alert_50"))
    assert first[0].key == second[0].key == "budget_spent_50:exp:2026-09-01:300"
    assert second[0].text == "the allocation of exp is spent to 50 % or more: 200.00 of 300.00 spent"


def test_what_is_used_up_again_after_more_was_given_is_another_fact() -> None:
    keys = [decide_crossings(state("320", "exhausted", allocated=of))[0].key for of in ("300", "310.50", "3E+2")]
    assert keys == [f"budget_exhausted:exp:2026-09-01:{amount}" for amount in ("300", "310.5", "300")]


def department_kinds(
    basis: str, allowance: str | None, spent: str, as_of: date = date(2026, 10, 31), status: str = "ok"
) -> list[str]:
    allowed = None if allowance is None else Decimal(allowance)
    budget = DepartmentBudget("ops", "2026-10", "core", basis, allowed, Decimal(spent), status)
    return [crossing.kind for crossing in decide_department_crossings(budget, as_of)]


@pytest.mark.parametrize(
    ("spent", "status", "told"),
    [
        ("149.999999999999", "ok", []),
        ("150", "alert_50", ["spent_50"]),
        ("240", "alert_80", ["spent_80"]),
        ("300", "alert_80", ["exhausted"]),
        ("300.000000000001", "over_budget", ["exhausted"]),
    ],
)
@pytest.mark.parametrize("basis", ["budget", "fixed"])
def test_a_funded_department_budget_is_told_like_an_allocation(
    basis: str, spent: str, status: str, told: list[str]
) -> None:
    assert department_kinds(basis, "300", spent, status=status) == told


def test_a_flexible_budget_is_only_told_when_it_is_exceeded() -> None:
    assert department_kinds("flexible", "300", "300") == []
    assert department_kinds("flexible", "300", "300.000000000001") == ["exceeded"]
    assert department_kinds("flexible", "300", "300.000000000001", as_of=date(2026, 11, 1)) == ["exceeded"]


def test_of_an_ended_period_only_all_of_it_is_told() -> None:
    assert department_kinds("budget", "300", "299", as_of=date(2026, 11, 1), status="alert_80") == []
    assert department_kinds("budget", "300", "300", as_of=date(2026, 11, 1)) == ["exhausted"]


@pytest.mark.parametrize("basis", ["budget", "flexible"])
def test_without_an_allowance_no_part_of_it_can_be_spent(basis: str) -> None:
    assert department_kinds(basis, "0", "5") == []
    assert department_kinds(basis, None, "5", status="no_budget") == []


@pytest.mark.parametrize(("as_of", "end"), [(date(2026, 10, 31), "allowed so far"), (date(2026, 11, 1), "allowed")])
def test_a_flexible_budget_grows_until_its_period_has_ended(as_of: date, end: str) -> None:
    budget = DepartmentBudget("ops", "2026-10", "core", "flexible", Decimal(1500), Decimal(1600), "over_budget")
    [crossing] = decide_department_crossings(budget, as_of)
    expected = f"the core budget of ops for 2026-10 exceeds its flexible budget: 1,600.00 spent, 1,500.00 {end}"
    assert crossing.text == expected
