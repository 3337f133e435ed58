"""What was known of a product's revenue and cost of goods sold on each day, so that a past day is judged without what
came later.

Two things become known after the fact. Revenue of a day is known once every customer who is expected to report has done so
for that day or a later one, which dbt decides (``int_product_revenue_known_by_day``); that of a product without any is
known to be none once the company has reported the day.
Other cost of goods sold comes from dbt in versions, each with the day from which it was known
(``int_other_cogs_known_by_day``). A day before the first posted period of a product, and every day until the first period
of the company's ledger is complete, has an other cost that is not known (None); a company that posts nothing, and a
product of which a complete ledger holds nothing, has none.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from orchestration.graduation.records import Inputs, LedgerKnown, OtherCost, ProductDay
from orchestration.statistics.run_rate import RUN_RATE_DAYS

NO_LEDGER = LedgerKnown()


class ProductHistory:
    """One product's days, in order; each answer holds only what was known on the day it is asked for.

    ``other_costs``: versions by day; without any, nothing dates the product's other cost and each day keeps its own.
    ``revenue_known``: by day, the last day whose revenue was known; without any, the company's ``revenue_dates`` say it.
    ``graduated_costs``: what its graduated initiatives cost as core, by initiative and day, a part of its AI cost.
    """

    def __init__(
        self,
        days: Sequence[ProductDay],
        other_costs: Mapping[date, list[OtherCost]],
        revenue_dates: Sequence[date],
        revenue_known: Sequence[tuple[date, date]] = (),
        ledger: LedgerKnown = NO_LEDGER,
        graduated_costs: Mapping[str, Mapping[date, Decimal]] = MappingProxyType({}),
    ) -> None:
        self.days = list(days)
        self.dates = [day.margin_date for day in days]
        self.known = [day for day in days if day.revenue is not None]
        self.known_dates = [day.margin_date for day in self.known]
        self.revenue_dates = revenue_dates
        self.revenue_known = revenue_known
        self.other_costs = other_costs
        self.ledger = ledger
        self.graduated_costs = graduated_costs
        self.first_posted = min((one[0].known_from for one in other_costs.values()), default=None)

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
        """``day`` with other cost as known on ``known_on``, None where it was not."""
        versions = self.other_costs.get(day.margin_date, [])
        known = bisect_right(versions, known_on, key=lambda version: version.known_from)
        if known:
            return replace(day, other_cogs=versions[known - 1].amount)
        if self._posts_other_cost(known_on) or self._awaits_first_period(known_on):
            return replace(day, other_cogs=None)
        return replace(day, other_cogs=Decimal(0)) if self.other_costs else day

    def ai_cogs_without(self, initiatives: Collection[str], until: date) -> list[Decimal | None]:
        """AI cost of goods sold of the latest 28 days, without what these graduated initiatives cost as core; None on a day
        with unpriced usage.
        """
        parts = [self.graduated_costs.get(one, {}) for one in initiatives]
        return [
            None
            if day.ai_cogs is None or day.has_unpriced
            else day.ai_cogs - sum((part.get(day.margin_date, Decimal(0)) for part in parts), Decimal(0))
            for day in self.latest(until)
        ]

    def _posts_other_cost(self, known_on: date) -> bool:
        return self.first_posted is not None and self.first_posted <= known_on

    def _awaits_first_period(self, known_on: date) -> bool:
        """Whether the company had begun to post, and no period of its ledger was complete yet."""
        begun, complete = self.ledger.first_posted_on, self.ledger.first_complete_on
        return begun is not None and begun <= known_on and (complete is None or complete > known_on)


NO_HISTORY = ProductHistory([], {}, [])


def product_histories(inputs: Inputs) -> dict[str, ProductHistory]:
    """The history of every product with days of its own."""
    return {
        product: ProductHistory(
            days,
            inputs.other_costs.get(product, {}),
            inputs.revenue_dates,
            inputs.revenue_known.get(product, []),
            inputs.ledger_known,
            inputs.graduated_costs.get(product, {}),
        )
        for product, days in inputs.product_days.items()
    }
