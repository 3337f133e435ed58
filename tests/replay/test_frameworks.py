"""Budget frameworks on small histories worked out by hand, and what no history may break."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.replay.budget_past import Allocation, CompanyDay, Demand, Verified
from orchestration.replay.budget_scores import score_months, stopped_on
from orchestration.replay.frameworks import FRAMEWORKS, replay_framework

FIRST = date(2026, 7, 1)
D = Decimal
REVENUE = Decimal(100)


def history(costs, *, revenue=REVENUE, first=FIRST, **standing):
    """Days of one initiative ``x`` with these daily costs; ``standing`` goes into its demand."""
    return [CompanyDay(first + timedelta(days=n), (demand(cost, **standing),), revenue) for n, cost in enumerate(costs)]


def demand(cost, name="x", units=None, is_core=False, is_ready=False, allocation=None, verified=None):
    return Demand(name, D(cost), units, is_core, is_ready, allocation, verified)


def granted(outcomes):
    return [grant.granted for outcome in outcomes for grant in outcome.grants]


def scores(framework, days, winners=(), ratio=None):
    outcomes = replay_framework(framework, days, ratio)
    return score_months(framework, outcomes, winners, days[0].day, days[-1].day)


def test_no_policy_spends_what_was_spent_and_has_no_budget():
    july, august = scores("no_policy", history(["1.000000000001"] * 31 + [2] * 31))
    assert (july.spend, august.spend) == (D("31.000000000031"), D(62))
    assert july.overspend is None
    assert july.starved_days == july.stopped_winners == 0
    assert july.forecast_error_ratio is None
    # August was expected to cost 31 x 1.000000000001 and cost 62
    assert august.forecast_error_ratio == D("0.5")


def test_variable_output_fits_its_ratio_and_starves_a_growing_month():
    # 28 days at 10 on revenue of 100 a day fit a ratio of 0.1, so that August has 31 x 10 = 310
    days = history([10] * 31 + [20] * 31)
    outcomes = replay_framework("variable_output", days)
    assert granted(outcomes)[:31] == [D(10)] * 31
    assert granted(outcomes)[31:47] == [D(20)] * 15 + [D(10)]
    assert granted(outcomes)[47:] == [D(0)] * 15
    july, august = scores("variable_output", days, winners={"x"})
    assert (july.starved_days, july.forecast_error_ratio) == (0, None)
    assert (august.spend, august.overspend) == (D(310), D(0))
    assert august.starved_days == 16
    assert august.stopped_winners == 1
    assert august.forecast_error_ratio == D("0.5")


def test_variable_output_takes_the_ratio_of_the_policy():
    days = history([10] * 31 + [20] * 31)
    assert scores("variable_output", days, ratio=D("0.05"))[1].spend == D(155)


def test_variable_output_is_not_in_force_before_a_month_is_complete():
    days = history([10] * 40, first=date(2026, 7, 15))
    assert all(score.starved_days == 0 for score in scores("variable_output", days))


def test_variable_output_shares_what_is_left_pro_rata():
    pair = [demand(10, "a", is_core=True), demand(30, "b", is_core=True)]
    days = [CompanyDay(FIRST + timedelta(days=n), tuple(pair), D(400)) for n in range(31)]
    days += [CompanyDay(date(2026, 8, 1), (demand(1000, "a"), demand(3000, "b")), D(400))]
    # the pot of August is 31 x 40 = 1240, wanted are 4000
    assert granted(replay_framework("variable_output", days))[-2:] == [D(310), D(930)]


def test_open_pool_stops_nobody_and_overspends():
    pool = Allocation(D(310), date(2026, 7, 1), date(2026, 7, 31), daily_cap=D(1))
    (july,) = scores("open_pool", history([15] * 31, allocation=pool))
    assert (july.spend, july.overspend, july.starved_days) == (D(465), D(155), 0)


def test_experiment_stays_within_cap_allocation_and_dates():
    # cap 4 a day; 10 in all, so that 4 + 4 + 2 are granted and nothing after
    test = Allocation(D(10), date(2026, 7, 2), date(2026, 7, 31), D(4))
    outcomes = replay_framework("core_and_experimentation", history([5] * 12, allocation=test))
    assert granted(outcomes) == [D(0), D(4), D(4), D(2)] + [D(0)] * 8
    assert stopped_on(outcomes) == {"x": date(2026, 7, 11)}


def test_experiment_without_an_allocation_was_granted_nothing():
    assert granted(replay_framework("core_and_experimentation", history([5, 0, -1]))) == [D(0), D(0), D(-1)]


def test_an_expired_experiment_goes_on_in_core_once_it_was_ready():
    test = Allocation(D(100), FIRST, date(2026, 7, 2), None)
    waiting = history([5] * 3, allocation=test)
    ready = history([5], first=date(2026, 7, 4), allocation=test, is_ready=True)
    assert granted(replay_framework("core_and_experimentation", waiting + ready)) == [D(5), D(5), D(0), D(5)]


def test_core_overspends_by_its_unit_cost_not_by_its_volume():
    # unit cost 10 / 5 = 2; in August twice the units cost 2.5 each: allowance 20, cost 25
    days = history([10] * 31, units=D(5), is_core=True) + history(
        [25] * 31, first=date(2026, 8, 1), units=D(10), is_core=True
    )
    july, august = scores("core_and_experimentation", days)
    assert july.overspend == D(0)
    assert august.overspend == D(5 * 31)
    assert august.starved_days == 0


def test_an_experiment_that_ramped_is_judged_by_what_was_verified():
    """28 days at 1 to 10, then 30 at 10 with 5 units a day, ready at 10 a day and 2 a unit: nothing is overspent as core, but by
    its first 28 days (a mean of about 6) it would be.
    """
    verified = Verified(D(10), D(2))
    ramp = [D(min(10, 1 + n // 2)) for n in range(28)] + [D(10)] * 3
    experiment = history(ramp, units=D(5), allocation=Allocation(D(9999), FIRST, date(2026, 7, 31), None))
    core = {"units": D(5), "is_ready": True, "first": date(2026, 8, 1)}
    _, august = scores("core_and_experimentation", experiment + history([10] * 31, verified=verified, **core))
    assert (august.overspend, august.starved_days) == (D(0), 0)
    dearer = history([12] * 31, verified=verified, **core)
    assert scores("core_and_experimentation", experiment + dearer)[1].overspend == D(2 * 31)
    fixed = history([12] * 31, verified=Verified(D(10), None), **core)
    assert scores("core_and_experimentation", experiment + fixed)[1].overspend == D(2 * 31)


def test_units_that_start_late_leave_the_unit_cost_to_the_days_that_have_them():
    """100 a day; 10 units a day from the 21st of the first 28 days on: 10 a unit, so that ten units allow 100 and not 350."""
    days = history([100] * 20, is_core=True) + history([100] * 30, units=D(10), is_core=True, first=date(2026, 7, 21))
    outcomes = replay_framework("core_and_experimentation", days)
    assert outcomes[30].grants[0].allowance == D(100)


def test_a_renewed_allocation_begins_undrawn():
    first = Allocation(D(10), FIRST, date(2026, 7, 3), None)
    second = Allocation(D(10), date(2026, 7, 4), date(2026, 7, 6), None)
    days = history([5] * 3, allocation=first) + history([5] * 3, first=date(2026, 7, 4), allocation=second)
    assert granted(replay_framework("core_and_experimentation", days)) == [D(5), D(5), D(0)] * 2


def test_unknown_framework_is_an_error():
    with pytest.raises(ValueError, match="zero_based"):
        replay_framework("zero_based", [])


AMOUNT = st.decimals("-5", "40", places=3)
DAYS = st.lists(
    st.tuples(AMOUNT, AMOUNT, st.one_of(st.none(), st.decimals("0", "300", places=2)), st.booleans()),
    min_size=1,
    max_size=100,
)


def company(rows):
    pool = Allocation(D(500), FIRST, date(2026, 9, 15), D(12))
    return [
        CompanyDay(
            FIRST + timedelta(days=n),
            (demand(core, "core", units=D(n % 7), is_core=True), demand(test, "test", is_ready=flag, allocation=pool)),
            revenue,
        )
        for n, (core, test, revenue, flag) in enumerate(rows)
    ]


@settings(max_examples=25, deadline=None)
@given(DAYS, st.integers(0, 100))
def test_truncating_the_future_changes_no_past_decision(rows, kept):
    days = company(rows)
    for framework in FRAMEWORKS:
        assert replay_framework(framework, days)[:kept] == replay_framework(framework, days[:kept])


@settings(max_examples=25, deadline=None)
@given(DAYS)
def test_no_framework_grants_more_than_was_wanted_and_no_policy_exactly_that(rows):
    days = company(rows)
    wanted = [one.amount for day in days for one in day.demands]
    assert granted(replay_framework("no_policy", days)) == wanted
    for framework in FRAMEWORKS:
        given_out = granted(replay_framework(framework, days))
        assert all(got <= want for got, want in zip(given_out, wanted, strict=True))
    drawn = sum(granted(replay_framework("core_and_experimentation", days))[1::2])
    assert drawn <= 500 or any(flag for *_, flag in rows)
