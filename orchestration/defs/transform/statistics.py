"""Run-rates, gates, readiness and forecasts: Python reads what dbt built and lands its tables for the second dbt
call.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.presentation import landed_results, landed_specs
from orchestration.defs.run import Run
from orchestration.statistics.evaluate import evaluate
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
    )
]


@dg.multi_asset(
    specs=landed_specs(
        "statistics", "evaluated up to the as-of date from the intermediate tables.", group="statistics", deps=INPUTS
    )
)
def statistics(run: Run) -> Iterator[dg.MaterializeResult]:
    """The same as-of date and the same inputs give the same verdicts."""
    session = run.session
    with connect(session.home.warehouse) as connection:
        evaluate(connection, session.landing, session.company, session.as_of)
    yield from landed_results(session.landing, "statistics")
