"""The feed-forward margin cap, worked out by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.policy.margin_cap import MarginFacts, ProductKey, RevenueDay, decide_margin_cap

D = Decimal
SATURDAY = date(2026, 11, 28)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def before(days: int, revenue: str) -> RevenueDay:
    return RevenueDay(SATURDAY - timedelta(days=days), D(revenue))


def keys(*trailing: str) -> tuple[ProductKey, ...]:
    return tuple(ProductKey(name, D(value), D(0)) for name, value in zip("abc", trailing, strict=False))


FACTS = MarginFacts(
    product_id="desk",
    day=SATURDAY,
    revenue=(before(7, "100"), before(14, "120"), before(21, "140"), before(28, "160")),
    floor_ratio=D("0.60"),
    other_cogs=D(20),
    ai_cogs=D(0),
    known_at=NOON,
    headroom=D(2),
    keys=keys("3", "1"),
    revenue_max_age_days=45,
    max_age=timedelta(minutes=15),
)


def whole_month(revenue: str = "100") -> tuple[RevenueDay, ...]:
    return tuple(before(days, revenue) for days in range(1, 60))


def test_the_allowance_is_what_the_floor_leaves_of_the_expected_revenue():
    """Saturdays of 100, 120, 140 and 160 are 130 on average."""
    decision = decide_margin_cap(FACTS, NOON)
    assert decision.expected_revenue == D(130)
    assert decision.allowance == D("130") * D("0.40") - 20 - 2 == D(30)
    assert decision.limits == {"a": D("22.5"), "b": D("7.5")}
    assert decision.reason == (
        "130.00 of revenue expected, 52.00 above the floor of 0.6000: less 20.00 of other cost, 0.00 of AI cost so far "
        "and 2.00 of headroom, 30.00 may still be spent"
    )
    assert not decision.is_alert


def test_only_the_last_28_known_days_before_the_day_count():
    """Every day has 100 but the Saturday 35 days ago, which is the 35th known day, and today, which has hardly begun."""
    days = tuple(one if one.day != SATURDAY - timedelta(days=35) else before(35, "9999") for one in whole_month())
    assert decide_margin_cap(replace(FACTS, revenue=(*days, before(0, "1"))), NOON).expected_revenue == D(100)


def test_days_that_are_not_known_are_passed_over_and_not_zero():
    """Known are the days 31 to 59 ago, of which the Saturdays are 35, 42, 49 and 56 days ago."""
    days = tuple(before(ago, "70" if ago == 35 else "30") for ago in range(31, 60))
    assert decide_margin_cap(replace(FACTS, revenue=days), NOON).expected_revenue == D(40)


def test_ai_cost_so_far_lowers_the_allowance_and_each_key_keeps_its_own():
    """52 - 20 - 12 - 2 is 18: 13.5 and 4.5 on top of 9 and 3."""
    spent = (ProductKey("a", D(3), D(9)), ProductKey("b", D(1), D(3)))
    facts = replace(FACTS, ai_cogs=D(12), keys=spent)
    decision = decide_margin_cap(facts, NOON)
    assert (decision.allowance, decision.limits) == (D(18), {"a": D("22.5"), "b": D("7.5")})


def test_the_allowance_is_never_below_zero_and_says_so():
    spent = (ProductKey("a", D(3), D(40)), ProductKey("b", D(1), D(3)))
    decision = decide_margin_cap(replace(FACTS, ai_cogs=D(43), keys=spent), NOON)
    assert (decision.allowance, decision.limits, decision.is_alert) == (D(0), {"a": D(40), "b": D(3)}, True)
    loss = decide_margin_cap(replace(FACTS, revenue=(before(7, "-50"),)), NOON)
    assert loss.allowance == D(0)


def test_the_split_adds_up_to_the_last_digit():
    """100 x 0.4 - 20 - 2 = 18 over three equal keys is 6 each; of 18.000000001 the first by name gets the rest."""
    facts = replace(FACTS, revenue=whole_month(), keys=keys("1", "1", "1"))
    assert set(decide_margin_cap(facts, NOON).limits.values()) == {D(6)}
    more = decide_margin_cap(replace(facts, other_cogs=D("19.999999999")), NOON).limits
    assert more == {"a": D("6.000000001"), "b": D(6), "c": D(6)}


@given(
    st.decimals(0, 10**6, places=3),
    st.decimals(-1, 1, places=4),
    st.lists(st.decimals(0, 1000, places=6), min_size=1, max_size=3),
)
def test_parts_always_add_up_to_the_allowance(revenue, floor, trailing):
    facts = replace(FACTS, revenue=whole_month(str(revenue)), floor_ratio=floor, keys=keys(*map(str, trailing)))
    decision = decide_margin_cap(facts, NOON)
    assert decision.allowance == max(revenue * (1 - floor) - 22, D(0))
    assert sum(decision.limits.values()) == decision.allowance


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revenue": ()}, "revenue_not_reported"),
        ({"revenue": (before(46, "100"), before(49, "100"))}, "revenue_too_old: known up to 2026-10-13"),
        ({"revenue": (before(1, "100"), before(2, "100"))}, "no_same_weekday: no Saturday"),
        ({"floor_ratio": None}, "no_floor"),
        ({"other_cogs": None}, "other_cogs_not_known"),
        ({"ai_cogs": None}, "cost_not_known"),
        ({"known_at": None}, "cost_not_known"),
        ({"keys": (ProductKey("a", D(1), None, D(5)),)}, "cost_not_known"),
        ({"known_at": NOON - timedelta(minutes=16)}, "stale_cost"),
        ({"known_at": NOON + timedelta(minutes=1)}, "future_cost"),
    ],
)
def test_what_is_old_or_not_known_holds_the_limits_and_alerts(change, reason):
    standing = (ProductKey("a", D(1), D(4), D(5)), ProductKey("b", D(1), D(0)))
    decision = decide_margin_cap(replace(FACTS, **({"keys": standing} | change)), NOON)
    assert decision.reason.startswith(reason) and decision.reason.endswith("limits held")
    assert (decision.allowance, decision.limits, decision.is_alert) == (None, {"a": D(5)}, True)


def test_revenue_of_45_days_ago_is_not_too_old():
    revenue = (before(45, "1"), before(49, "200"))
    assert decide_margin_cap(replace(FACTS, revenue=revenue), NOON).allowance == D(58)


def test_a_limit_is_raised_only_by_what_no_other_key_can_still_spend():
    """18 may be spent; b still holds 10 of it and gives up 4: a gets 8 now, and 12 when b's 6 is in force."""
    held = (ProductKey("a", D(2), D(0), D(8)), ProductKey("b", D(1), D(0), D(10)))
    facts = replace(FACTS, revenue=whole_month(), keys=held)
    assert decide_margin_cap(facts, NOON).limits == {"a": D(8), "b": D(6)}
    held = (ProductKey("a", D(2), D(0), D(8)), ProductKey("b", D(1), D(0), D(6)))
    assert decide_margin_cap(replace(facts, keys=held), NOON).limits == {"a": D(12), "b": D(6)}


def test_equal_facts_give_an_equal_evidence_id():
    assert decide_margin_cap(FACTS, NOON).evidence_id == decide_margin_cap(FACTS, NOON).evidence_id
    assert (
        decide_margin_cap(FACTS, NOON).evidence_id != decide_margin_cap(replace(FACTS, headroom=D(3)), NOON).evidence_id
    )
