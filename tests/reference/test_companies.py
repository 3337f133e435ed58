"""Small companies drawn from a seed, built by the product and by the reference: every cent is the same.

COMPANIES=n draws n companies; COMPANY=seed only that one.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.reference import focus_expected
from tests.reference.bridge_expected import bridge
from tests.reference.build import tables
from tests.reference.company import write
from tests.reference.compared import disagreements
from tests.reference.draw import EVERYTHING, draw
from tests.reference.expected import Cost, Reference
from tests.reference.milestones_expected import Milestones
from tests.reference.right_sizing_expected import RightSizing
from tests.reference.units_expected import Units

SEEDS = [int(os.environ["COMPANY"])] if "COMPANY" in os.environ else range(int(os.environ.get("COMPANIES", "20")))
EXACT = Fraction(1, 10**9)
ROUNDED = Fraction(1, 10**8)
"""What is billed has nine decimals, and several rows make a day."""
SPLIT = Fraction(1, 10**6)
"""Amounts are split in units of 10^-9, so that one of many parts is off by a few of them; sums over all parts are exact."""
Amounts = Mapping[Any, Fraction]
MARTS = (
    "complacency_by_initiative_month",
    "fct_allocated_costs",
    "fct_billed_costs",
    "fct_revenue",
    "fct_usage",
    "focus_cost_and_usage",
    "focus_cost_and_usage_v1_2",
    "gross_margin_by_customer_month",
    "gross_margin_by_initiative_month",
    "gross_margin_by_product_day",
    "gross_margin_by_product_month",
    "gross_margin_sensitivity_by_product_month",
    "milestone_tolerance",
    "model_right_sizing_by_department_month",
    "model_right_sizing_by_developer_month",
    "model_right_sizing_by_function_month",
    "model_right_sizing_by_initiative_month",
    "reconciliation_by_provider_month",
    "spend_by_developer_day",
    "unit_economics_by_initiative_month",
)


class Compared(NamedTuple):
    """Column ``amount`` of the query, by its other columns, is what the reference says."""

    query: str
    expected: Callable[[Reference], Amounts]
    tolerance: Fraction = SPLIT


CLASSIFICATIONS: dict[str, Callable[[Cost], bool]] = {
    "policy": lambda cost: is_sold(cost),
    "all_ai_cost": lambda cost: True,
    "core_only": lambda cost: cost.budget_class == "core",
}


def _margin(table: str, by: str, entity: str, number: int) -> Compared:
    column = ("revenue", "ai_cogs")[number]
    return Compared(
        f"select {entity}, fiscal_period, {column} as amount from {table}",
        lambda reference: {
            key: pair[number] for key, pair in reference.margins(by).items() if key[0] or by == "customer"
        },
    )


COMPARED = {
    "cost by day": Compared(
        "select cost_date, provider, cost_basis, sum(allocated_cost) as amount from fct_allocated_costs group by all",
        lambda reference: summed(reference.costs, lambda cost: cost[:3]),
        ROUNDED,
    ),
    "cost by owner": Compared(
        "select cost_date, provider, cost_basis, allocation_method, budget_class, cost_class, initiative_id, department_id, "
        "product_id, customer_id, sum(allocated_cost) as amount from fct_allocated_costs group by all",
        lambda reference: reference.costs,
    ),
    "billed": Compared(
        "select cost_date, provider, charge_category, sum(billed_cost) as amount from fct_billed_costs group by all",
        lambda reference: {key: pair[0] for key, pair in reference.billing.billed().items()},
        ROUNDED,
    ),
    "effective": Compared(
        "select cost_date, provider, charge_category, sum(effective_cost) as amount from fct_billed_costs group by all",
        lambda reference: {key: pair[1] for key, pair in reference.billing.billed().items()},
        ROUNDED,
    ),
    "billed in FOCUS": Compared(
        'select cast("ChargePeriodStart" as date) as charge_day, "ChargeCategory", sum("x_ReportingBilledCost") as amount '
        "from focus_cost_and_usage group by all",
        lambda reference: summed(
            {key: pair[0] for key, pair in reference.billing.billed().items()}, lambda key: (key[0], key[2].title())
        ),
        ROUNDED,
    ),
    "bridge to the bill": Compared(
        "select provider, fiscal_period, bridge_line, amount from reconciliation_by_provider_month where leg = 1 "
        "or bridge_line in ('prepaid_timing', 'duplicates', 'repeated_requests')",
        bridge,
    ),
    "tokens": Compared(
        "select usage_date, provider, model_id, token_class, initiative_id, department_id, sum(quantity) as amount "
        "from fct_usage where is_counted and unit = 'tokens' group by all",
        lambda reference: reference.usage(lambda call, token_class: Fraction(call.tokens[token_class])),
        EXACT,
    ),
    "list cost": Compared(
        "select usage_date, provider, model_id, token_class, initiative_id, department_id, sum(list_cost) as amount "
        "from fct_usage where is_counted and unit = 'tokens' group by all",
        lambda reference: reference.usage(reference.billing.list_cost),
        EXACT,
    ),
    "revenue": Compared(
        "select revenue_date, product_id, customer_id, initiative_id, revenue as amount from fct_revenue",
        lambda reference: reference.revenue,
        ROUNDED,
    ),
    "cost by person": Compared(
        "select actor_id, spend_date, allocated_cost as amount from spend_by_developer_day",
        lambda reference: reference.billing.by_person(),
    ),
    "cost of initiatives": Compared(
        "select initiative_id, fiscal_period, allocated_cost as amount from unit_economics_by_initiative_month",
        lambda reference: {
            key: amount
            for key, amount in summed(reference.costs, lambda cost: (cost.initiative, month(cost.day))).items()
            if key[0]
        },
    ),
    "AI cost of goods sold by day": Compared(
        "select product_id, margin_date, ai_cogs as amount from gross_margin_by_product_day",
        lambda reference: summed(
            {cost: amount for cost, amount in reference.costs.items() if cost.product and is_sold(cost)},
            lambda cost: (cost.product, cost.day),
        ),
    ),
    "sensitivity": Compared(
        "select product_id, fiscal_period, classification, ai_cogs as amount from gross_margin_sensitivity_by_product_month",
        lambda reference: summed(
            {
                (cost.product, month(cost.day), name, cost): amount
                for cost, amount in reference.costs.items()
                for name, counts in CLASSIFICATIONS.items()
                if cost.product and counts(cost)
            },
            lambda key: key[:3],
        ),
    ),
    "product revenue": _margin("gross_margin_by_product_month", "product", "product_id", 0),
    "product cost": _margin("gross_margin_by_product_month", "product", "product_id", 1),
    "customer revenue": _margin(
        "gross_margin_by_customer_month", "customer", "nullif(customer_id, '(unattributed)')", 0
    ),
    "customer cost": _margin("gross_margin_by_customer_month", "customer", "nullif(customer_id, '(unattributed)')", 1),
    "initiative revenue": _margin("gross_margin_by_initiative_month", "initiative", "initiative_id", 0),
    "initiative cost": _margin("gross_margin_by_initiative_month", "initiative", "initiative_id", 1),
}


class Rows(NamedTuple):
    """Whole rows are the reference's; a row whose column ``weight`` is nothing may be missing."""

    query: str
    keys: tuple[str, ...]
    weight: str | None
    expected: Callable[[Reference], Mapping[tuple, Mapping[str, Any]]]


