"""Allocations of experiments, drawn: in any currency, renewed before or after they expire, moved between departments, and
what people ask of them; work that is counted, so that core budgets flex with it.
"""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from tests.reference.company import Allocation, Company, Initiative, Metric
from tests.reference.draw import CURRENCIES, DEPARTMENTS
from tests.reference.ledger_company import BudgetChange

FIRST = date(2026, 8, 1)


def allocated(dice: random.Random, company: Company) -> Company:
    """Initiatives with allocations, versions of other departments, and units of work told by day, seldom or never."""
    initiatives: list[Initiative] = []
    metrics: list[Metric] = []
    for one in company.initiatives:
        unit = dice.choice([None, "cases", "cases"])
        initiatives += _versions(dice, replace(one, unit=unit))
        every = dice.choice([1, 1, 7, 30])
        last = company.as_of - timedelta(days=dice.choice([0, 0, 15]))
        for number in range(0, (last - FIRST).days + 1, every):
            if unit and (number == 0 or dice.random() < 0.9):
                day = FIRST + timedelta(days=number)
                metrics.append(Metric(day, unit, Decimal(dice.randint(0, 90)), initiative=one.name))
    return replace(company, initiatives=tuple(initiatives), metrics=tuple(metrics))


def _versions(dice: random.Random, one: Initiative) -> list[Initiative]:
    """The initiative, from a day on in another department, from a later one on with another allocation."""
    versions = [replace(one, allocation=_allocation(dice, FIRST + timedelta(days=dice.randint(0, 30))))]
    day = FIRST
    if dice.random() < 0.5:
        day += timedelta(days=dice.randint(1, 60))
        versions.append(replace(versions[-1], department=dice.choice(DEPARTMENTS), valid_from=day))
    if dice.random() < 0.4:
        day += timedelta(days=dice.randint(1, 30))
        renewed = _allocation(dice, day + timedelta(days=dice.randint(0, 20)))
        versions.append(replace(versions[-1], allocation=renewed, valid_from=day))
    ends = [version.valid_from for version in versions[1:]]
    return [replace(version, valid_to=end) for version, end in zip(versions, [*ends, None], strict=True)]


def _allocation(dice: random.Random, first: date) -> Allocation:
    amount = Decimal(dice.randint(1, dice.choice([200, 5_000, 90_000])))
    last = first + timedelta(days=dice.randint(0, 80))
    return Allocation(amount, dice.choice([None, *CURRENCIES]), first, last)


def changes(dice: random.Random, company: Company) -> list[BudgetChange]:
    """Asked for on any day, whether there is an allocation to change or not."""
    names = sorted({one.name for one in company.initiatives if one.stage == "experimentation"} | {"initiative0"})
    found = [
        BudgetChange(
            day=FIRST + timedelta(days=dice.randint(0, (company.as_of - FIRST).days)),
            kind=kind,
            initiative=dice.choice(names),
            amount=Decimal(dice.randint(1, 9_000)) / 10 * (-1 if kind == "adjust" and dice.random() < 0.4 else 1),
        )
        for kind in dice.choices(["adjust", "return"], k=dice.choice([0, 3, 8]))
    ]
    return sorted(found, key=lambda one: one.day)
