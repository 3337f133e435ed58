"""What was known of a product's margin on a day: reports of revenue, and versions of other cost as dbt dates them."""

from datetime import date, timedelta
from decimal import Decimal

from orchestration.graduation.product_history import ProductHistory
from orchestration.graduation.records import LedgerKnown, OtherCost, ProductDay

D = Decimal
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
KNOWN = {
    AUGUST + timedelta(days=n): [OtherCost(date(2026, 7, 31), D(10)), OtherCost(date(2026, 9, 5), D(20))]
    for n in range(31)
}


def history(revenue_dates, other_costs):
    days = [ProductDay(JULY + timedelta(days=n), D(100), D(7), D(3)) for n in range(60)]
    return ProductHistory(days, other_costs, revenue_dates)


def test_revenue_is_known_up_to_the_last_report():
    weekly = history([date(2026, 7, 3), date(2026, 7, 10)], {})
    assert weekly.last_known(date(2026, 7, 2)) is None
    assert weekly.latest_known(date(2026, 7, 2)) == []
    assert weekly.last_known(date(2026, 7, 9)).margin_date == date(2026, 7, 3)
    assert [day.margin_date.day for day in weekly.latest_known(date(2026, 8, 20))] == list(range(1, 11))


def test_the_latest_days_are_at_most_28_with_other_cost_as_known_then():
    days = history([date(2026, 8, 31)], KNOWN).latest_known(date(2026, 9, 5))
    assert len(days) == 28
    assert {day.other_cogs for day in days} == {D(20)}
    assert days[-1].margin_date == date(2026, 8, 29)
    before = history([date(2026, 8, 31)], KNOWN).latest_known(date(2026, 9, 4))
    assert {day.other_cogs for day in before} == {D(10)}


def test_other_cost_of_days_before_the_first_posted_period_is_unknown():
    """What was posted of August says nothing of July; before it was posted, nothing said that there is any."""
    known = history([date(2026, 8, 31)], KNOWN)
    assert known.as_known(known.days[0], date(2026, 9, 5)).other_cogs is None
    assert known.as_known(known.days[0], date(2026, 7, 30)).other_cogs == 0
    assert known.as_known(known.days[40], date(2026, 7, 30)).other_cogs == 0


def test_other_cost_is_unknown_until_the_first_period_of_the_ledger_is_complete():
    days = [ProductDay(JULY + timedelta(days=n), D(100), D(7), D(0)) for n in range(60)]
    ledger = LedgerKnown(date(2026, 7, 10), date(2026, 8, 4))
    with_postings = ProductHistory(
        days, KNOWN, [date(2026, 8, 31)], ledger=LedgerKnown(date(2026, 7, 10), date(2026, 7, 31))
    )
    without = ProductHistory(days, {}, [date(2026, 8, 31)], ledger=ledger)
    told = {
        day: without.as_known(days[5], day).other_cogs
        for day in (date(2026, 7, 9), date(2026, 7, 10), date(2026, 8, 3), date(2026, 8, 4))
    }
    assert list(told.values()) == [D(0), None, None, D(0)]
    assert with_postings.as_known(days[40], date(2026, 7, 30)).other_cogs is None
    assert with_postings.as_known(days[40], date(2026, 7, 31)).other_cogs == D(10)


def test_the_core_cost_of_a_graduated_initiative_can_be_left_out():
    days = [ProductDay(JULY + timedelta(days=n), D(100), D(7), D(3)) for n in range(60)]
    core = {"a": {JULY + timedelta(days=n): D(2) for n in range(50, 60)}}
    known = ProductHistory(days, {}, [], graduated_costs=core)
    last = JULY + timedelta(days=51)
    assert known.ai_cogs_without(["a"], last) == [D(7)] * 26 + [D(5)] * 2
    assert known.ai_cogs_without([], last) == known.ai_cogs_without(["b"], last) == [D(7)] * 28


def test_ai_cost_of_a_day_with_unpriced_usage_is_unknown():
    """The unpriced day is the 10th of July: it is among the latest 28 days up to the 6th of August, and no longer."""
    days = [ProductDay(JULY + timedelta(days=n), D(100), D(7), D(3), has_unpriced=n == 9) for n in range(60)]
    known = ProductHistory(days, {}, [])
    assert known.ai_cogs_without([], date(2026, 7, 9)) == [D(7)] * 9
    assert known.ai_cogs_without([], date(2026, 7, 10)) == [D(7)] * 9 + [None]
    assert known.ai_cogs_without([], date(2026, 8, 6)) == [None] + [D(7)] * 27
    assert known.ai_cogs_without([], date(2026, 8, 7)) == [D(7)] * 28


def test_a_product_without_postings_keeps_its_own_figures():
    assert history([date(2026, 8, 31)], {}).last_known(date(2026, 9, 5)).other_cogs == D(3)


def test_a_product_is_judged_by_what_its_own_customers_have_reported():
    """The company reports to the 20th of August, this product's regular customer only to the 5th, until he reports again."""
    days = [ProductDay(JULY + timedelta(days=n), D(100), D(7), D(3)) for n in range(60)]
    known = [(AUGUST + timedelta(days=n), AUGUST + timedelta(days=n if n < 5 or n > 18 else 4)) for n in range(25)]
    lagging = ProductHistory(days, {}, [date(2026, 8, 20)], known)
    assert lagging.last_known(date(2026, 7, 31)) is None
    assert lagging.last_known(date(2026, 8, 15)).margin_date == date(2026, 8, 5)
    assert lagging.last_known(date(2026, 8, 19)).margin_date == date(2026, 8, 5)
    assert lagging.last_known(date(2026, 8, 20)).margin_date == date(2026, 8, 20)
