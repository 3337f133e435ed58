"""What was known of a product's margin on a day: reports of revenue, postings of other cost, the last complete month."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from orchestration.graduation.product_history import OtherCost, ProductHistory
from orchestration.graduation.records import OtherCostPosting, ProductDay

D = Decimal
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
POSTED = [
    OtherCostPosting(JULY, date(2026, 7, 31), D(310)),
    OtherCostPosting(AUGUST, date(2026, 9, 5), D(620)),
]


@pytest.mark.parametrize(
    ("day", "known_on", "amount"),
    [
        (date(2026, 7, 15), date(2026, 7, 15), 0),  # the first month is not over
        (date(2026, 7, 15), date(2026, 7, 31), 10),
        (date(2026, 8, 15), date(2026, 8, 31), 10),  # ended but not posted: July's rate
        (date(2026, 8, 15), date(2026, 9, 4), 10),
        (date(2026, 8, 15), date(2026, 9, 5), 20),
        (date(2026, 9, 2), date(2026, 9, 4), 10),
        (date(2026, 9, 2), date(2026, 9, 5), 20),
        (date(2026, 6, 30), date(2026, 9, 5), 0),
    ],
)
def test_other_cost_is_what_was_posted_by_then(day, known_on, amount):
    assert OtherCost(POSTED).on(day, known_on) == amount


def test_a_correction_counts_from_its_posting():
    corrected = OtherCost([*POSTED, OtherCostPosting(JULY, date(2026, 8, 20), D(-310))])
    assert corrected.on(date(2026, 7, 15), date(2026, 8, 19)) == 10
    assert corrected.on(date(2026, 7, 15), date(2026, 8, 20)) == 0


@pytest.mark.parametrize("amount", ["100", "-100", "0.000000005", "31.000000007"])
def test_the_parts_of_a_month_sum_to_the_amount_exactly(amount):
    cost = OtherCost([OtherCostPosting(JULY, date(2026, 7, 31), D(amount))])
    parts = [cost.on(JULY + timedelta(days=n), date(2026, 7, 31)) for n in range(31)]
    assert sum(parts) == D(amount)
    assert max(parts) - min(parts) <= D("0.000000001")


def history(revenue_dates, postings=()):
    days = [ProductDay(JULY + timedelta(days=n), D(100), D(7), D(3)) for n in range(60)]
    return ProductHistory(days, postings, revenue_dates)


def test_revenue_is_known_up_to_the_last_report():
    weekly = history([date(2026, 7, 3), date(2026, 7, 10)])
    assert weekly.last_known(date(2026, 7, 2)) is None
    assert weekly.latest_known(date(2026, 7, 2)) == []
    assert weekly.last_known(date(2026, 7, 9)).margin_date == date(2026, 7, 3)
    assert [day.margin_date.day for day in weekly.latest_known(date(2026, 8, 20))] == list(range(1, 11))


def test_the_latest_days_are_at_most_28_with_other_cost_as_known_then():
    days = history([date(2026, 8, 31)], POSTED).latest_known(date(2026, 9, 5))
    assert len(days) == 28
    assert {day.other_cogs for day in days} == {D(20)}
    assert days[-1].margin_date == date(2026, 8, 29)


def test_a_product_without_postings_keeps_its_own_figures():
    assert history([date(2026, 8, 31)]).last_known(date(2026, 9, 5)).other_cogs == D(3)
