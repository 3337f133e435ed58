"""Whose shared cost is: plain fractions from the facts, no code and no SQL of the product.

Written from the rules: a version of a rule shares on its own dates, with the targets' departments, products and customers of
the shared day. A basis of which nothing is reported, or nothing above zero, on the day takes the latest earlier one that
has something; without any the cost stays with nobody. What is reported is handed out once: revenue of an initiative to
that one, other revenue of a product evenly over its targets, heads evenly over a department's targets, direct cost of an
initiative to that one, or else to its department. A metric is the target's own, else its product's, else its
department's, evenly over the targets that take it. A pool passes on what it receives by its own rule, on the same day.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from tests.reference.company import Company, Initiative, Owner, Pool, Share, Target

Cost = tuple[date, Owner, Fraction]
"""What a day's usage of a direct owner cost."""


@dataclass(frozen=True)
class Reported:
    """A value of a basis, of whoever is named; ``day`` is the first of the period that it is reported for."""

    day: date
    value: Fraction
    initiative: str | None = None
    product: str | None = None
    department: str | None = None


@dataclass(frozen=True)
class Part:
    """What part of a shared cost is whose; ``method`` is how it came there. The owner is nobody where a pool cannot pass
    on what it received.
    """

    ratio: Fraction
    owner: Owner
    method: str


class Sharing:
    """The parts of a company's shared cost. ``on`` says an initiative's version of a day; ``revenue`` is by day, product,
    customer and initiative.
    """

    def __init__(
        self,
        company: Company,
        on: Callable[[str, date], Initiative],
        costs: Iterable[Cost],
        revenue: Mapping[Any, Fraction],
    ) -> None:
        self.on = on
        self.pools = {one.name: one for one in company.pools}
        self.everybody = tuple(Target(initiative=name) for name in sorted({one.name for one in company.initiatives}))
        self.bases: dict[str, list[Reported]] = defaultdict(list)
        self.bases["headcount"] = [
            Reported(one.month_end.replace(day=1), Fraction(one.heads), department=one.department)
            for one in company.headcounts
        ]
        for one in company.metrics:
            row = Reported(one.day, Fraction(one.value), one.initiative, one.product, one.department)
            self.bases[f"metric:{one.metric}"].append(row)
        for day, owner, amount in costs:
            department = on(owner.initiative, day).department if owner.initiative else owner.department
            self.bases["direct_cost"].append(Reported(day, amount, owner.initiative, None, department))
        for one, amount in revenue.items():
            self.bases["revenue"].append(Reported(one.day, amount, one.initiative, one.product))

    def parts(self, share: Share, day: date, method: str | None = None) -> Iterator[Part]:
        """The parts of a cost of ``day``; none where the rule has nothing to share by."""
        weights = self._weights(share, day)
        whole = sum(weights.values())
        for target, weight in weights.items():
            ratio = weight / whole
            if target.pool is None:
                yield Part(ratio, Owner(target.initiative, target.department), method or share.method)
                continue
            passed_on = list(self.parts(self._rule(self.pools[target.pool]), day, "step_down"))
            for part in passed_on:
                yield Part(ratio * part.ratio, part.owner, part.method)
            if not passed_on:
                yield Part(ratio, Owner(), "unallocated")

    def _rule(self, pool: Pool) -> Share:
        return pool.share or Share("proportional", self.everybody, "direct_cost")

    def _weights(self, share: Share, day: date) -> dict[Target, Fraction]:
        if share.method == "even":
            return dict.fromkeys(share.targets, Fraction(1))
        if share.method == "fixed":
            return {one: Fraction(one.weight or 0) for one in share.targets}
        by_day: dict[date, list[Reported]] = defaultdict(list)
        for one in self.bases[share.basis or ""]:
            if one.day <= day:
                by_day[one.day].append(one)
        for _, rows in sorted(by_day.items(), reverse=True):
            weights = self._handed_out(share, rows, day)
            if sum(weights.values()) > 0:
                return {target: weight for target, weight in weights.items() if weight > 0}
        return {}

    def _handed_out(self, share: Share, rows: list[Reported], day: date) -> dict[Target, Fraction]:
        weights: dict[Target, Fraction] = defaultdict(Fraction)
        for row in rows:
            takers = self._takers(share, row, rows, day)
            for target in takers:
                weights[target] += row.value / len(takers)
        return weights

    def _takers(self, share: Share, row: Reported, rows: list[Reported], day: date) -> list[Target]:
        if share.basis == "direct_cost":
            own = [one for one in share.targets if row.initiative and one.initiative == row.initiative]
            return own or [one for one in share.targets if one.department and one.department == row.department]
        if (share.basis or "").startswith("metric:"):
            return [one for one in share.targets if row in self._own(one, rows, day)]
        return [one for one in share.targets if row in self._at_any_level(one, rows, day)]

    def _own(self, target: Target, rows: list[Reported], day: date) -> list[Reported]:
        """A target's rows of the finest level that has any."""
        levels = self._levels(target, rows, day)
        return next((level for level in levels if level), [])

    def _at_any_level(self, target: Target, rows: list[Reported], day: date) -> list[Reported]:
        return [row for level in self._levels(target, rows, day) for row in level]

    def _levels(self, target: Target, rows: list[Reported], day: date) -> list[list[Reported]]:
        """Rows that name the target itself; only its product; only its department."""
        if target.initiative is None:
            product, department = None, target.department
        else:
            version = self.on(target.initiative, day)
            product, department = version.product, version.department
        return [
            [row for row in rows if row.initiative and row.initiative == target.initiative],
            [row for row in rows if not row.initiative and row.product and row.product == product],
            [row for row in rows if not row.initiative and not row.product and row.department == department],
        ]
