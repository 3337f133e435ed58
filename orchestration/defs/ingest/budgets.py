"""The budget movements that people approved, landed from the journal before anything is built from them."""

from collections.abc import Iterator

import dagster as dg

from orchestration.budgets.journal import Journal
from orchestration.budgets.landed import land_approved
from orchestration.defs.presentation import landed_results, landed_specs
from orchestration.defs.run import Run

KEYS = (dg.AssetKey(["budget", "movements"]), dg.AssetKey(["budget", "graduations"]))


@dg.multi_asset(
    specs=[
        spec
        for spec in landed_specs(
            "budget",
            "booked by the commands graduate and budget, from the append-only journal.",
            group="control",
            code=__file__,
        )
        if spec.key in KEYS
    ]
)
def approved_movements(run: Run) -> Iterator[dg.MaterializeResult]:
    """Landed again on every run, so that a command killed after booking is caught up with."""
    session = run.session
    land_approved(session.landing, Journal(session.home.budget, session.company.config.reporting_currency))
    yield from (one for one in landed_results(session, "budget") if one.asset_key in KEYS)
