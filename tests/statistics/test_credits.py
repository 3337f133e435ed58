"""Which credits are part of a month's cost, and which are events of their own. Amounts are daily, in whole units."""

from orchestration.statistics.credits import recurring_costs


def test_a_discount_on_half_of_the_days_is_part_of_the_cost() -> None:
    """100 used a day: 20 off on 14 of 28 days is a discount, on 13 of them it is not."""
    assert recurring_costs([80] * 14 + [100] * 14, [-20] * 14 + [0] * 14) == [80] * 14 + [100] * 14
    assert recurring_costs([80] * 13 + [100] * 15, [-20] * 13 + [0] * 15) == [100] * 28


def test_a_refund_among_daily_discounts_is_an_event_of_its_own() -> None:
    """100 used and 1 off every day; a refund of 2,000 on one day is no discount of 2,001 out of 100: that day counts 100."""
    costs, credits = [99] * 27 + [-1901], [-1] * 27 + [-2001]
    assert recurring_costs(costs, credits) == [99] * 27 + [100]


def test_a_discount_of_three_days_posted_on_one_is_still_a_discount() -> None:
    """Per day 100 used; 10 off on Tuesday to Friday, 30 off on Monday for the weekend too: three times the usual share."""
    week, credit = [70, 90, 90, 90, 90, 100, 100], [-30, -10, -10, -10, -10, 0, 0]
    assert recurring_costs(week * 4, credit * 4) == week * 4
    assert recurring_costs([69, *week[1:]] * 4, [-31, *credit[1:]] * 4) == [100, *week[1:]] * 4


def test_a_credit_on_days_without_usage_is_no_discount() -> None:
    assert recurring_costs([-5] * 7, [-5] * 7) == [0] * 7
    assert recurring_costs([0, 90, 90, -5], [0, -10, -10, -5]) == [0, 90, 90, 0]


def test_days_credited_in_full_cost_nothing() -> None:
    """A promotional credit pays for everything, a little more than used on some days: it is usual, so it counts."""
    assert recurring_costs([0, 0, -1, 0], [-100, -100, -101, -100]) == [0, 0, -1, 0]
