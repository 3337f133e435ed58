"""Run-rates, gates, readiness, variance, elasticity and forecasts: Python reads what dbt built and lands its tables for the
second dbt call.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.presentation import landed_results, landed_specs
from orchestration.defs.run import Run
from orchestration.graduation.evaluate import evaluate
from orchestration.run_rate.decoupling import evaluate_decoupling
from orchestration.run_rate.forecast import evaluate_forecasts
from orchestration.run_rate.variance import evaluate_variance
from orchestration.warehouse import connect

INPUTS = [
    dg.AssetKey(["intermediate", name])
    for name in (
        "int_cost_object_daily_costs",
        "int_initiative_model_daily_costs",
        "int_initiative_tier_daily_costs",
        "int_guarded_entity_days",
        "int_product_daily_economics",
        "int_initiative_daily_units",
        "int_ledger_entries_classified",
        "int_revenue_recognised_by_day",
        "int_usage_attributed",
        "int_core_allowances_by_month",
        "int_core_initiatives_verified",
    )
]
EVALUATIONS = (evaluate, evaluate_variance, evaluate_decoupling, evaluate_forecasts)


@dg.multi_asset(
    specs=landed_specs(
        "statistics", "evaluated up to the as-of date from the intermediate tables.", group="statistics", deps=INPUTS
    )
)
def statistics(run: Run) -> Iterator[dg.MaterializeResult]:
    """The same as-of date and the same inputs give the same verdicts."""
    session = run.session
    with connect(session.home.warehouse) as connection:
        for evaluation in EVALUATIONS:
            evaluation(connection, session.landing, session.company, session.as_of)
    yield from landed_results(session.landing, "statistics")
