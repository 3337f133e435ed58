"""What was known of a product's revenue and cost of goods sold on each day, so that a past day is judged without what
came later.

Two things become known after the fact. Revenue of a day is known once every customer who is expected to report has done so
for that day or a later one, which dbt decides (``int_product_revenue_known_by_day``); that of a product without any is
known to be none once the company has reported the day.
Other cost of goods sold comes from dbt in versions, each with the day from which it was known
(``int_other_cogs_known_by_day``); before the first there is none.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from orchestration.graduation.records import Inputs, OtherCost, ProductDay
from orchestration.statistics.run_rate import RUN_RATE_DAYS


class ProductHistory:
    """One product's days, in order; each answer holds only what was known on the day it is asked for.

    ``other_costs``: versions by day; without any, nothing dates the product's other cost and each day keeps its own.
    ``revenue_known``: by day, the last day whose revenue was known; without any, the company's ``revenue_dates`` say it.
    """

    def __init__(
        self,
        days: Sequence[ProductDay],
        other_costs: Mapping[date, list[OtherCost]],
        revenue_dates: Sequence[date],
        revenue_known: Sequence[tuple[date, date]] = (),
    ) -> None:
        self.days = list(days)
        self.dates = [day.margin_date for day in days]
        self.known = [day for day in days if day.revenue is not None]
        self.known_dates = [day.margin_date for day in self.known]
        self.revenue_dates = revenue_dates
        self.revenue_known = revenue_known
        self.other_costs = other_costs

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
        if self.revenue_known:
            known = bisect_right(self.revenue_known, until, key=lambda one: one[0])
            return self.revenue_known[known - 1][1] if known else None
        if not self.revenue_dates:
            return until
        reported = bisect_right(self.revenue_dates, until)
        return self.revenue_dates[reported - 1] if reported else None

    def as_known(self, day: ProductDay, known_on: date) -> ProductDay:
        """``day`` with other cost as known on ``known_on``."""
        if not self.other_costs:
            return day
        versions = self.other_costs.get(day.margin_date, [])
        known = bisect_right(versions, known_on, key=lambda version: version.known_from)
        return replace(day, other_cogs=versions[known - 1].amount if known else Decimal(0))


NO_HISTORY = ProductHistory([], {}, [])


def product_histories(inputs: Inputs) -> dict[str, ProductHistory]:
    """The history of every product with days of its own."""
    return {
        product: ProductHistory(
            days, inputs.other_costs.get(product, {}), inputs.revenue_dates, inputs.revenue_known.get(product, [])
        )
        for product, days in inputs.product_days.items()
    }
