"""What was known of a product's revenue and cost of goods sold on each day, so that a past day is judged without what
came later.

Two things become known after the fact. Revenue of a day is known once revenue of that day or a later one is reported.
Other cost of goods sold of a month is known once the month has ended and it is posted; until then the daily rate of
the last complete month stands in, and before the first complete month there is none. The spread over the days is the
warehouse's (int_other_cogs_spread_by_day): equal parts in units of 10^-9, what is left over one each to the first days.
"""

from bisect import bisect_right
from calendar import monthrange
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from orchestration.graduation.records import Inputs, OtherCostPosting, ProductDay
from orchestration.statistics.run_rate import RUN_RATE_DAYS

NANO_DIGITS = 9


class OtherCost:
    """Other cost of goods sold of one product, per day, as known on any day. Without postings: nothing to say."""

    def __init__(self, postings: Sequence[OtherCostPosting]) -> None:
        self.months: dict[date, list[OtherCostPosting]] = defaultdict(list)
        for posting in postings:
            self.months[posting.month].append(posting)

    def on(self, day: date, known_on: date) -> Decimal:
        """The part of ``day``, as known at the end of ``known_on``."""
        month = day.replace(day=1)
        if self._is_complete(month, known_on):
            return self._part(month, day.day, known_on)
        complete = [one for one in self.months if one < month and self._is_complete(one, known_on)]
        if not complete:
            return Decimal(0)
        return self._part(max(complete), _days_in(max(complete)), known_on)

    def _is_complete(self, month: date, known_on: date) -> bool:
        has_ended = month.replace(day=_days_in(month)) <= known_on
        return has_ended and any(posting.posting_date <= known_on for posting in self.months.get(month, []))

    def _part(self, month: date, number: int, known_on: date) -> Decimal:
        """The part of the month's ``number``-th day."""
        known = [posting.amount for posting in self.months[month] if posting.posting_date <= known_on]
        amount = sum(known, Decimal(0))
        each, left = divmod(int(abs(amount).scaleb(NANO_DIGITS)), _days_in(month))
        part = Decimal(each + (1 if number <= left else 0)).scaleb(-NANO_DIGITS)
        return -part if amount < 0 else part


class ProductHistory:
    """One product's days, in order; each answer holds only what was known on the day it is asked for."""

    def __init__(
        self, days: Sequence[ProductDay], postings: Sequence[OtherCostPosting], revenue_dates: Sequence[date]
    ) -> None:
        self.days = list(days)
        self.dates = [day.margin_date for day in days]
        self.known = [day for day in days if day.revenue is not None]
        self.known_dates = [day.margin_date for day in self.known]
        self.revenue_dates = revenue_dates
        self.other_cost = OtherCost(postings) if postings else None

    def latest_known(self, until: date) -> list[ProductDay]:
        """The latest 28 days with known revenue, with other cost as known on ``until``."""
        last = self._last_reported(until)
        if last is None:
            return []
        end = bisect_right(self.known_dates, last)
        return [self.as_known(day, until) for day in self.known[max(0, end - RUN_RATE_DAYS) : end]]

    def last_known(self, until: date) -> ProductDay | None:
        """The latest day with known revenue, with other cost as known on ``until``; None before the first."""
        last = self._last_reported(until)
        end = 0 if last is None else bisect_right(self.known_dates, last)
        return self.as_known(self.known[end - 1], until) if end else None

    def latest(self, until: date) -> list[ProductDay]:
        """The latest 28 days, for the cost that needs no report."""
        end = bisect_right(self.dates, until)
        return self.days[max(0, end - RUN_RATE_DAYS) : end]

    def _last_reported(self, until: date) -> date | None:
        """The last day up to which revenue was known; where nothing dates the reports, each day is known at its end."""
        if not self.revenue_dates:
            return until
        reported = bisect_right(self.revenue_dates, until)
        return self.revenue_dates[reported - 1] if reported else None

    def as_known(self, day: ProductDay, known_on: date) -> ProductDay:
        """``day`` with other cost as known on ``known_on``."""
        if self.other_cost is None:
            return day
        return replace(day, other_cogs=self.other_cost.on(day.margin_date, known_on))


NO_HISTORY = ProductHistory([], [], [])


def product_histories(inputs: Inputs) -> dict[str, ProductHistory]:
    """The history of every product with days of its own."""
    return {
        product: ProductHistory(days, inputs.other_cost_postings.get(product, []), inputs.revenue_dates)
        for product, days in inputs.product_days.items()
    }


def _days_in(month: date) -> int:
    return monthrange(month.year, month.month)[1]
