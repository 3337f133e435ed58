"""How far initiatives are from their milestone, and what that was worth: plain fractions, no code of the product.

Written from the rules: what is measured is the initiative's own metric, else its product's. Until the target or the
day is reached the margin may be lower than the target; what it is lower by on each such day with revenue, times the
revenue, is the debt. The product and the target margin are those that the initiative has on the day.
"""

from collections import defaultdict
from datetime import date
from fractions import Fraction
from typing import Any

from tests.reference.billing import days_of, holds
from tests.reference.company import Initiative, Milestone
from tests.reference.expected import Reference

STARTED_ON = date(2026, 8, 1)


class Milestones:
    """The milestones of a company."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.as_of = reference.company.as_of
        self.revenue: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
        for one, amount in reference.revenue.items():
            if one.day <= reference.known_through(one.product):
                self.revenue[one.product, one.day] += amount
        self.cost: dict[tuple[str | None, date], Fraction] = defaultdict(Fraction)
        for cost, amount in reference.costs.items():
            if cost.cost_class == "cost_of_goods_sold":
                self.cost[cost.product, cost.day] += amount

    def rows(self) -> dict[tuple[str], dict[str, Any]]:
        """Rows of ``milestone_tolerance`` by initiative."""
        versions: dict[str, list[Initiative]] = defaultdict(list)
        for one in self.reference.company.initiatives:
            if (one.valid_from or date.min) <= self.as_of:
                versions[one.name].append(one)
        return {
            (name,): self._row(name, own, latest.milestone)
            for name, own in versions.items()
            if (latest := max(own, key=lambda one: one.valid_from or date.min)).milestone
        }

    def _row(self, name: str, versions: list[Initiative], milestone: Milestone) -> dict[str, Any]:
        measured = self._measured(name, versions, milestone.metric)
        met_on = min((day for day, value in measured.items() if value >= milestone.target), default=None)
        debts: dict[date, Fraction] = {}
        for day in days_of(STARTED_ON, min(milestone.by, self.as_of)):
            one = next((one for one in versions if holds(one, day)), None)
            revenue = self.revenue.get((one.product or "", day), Fraction(0)) if one else Fraction(0)
            if one and revenue > 0 and (met_on is None or day < met_on):
                profit = revenue - self.cost.get((one.product, day), Fraction(0))
                debts[day] = max(revenue * Fraction(one.target) - profit, Fraction(0))
        is_met = met_on is not None and met_on <= milestone.by
        first = min((day for day, debt in debts.items() if debt), default=None)
        return {
            "metric_value": measured[max(measured)] if measured else None,
            "target": Fraction(milestone.target),
            "by_date": milestone.by,
            "tolerance_status": "met" if is_met else "lapsed" if self.as_of > milestone.by else "active",
            "margin_debt": sum(debts.values(), Fraction(0)),
            "debt_age_days": (self.as_of - first).days if first else None,
        }

    def _measured(self, name: str, versions: list[Initiative], metric: str) -> dict[date, Fraction]:
        own: dict[date, Fraction] = defaultdict(Fraction)
        product: dict[date, Fraction] = defaultdict(Fraction)
        for row in self.reference.company.metrics:
            if row.metric != metric or row.day > self.as_of:
                continue
            if row.initiative == name:
                own[row.day] += Fraction(row.value)
            elif row.product and any(one.product == row.product and holds(one, row.day) for one in versions):
                product[row.day] += Fraction(row.value)
        return product | own
