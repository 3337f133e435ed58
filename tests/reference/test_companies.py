"""Small companies drawn from a seed, built by the product and by the reference: every cent is the same.

COMPANIES=n draws n companies; COMPANY=seed only that one.
"""

import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.reference.build import tables
from tests.reference.company import write
from tests.reference.draw import draw
from tests.reference.expected import Reference

SEEDS = [int(os.environ["COMPANY"])] if "COMPANY" in os.environ else range(int(os.environ.get("COMPANIES", "20")))
SPLIT = Fraction(1, 10**6)
"""Amounts are split in units of 10^-9, so that one of many parts is off by a few of them; sums over all parts are exact."""
ALLOCATED = """
select cost_date, provider, cost_basis, initiative_id, department_id, product_id, sum(allocated_cost) as amount
from fct_allocated_costs group by all having sum(allocated_cost) <> 0"""
BY_PROVIDER_DAY = """
select cost_date, provider, cost_basis, sum(allocated_cost) as amount
from fct_allocated_costs group by all having sum(allocated_cost) <> 0"""
MARGINS = "select product_id, fiscal_period, revenue, ai_cogs from gross_margin_by_product_month"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_product_says_what_the_reference_says(seed: int, tmp_path: Path) -> None:
    company, reference = draw(seed), Reference(draw(seed))
    write(company, tmp_path / "company")
    allocated, days, margins = tables(
        tmp_path / "company", tmp_path / "home", company.as_of, [ALLOCATED, BY_PROVIDER_DAY, MARGINS]
    )

    expected = reference.allocated()
    by_day: dict[tuple, Fraction] = {}
    for (day, provider, basis, *_), amount in expected.items():
        by_day[day, provider, basis] = by_day.get((day, provider, basis), Fraction(0)) + amount
    assert differing(by_day, amounts(days, "cost_date", "provider", "cost_basis"), Fraction(1, 10**9)) == {}
    owner = ("initiative_id", "department_id", "product_id")
    assert differing(expected, amounts(allocated, "cost_date", "provider", "cost_basis", *owner), SPLIT) == {}
    found = {(row["product_id"], row["fiscal_period"]): row for row in margins}
    for column, number in (("revenue", 0), ("ai_cogs", 1)):
        wanted = {key: pair[number] for key, pair in reference.margins().items() if pair[number]}
        said = {key: Fraction(row[column]) for key, row in found.items() if row[column]}
        assert differing(wanted, said, SPLIT) == {}, column


def amounts(rows: list[dict[str, Any]], *keys: str) -> dict[tuple, Fraction]:
    return {tuple(row[key] for key in keys): Fraction(row["amount"]) for row in rows}


def differing(
    expected: Mapping[Any, Fraction], found: Mapping[Any, Fraction], tolerance: Fraction
) -> dict[Any, tuple[float, float]]:
    """Expected and found of all keys that differ by more than ``tolerance``."""
    return {
        key: (float(expected.get(key, 0)), float(found.get(key, 0)))
        for key in expected.keys() | found.keys()
        if abs(expected.get(key, Fraction(0)) - found.get(key, Fraction(0))) > tolerance
    }
