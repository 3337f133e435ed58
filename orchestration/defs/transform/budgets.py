"""The budget movements that follow from the registry and the budgets ledger: fund, grant, expire."""

from collections.abc import Iterator

import dagster as dg

from orchestration.budgets import facts
from orchestration.budgets.booking import book_scheduled
from orchestration.budgets.journal import Journal
from orchestration.defs.presentation import landed_results, landed_specs, standing_note, table_keys
from orchestration.defs.run import Run
from orchestration.session import Session
from orchestration.warehouse import connect

KEY = dg.AssetKey(["budget", "scheduled_movements"])
FACTS = [*table_keys(facts.TABLES), dg.AssetKey(["budget", "movements"])]


@dg.multi_asset(
    specs=[
        spec
        for spec in landed_specs(
            "budget",
            "booked by the run from the registry, the budgets ledger and the costs of closed allocations.",
            group="control",
            deps=FACTS,
            code=__file__,
        )
        if spec.key == KEY
    ]
)
def scheduled_movements(context: dg.AssetExecutionContext, run: Run) -> Iterator[dg.MaterializeResult]:
    """Books what is due and not booked yet; what was booked stays as it is."""
    session = run.session
    if (before := run.standing()) is not None:
        yield from _results(session, standing_note(before))
        return
    with connect(session.home.warehouse) as connection:
        session.landing.register(connection)
        booked = book_scheduled(
            connection,
            session.landing,
            Journal(session.home.budget, session.company.config.reporting_currency),
            session.company,
            session.as_of,
        )
    for alert in booked.alerts:
        context.log.warning(alert)
    note = "\n".join([f"{len(booked.movements)} movements booked", *booked.alerts])
    yield from _results(session, note)


def _results(session: Session, note: str) -> Iterator[dg.MaterializeResult]:
    yield from (one for one in landed_results(session, "budget", note) if one.asset_key == KEY)
