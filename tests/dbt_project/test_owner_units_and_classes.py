"""Whose units of work they are, and what cost without an initiative is. Real models, rows written by hand."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import row

D = Decimal
AS_OF = date(2026, 7, 31)
Rows = list[dict[str, Any]]


def initiative(initiative_id: str, **given: Any) -> dict[str, Any]:
    standard = {"kind": "internal_workflow", "stage": "core", "started_on": date(2026, 6, 1), "unit_of_work": "cases"}
    return row("registry", "initiatives", initiative_id=initiative_id, **{**standard, **given})


def units_of(value: str, day: int = 1, **owner: str) -> dict[str, Any]:
    stated = {"metric_date": date(2026, 7, day), "metric_id": "cases", "value": D(value)}
    return row("ledgers", "business_metrics", **stated, **owner)


@pytest.fixture
def warehouse(tmp_path: Path) -> Callable[..., duckdb.DuckDBPyConnection]:
    def of(**streams: Rows) -> duckdb.DuckDBPyConnection:
        landing = Landing(tmp_path / "landing")
        for stream, rows in streams.items():
            with landing.batch("ledgers" if stream == "business_metrics" else "registry", stream) as batch:
                batch.add_rows("current", rows)
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, AS_OF)
        return connection

    return of


def matched(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], tuple[Decimal | None, str | None]]:
    build(connection, ["int_initiative_units_matched"])
    found = connection.execute(
        "select initiative_id, day(metric_date), units, units_null_reason from intermediate.int_initiative_units_matched"
    ).fetchall()
    return {(one, day): (value, reason) for one, day, value, reason in found}


def test_units_are_the_initiatives_own_else_its_products_else_its_departments(warehouse):
    found = matched(
        warehouse(
            initiatives=[
                initiative("own", product_id="p1", department_id="d1"),
                initiative("by_product", product_id="p2", department_id="d2"),
                initiative("by_department", department_id="d3"),
            ],
            business_metrics=[
                units_of("1", initiative_id="own"),
                units_of("20", product_id="p1"),
                units_of("30", department_id="d1"),
                units_of("2", product_id="p2"),
                units_of("40", department_id="d2"),
                units_of("3", department_id="d3"),
            ],
        )
    )
    assert found == {("own", 1): (D(1), None), ("by_product", 1): (D(2), None), ("by_department", 1): (D(3), None)}


def test_units_that_several_initiatives_have_in_common_are_nobodys_and_say_why(warehouse):
    found = matched(
        warehouse(
            initiatives=[
                initiative("a", product_id="p"),
                initiative("b", product_id="p"),
                initiative("v", department_id="d"),
                initiative("w", department_id="d"),
                initiative("other_unit", department_id="d", unit_of_work="tickets"),
                initiative("alone", product_id="q"),
                initiative("retired", product_id="q", stage="retired"),
                initiative("not_yet", product_id="q", started_on=date(2026, 7, 20)),
            ],
            business_metrics=[
                units_of("10", product_id="p"),
                units_of("4", initiative_id="a", day=2),
                units_of("10", product_id="p", day=2),
                units_of("10", department_id="d"),
                units_of("10", product_id="q"),
            ],
        )
    )
    assert found == {
        ("a", 1): (None, "shared_product"),
        ("b", 1): (None, "shared_product"),
        ("a", 2): (D(4), None),
        ("b", 2): (None, "shared_product"),
        ("v", 1): (None, "shared_department"),
        ("w", 1): (None, "shared_department"),
        ("alone", 1): (D(10), None),
    }


def test_units_follow_the_department_of_the_day(warehouse):
    found = matched(
        warehouse(
            initiatives=[
                initiative("a", department_id="d1", valid_to=date(2026, 7, 2)),
                initiative("a", department_id="d2", valid_from=date(2026, 7, 2)),
            ],
            business_metrics=[
                units_of(value, day=day, department_id=department)
                for department, value in (("d1", "1"), ("d2", "2"))
                for day in (1, 2)
            ],
        )
    )
    assert found == {("a", 1): (D(1), None), ("a", 2): (D(2), None)}


OWNERS: dict[str, dict[str, str]] = {
    "product": {"product_id": "p"},
    "customer": {"customer_id": "c"},
    "department": {"department_id": "d"},
    "retired": {"initiative_id": "old", "department_id": "d"},
    "experiment": {"initiative_id": "new", "department_id": "d", "product_id": "p"},
    "nobody": {},
}


def allocated_to_each_owner(warehouse: Callable[..., duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
    """A dollar to each of OWNERS, whose name stands in model_id; customer-facing core is goods, all else overhead."""
    connection = warehouse(
        initiatives=[initiative("old", stage="retired"), initiative("new", stage="experimentation")],
        cost_class_rules=[
            row(
                *("registry", "cost_class_rules"), position=1, kind="customer_facing", stage="core", cost_class="goods"
            ),
            row(*("registry", "cost_class_rules"), position=2, cost_class="overhead"),
        ],
    )
    connection.execute("create schema intermediate")
    texts = "provider source model_id initiative_id department_id product_id customer_id actor_id allocation_method"
    texts = [f"{name} varchar" for name in (texts + " allocation_rule_id cost_basis").split()]
    connection.execute(
        f"create table intermediate.int_costs_allocated (cost_date date, allocated_cost decimal(38, 12), {', '.join(texts)})"
    )
    for name, owner in OWNERS.items():
        method = "direct" if owner else "unallocated"
        given = {"cost_date": AS_OF, "model_id": name, "allocation_method": method, "allocated_cost": D(1), **owner}
        connection.execute(
            f"insert into intermediate.int_costs_allocated ({', '.join(given)}) values ({', '.join('?' * len(given))})",
            list(given.values()),
        )
    return connection


def test_what_cost_is_follows_its_owner_and_what_is_no_experiment_is_core(warehouse):
    """A product's and a customer's cost is customer-facing core; a department's and a retired initiative's is core budget."""
    connection = allocated_to_each_owner(warehouse)
    build(connection, ["int_costs_classified"])
    found = connection.execute(
        "select model_id, cost_class, budget_class from intermediate.int_costs_classified"
    ).fetchall()
    assert {name: (cost_class, budget_class) for name, cost_class, budget_class in found} == {
        "product": ("goods", "core"),
        "customer": ("goods", "core"),
        "department": ("overhead", "core"),
        "retired": ("overhead", "core"),
        "experiment": ("overhead", "experimentation"),
        "nobody": (None, None),
    }


def test_the_budget_classes_of_a_department_sum_to_its_cost(warehouse):
    """Its own cost and that of its retired initiative are core's two dollars, its experiment's the third."""
    connection = allocated_to_each_owner(warehouse)
    connection.execute(
        "create schema marts; create table marts.fct_budget_movements (department_id varchar, fiscal_period varchar, "
        "account varchar, kind varchar, amount decimal(38, 9)); "
        "create table intermediate.int_core_allowances_by_month (department_id varchar, fiscal_period varchar, "
        "allowance_amount decimal(38, 12), is_by_units boolean)"
    )
    build(connection, ["budget_status_by_department_month"])
    spent = connection.execute(
        "select department_id, budget_class, spent_amount from marts.budget_status_by_department_month order by all"
    ).fetchall()
    assert spent == [("d", "core", D(2)), ("d", "experimentation", D(1))]
