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
ROUNDED = Fraction(1, 10**8)
"""Billed money has nine decimals, and several rows make a day."""
ALLOCATED = """
select
    cost_date, provider, cost_basis, allocation_method, budget_class, cost_class, initiative_id, department_id, product_id,
    customer_id, sum(allocated_cost) as amount
from fct_allocated_costs group by all having sum(allocated_cost) <> 0"""
BY_PROVIDER_DAY = """
select cost_date, provider, cost_basis, sum(allocated_cost) as amount
from fct_allocated_costs group by all having sum(allocated_cost) <> 0"""
BILLED = """
select
    cost_date, provider, charge_category, coalesce(sum(billed_cost), 0) as billed,
    coalesce(sum(effective_cost), 0) as effective
from fct_billed_costs group by all"""
MARGINS = {
    "product": "select product_id as entity, fiscal_period, revenue, ai_cogs from gross_margin_by_product_month",
    "customer": """
        select nullif(customer_id, '(unattributed)') as entity, fiscal_period, revenue, ai_cogs
        from gross_margin_by_customer_month""",
    "initiative": "select initiative_id as entity, fiscal_period, revenue, ai_cogs from gross_margin_by_initiative_month",
}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_product_says_what_the_reference_says(seed: int, tmp_path: Path) -> None:
    company = draw(seed)
    reference = Reference(company)
    write(company, tmp_path / "company")
    allocated, days, bills, *margins = tables(
        tmp_path / "company", tmp_path / "home", company.as_of, [ALLOCATED, BY_PROVIDER_DAY, BILLED, *MARGINS.values()]
    )

    for number, column in enumerate(("billed", "effective")):
        wanted = {key: pair[number] for key, pair in reference.billed().items()}
        said = {(row["cost_date"], row["provider"], row["charge_category"]): Fraction(row[column]) for row in bills}
        assert differing(wanted, said, ROUNDED) == {}, column
    by_day: dict[tuple, Fraction] = {}
    for cost, amount in reference.costs.items():
        by_day[cost[:3]] = by_day.get(cost[:3], Fraction(0)) + amount
    assert differing(by_day, amounts(days), ROUNDED) == {}
    assert differing(reference.costs, amounts(allocated), SPLIT) == {}
    for by, rows in zip(MARGINS, margins, strict=True):
        expected = {key: pair for key, pair in reference.margins(by).items() if key[0] or by == "customer"}
        found = {(row["entity"], row["fiscal_period"]): row for row in rows}
        for number, column in enumerate(("revenue", "ai_cogs")):
            wanted = {key: pair[number] for key, pair in expected.items()}
            said = {key: Fraction(row[column] or 0) for key, row in found.items()}
            assert differing(wanted, said, SPLIT) == {}, (by, column)


def amounts(rows: list[dict[str, Any]]) -> dict[tuple, Fraction]:
    """The column ``amount`` by the other ones."""
    return {tuple(row[name] for name in row if name != "amount"): Fraction(row["amount"]) for row in rows}


def differing(
    expected: Mapping[Any, Fraction], found: Mapping[Any, Fraction], tolerance: Fraction
) -> dict[Any, tuple[float, float]]:
    """Expected and found of all keys that differ by more than ``tolerance``."""
    return {
        key: (float(expected.get(key, 0)), float(found.get(key, 0)))
        for key in expected.keys() | found.keys()
        if abs(expected.get(key, Fraction(0)) - found.get(key, Fraction(0))) > tolerance
    }