def _focus(table: str) -> Rows:
    query = focus_expected.QUERY.format(table=table)
    return Rows(query, focus_expected.KEYS, None, lambda reference: focus_expected.charges(reference.billing))


def _audit(by: str, entity: str, rows: Callable[[RightSizing], Mapping[tuple, Mapping[str, Any]]]) -> Rows:
    def expected(reference: Reference) -> Mapping[tuple, Mapping[str, Any]]:
        assert reference.company.tiers
        return rows(RightSizing(reference, reference.company.tiers))

    return Rows(f"select * from model_right_sizing_by_{by}_month", ("fiscal_period", entity), None, expected)


BY_INITIATIVE = ("fiscal_period", "initiative_id")
WHOLE_ROWS = {
    "drift": Rows(
        "select * from complacency_by_initiative_month", BY_INITIATIVE, "drift_cost", lambda one: Units(one).drift()
    ),
    "FOCUS": _focus("focus_cost_and_usage"),
    "FOCUS 1.2": _focus("focus_cost_and_usage_v1_2"),
    "milestones": Rows(
        "select * from milestone_tolerance", ("initiative_id",), None, lambda one: Milestones(one).rows()
    ),
    "right-sizing of departments": _audit("department", "department_id", RightSizing.by_department),
    "right-sizing of people": _audit("developer", "actor_id", RightSizing.by_developer),
    "right-sizing of functions": _audit("function", "function", RightSizing.by_function),
    "right-sizing of initiatives": _audit("initiative", "initiative_id", RightSizing.by_initiative),
    "unit economics": Rows(
        "select * from unit_economics_by_initiative_month",
        BY_INITIATIVE,
        "allocated_cost",
        lambda one: Units(one).economics(),
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_product_says_what_the_reference_says(seed: int, tmp_path: Path) -> None:
    company = draw(seed, EVERYTHING)
    reference = Reference(company)
    write(company, tmp_path / "company")
    queries = [*(one.query for one in COMPARED.values()), *(one.query for one in WHOLE_ROWS.values())]
    found = tables(tmp_path / "company", tmp_path / "home", company.as_of, queries, MARTS)
    for (name, one), rows in zip(COMPARED.items(), found[: len(COMPARED)], strict=True):
        assert differing(one.expected(reference), amounts(rows), one.tolerance) == {}, name
    for (name, whole), rows in zip(WHOLE_ROWS.items(), found[len(COMPARED) :], strict=True):
        assert disagreements(whole.expected(reference), rows, whole.keys, whole.weight) == {}, name


def summed(costs: Amounts, key: Callable[[Any], Any]) -> dict[Any, Fraction]:
    found: dict[Any, Fraction] = defaultdict(Fraction)
    for cost, amount in costs.items():
        found[key(cost)] += amount
    return found


def month(day: date) -> str:
    return f"{day:%Y-%m}"


def is_sold(cost: Cost) -> bool:
    return cost.cost_class == "cost_of_goods_sold"


def amounts(rows: list[dict[str, Any]]) -> dict[tuple, Fraction]:
    """The column ``amount`` by the other ones; null is nothing."""
    return {tuple(row[name] for name in row if name != "amount"): Fraction(row["amount"] or 0) for row in rows}


def differing(
    expected: Mapping[Any, Fraction], found: Mapping[Any, Fraction], tolerance: Fraction
) -> dict[Any, tuple[float, float]]:
    """Expected and found of all keys that differ by more than ``tolerance``."""
    return {
        key: (float(expected.get(key, 0)), float(found.get(key, 0)))
        for key in expected.keys() | found.keys()
        if abs(expected.get(key, Fraction(0)) - found.get(key, Fraction(0))) > tolerance
    }
