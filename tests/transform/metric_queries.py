"""What each metric is, in SQL written from its definition and without MetricFlow, by month and one dimension; and
MetricFlow's own engine to compare it with.

The SQL gives (month, dimension, value); ``by``: the dimension's name in MetricFlow.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

import duckdb
import pytest

from orchestration.project import Home
from orchestration.transform.metrics import write_metrics_project
from orchestration.transform.runner import _close_warehouse

Answer = dict[tuple[str, Any], Any]
Answers = dict[str, Answer]
"""Month and dimension to value, by metric."""


class Expected(NamedTuple):
    by: str
    sql: str


def _costs(by: str, value: str, column: str) -> Expected:
    return Expected(
        by, f"select date_trunc('month', cost_date), {column}, {value} from fct_allocated_costs group by 1, 2"
    )


def _usage(value: str) -> Expected:
    counted = "from fct_usage where is_counted group by 1, 2"
    return Expected("provider", f"select date_trunc('month', usage_date), provider, {value} {counted}")


def _monthly(by: str, value: str, table: str) -> Expected:
    return Expected(by, f"select strptime(fiscal_period, '%Y-%m'), {by}_id, {value} from {table} group by 1, 2")


def _product(value: str) -> Expected:
    return _monthly("product", value, "gross_margin_by_product_month")


def _customer(value: str) -> Expected:
    return _monthly("customer", value, "gross_margin_by_customer_month")


def _budget(value: str) -> Expected:
    return _monthly("department", value, "budget_status_by_department_month")


def _units(value: str) -> Expected:
    return _monthly("initiative", value, "unit_economics_by_initiative_month")


def _level(by: str, value: str, table: str) -> Expected:
    """Of the last day of each month that the whole table has."""
    return Expected(
        by,
        f"select date_trunc('month', as_of_date), {by}_id, {value} from {table} where as_of_date in "
        f"(select max(as_of_date) from {table} group by date_trunc('month', as_of_date))",
    )


INPUTS = "sum(quantity) filter (where unit = 'tokens' and not ends_with(token_class, 'output'))"
CACHED = "coalesce(sum(quantity) filter (where ends_with(token_class, 'cache_read')), 0)"
WHERE_COUNTED = "filter (where units is not null)"

EXPECTED: dict[str, Expected] = {
    "spend": _costs("department", "sum(allocated_cost)", "department_id"),
    "owned_spend": _costs(
        "provider",
        "sum(allocated_cost) - coalesce(sum(allocated_cost) filter (where allocation_method = 'unallocated'), 0)",
        "provider",
    ),
    "allocated_share": _costs(
        "provider",
        "1 - coalesce(sum(allocated_cost) filter (where allocation_method = 'unallocated'), 0)::double "
        "/ sum(allocated_cost)::double",
        "provider",
    ),
    "spend_month_to_date": _costs("product", "sum(allocated_cost)", "product_id"),
    "ai_cost_of_goods_sold": Expected(
        "product",
        "select date_trunc('month', cost_date), product_id, sum(allocated_cost) from fct_allocated_costs "
        "where cost_class = 'cost_of_goods_sold' group by 1, 2",
    ),
    "tokens": _usage("sum(quantity) filter (where unit = 'tokens')"),
    "requests": _usage("coalesce(sum(quantity) filter (where token_class = 'request'), 0)"),
    "input_tokens": _usage(INPUTS),
    "cache_read_tokens": _usage(CACHED),
    "cache_hit_rate": _usage(f"{CACHED} / {INPUTS}"),
    "revenue": _product("sum(compared_revenue)"),
    "gross_profit": _product("sum(gross_profit)"),
    "other_cost_of_goods_sold": _product("sum(other_cogs)"),
    "positive_revenue": _product("case when sum(compared_revenue) > 0 then sum(compared_revenue) end"),
    "gross_margin": _product("max(gross_margin_ratio)"),
    "customer_revenue": _customer("sum(compared_revenue)"),
    "customer_gross_profit": _customer("sum(gross_profit)"),
    "customer_other_cost_of_goods_sold": _customer("sum(other_cogs)"),
    "customer_positive_revenue": _customer("case when sum(compared_revenue) > 0 then sum(compared_revenue) end"),
    "customer_gross_margin": _customer("max(gross_margin_ratio)"),
    "known_run_rate": _level("company", "run_rate_monthly", "run_rate_by_company_day"),
    "unknown_run_rates": _level("company", "(run_rate_monthly is null)::int", "run_rate_by_company_day"),
    "run_rate": _level("company", "run_rate_monthly", "run_rate_by_company_day"),
    "department_known_run_rate": _level("department", "run_rate_monthly", "run_rate_by_department_day"),
    "department_unknown_run_rates": _level(
        "department", "(run_rate_monthly is null)::int", "run_rate_by_department_day"
    ),
    "department_run_rate": _level("department", "run_rate_monthly", "run_rate_by_department_day"),
    "initiative_known_run_rate": _level("initiative", "run_rate_monthly", "run_rate_by_initiative_day"),
    "initiative_unknown_run_rates": _level(
        "initiative", "(run_rate_monthly is null)::int", "run_rate_by_initiative_day"
    ),
    "initiative_run_rate": _level("initiative", "run_rate_monthly", "run_rate_by_initiative_day"),
    "budget": _budget("sum(budget_amount)"),
    "budget_allowance": _budget("sum(allowance_amount)"),
    "budget_spent": _budget("sum(spent_amount)"),
    "positive_budget_allowance": _budget("case when sum(allowance_amount) > 0 then sum(allowance_amount) end"),
    "budget_use": _budget("sum(spent_amount)::double / nullif(sum(allowance_amount), 0)::double"),
    "initiative_allocation": _level("initiative", "allocated_amount", "budget_status_by_initiative"),
    "initiative_allocation_spent": _level("initiative", "spent_amount", "budget_status_by_initiative"),
    "positive_initiative_allocation": _level("initiative", "allocated_amount", "budget_status_by_initiative"),
    "initiative_allocation_use": _level("initiative", "burn_ratio", "budget_status_by_initiative"),
    "units_of_work": _units("max(units)"),
    "unit_spend": _units(f"max(compared_cost) {WHERE_COUNTED}"),
    "initiatives_counted": _units("count(units)"),
    "unit_cost": _units("max(cost_per_unit)"),
}


def answers_of_sql(home: Home) -> Answers:
    with duckdb.connect(str(home.published / "marts.duckdb"), read_only=True) as connection:
        return {
            metric: {(str(month)[:10], key): value for month, key, value in connection.execute(sql).fetchall()}
            for metric, (_, sql) in EXPECTED.items()
        }


@contextmanager
def opened_engine(home: Home) -> Iterator[Any]:
    """MetricFlow's engine as ``mf`` sets it up in the home's folder, once for all questions."""
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration

    folder = write_metrics_project(home)
    configuration = CLIConfiguration()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_LOG_PATH", str(home.dbt_logs))
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.chdir(folder)
        configuration.setup(dbt_profiles_path=folder, dbt_project_path=folder, configure_file_logging=False)
        yield configuration.mf
    _close_warehouse()


def ask(engine: Any, metrics: str, by: str = "") -> list[tuple[Any, ...]]:
    """Rows of the answer, dimensions first and in the order of ``by``, sorted; days as text, money as MetricFlow gives it, in
    doubles.
    """
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    question = MetricFlowQueryRequest.create(metric_names=metrics.split(), group_by_names=by.split())
    answer = engine.query(question).result_df
    places = [list(answer.column_names).index(name) for name in [*by.split(), *metrics.split()]]
    rows = [[str(cell)[:10] if isinstance(cell, date) else cell for cell in row] for row in answer.rows]
    return sorted((tuple(row[place] for place in places) for row in rows), key=repr)


def differences(engine: Any, metric: str, wanted: Answer) -> list[tuple[Any, ...]]:
    """Month, dimension, value found and value wanted wherever they are not the same; null is a value like no row."""
    by = f"metric_time__month {EXPECTED[metric].by}"
    found = {(month, key): value for month, key, value in ask(engine, metric, by)}
    return [
        (*key, found.get(key), wanted.get(key))
        for key in sorted(found.keys() | wanted.keys(), key=repr)
        if not _same(found.get(key), wanted.get(key))
    ]


def _same(found: Any, wanted: Any) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-11)  # a mart cuts a unit cost at twelve places
