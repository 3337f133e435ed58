"""Run-rates, gates, readiness, variance, elasticity and forecasts: Python reads what dbt built and lands its tables for the
second dbt call.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.presentation import landed_results, landed_specs, standing_note, table_keys
from orchestration.defs.run import Run
from orchestration.graduation import inputs
from orchestration.graduation.evaluate import evaluate
from orchestration.lineage import merged
from orchestration.run_rate import decoupling, forecast, variance
from orchestration.warehouse import connect

INPUTS = table_keys(merged(inputs.TABLES, forecast.TABLES, variance.TABLES, decoupling.TABLES))
EVALUATIONS = (
    evaluate,
    variance.evaluate_variance,
    decoupling.evaluate_decoupling,
    forecast.evaluate_forecasts,
)


@dg.multi_asset(
    specs=landed_specs(
        "statistics",
        "evaluated up to the as-of date from the intermediate tables.",
        group="statistics",
        deps=INPUTS,
        code=__file__,
    )
)
def statistics(run: Run) -> Iterator[dg.MaterializeResult]:
    """The same as-of date and the same inputs give the same verdicts."""
    session = run.session
    if (before := run.standing()) is not None:
        yield from landed_results(session, "statistics", standing_note(before))
        return
    with connect(session.home.warehouse) as connection:
        for evaluation in EVALUATIONS:
            evaluation(connection, session.landing, session.company, session.as_of)
    yield from landed_results(session, "statistics")
