"""The company registry, landed like any source: the folder is validated as a whole, then lands as a whole."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.presentation import landed_results, landed_specs
from orchestration.defs.run import Run
from orchestration.enforcement.landed import drill_rows
from orchestration.enforcement.receipts import Receipts
from orchestration.registry import land_registry


@dg.multi_asset(
    specs=landed_specs("registry", "what the company folder declares.", kinds={"python", "yaml"}, code=__file__)
)
def registry(run: Run) -> Iterator[dg.MaterializeResult]:
    """Read on every run, also offline, since it says what the landed rows mean; and the drills that were recorded, for a refusal
    in one of them is no cap that bound.
    """
    session = run.session
    land_registry(session.company, session.landing)
    with session.landing.batch("registry", "drills") as batch:
        zone = session.company.config.reporting_time_zone
        batch.add_rows("current", drill_rows(Receipts(session.home.root), session.as_of, zone))
    yield from landed_results(run.session, "registry")
