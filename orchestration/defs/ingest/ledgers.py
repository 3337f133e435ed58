"""The finance files of the company folder, and the ledgers of its accounting systems."""

from collections.abc import Iterator

import dagster as dg

from orchestration.connectors.ledgers.extract import extract
from orchestration.defs.guard import redacted, tried_again
from orchestration.defs.presentation import landed_results, landed_specs
from orchestration.defs.run import Run


@dg.multi_asset(
    specs=landed_specs(
        "ledgers",
        "files of the finance systems in the company's ledgers folder, and QuickBooks, Xero and NetSuite.",
        deps=[dg.AssetKey(["registry", "sources"])],
        code=__file__,
    )
)
def ledgers(run: Run) -> Iterator[dg.MaterializeResult]:
    """Each row is accepted, or rejected with its line and reason, before anything lands."""
    if run.session.settings.offline:
        yield from landed_results(run.session, "ledgers", "offline: as landed")
        return
    session = run.session
    with redacted(session), tried_again(run):
        extract(session.company, session.landing, session.as_of, session.secret)
    yield from landed_results(run.session, "ledgers")
