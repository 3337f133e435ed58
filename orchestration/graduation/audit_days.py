"""An initiative's cost by model tier, added up per day once, for the model audit of any window."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import date
from decimal import Decimal

from orchestration.graduation.gates.audit import ModelAuditFacts
from orchestration.graduation.records import TierDay


class AuditDays:
    """Sums of an initiative's tier rows; ``facts`` answers for the days of one window."""

    def __init__(self, rows: list[TierDay]) -> None:
        grouped: dict[date, list[TierDay]] = defaultdict(list)
        for row in rows:
            grouped[row.usage_date].append(row)
        self.dates = sorted(grouped)
        self.days = [_AuditDay(grouped[day]) for day in self.dates]

    def facts(self, first: date | None, last: date | None, max_higher_tier_ratio: Decimal) -> ModelAuditFacts:
        """Facts of the days ``first`` to ``last`` inclusive; none where there is no window."""
        days: list[_AuditDay] = []
        if first is not None and last is not None:
            days = self.days[bisect_left(self.dates, first) : bisect_right(self.dates, last)]
        same = [day.same for day in days]
        lost = [day.cache_lost for day in days]
        return ModelAuditFacts(
            first_day=first,
            last_day=last,
            list_cost=sum((day.list_cost for day in days), Decimal(0)),
            higher_tier_cost=sum((day.higher_cost for day in days), Decimal(0)),
            counterfactual_same=_sum_or_none(same),
            counterfactual_cache_lost=_sum_or_none(lost),
            untiered_models=tuple(sorted({model for day in days for model in day.untiered})),
            unpriced_models=tuple(sorted({model for day in days for model in day.unpriced})),
            max_higher_tier_ratio=max_higher_tier_ratio,
        )


class _AuditDay:
    def __init__(self, rows: list[TierDay]) -> None:
        self.untiered = {_name(row) for row in rows if row.is_higher_tier is None and row.list_cost != 0}
        self.unpriced = {_name(row) for row in rows if row.list_cost is None}
        priced = [row for row in rows if row.list_cost is not None]
        higher = [row for row in priced if row.is_higher_tier]
        self.list_cost = sum((row.list_cost for row in priced if row.list_cost is not None), Decimal(0))
        self.higher_cost = sum((row.list_cost for row in higher if row.list_cost is not None), Decimal(0))
        self.same = _sum_or_none([row.counterfactual_same for row in higher])
        self.cache_lost = _sum_or_none([row.counterfactual_cache_lost for row in higher])


def _sum_or_none(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _name(row: TierDay) -> str:
    return row.model_id or "usage without a model"
