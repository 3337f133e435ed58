"""The company registry, landed like any source: the folder is validated as a whole, then lands as a whole."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.presentation import landed_results, landed_specs
from orchestration.defs.run import Run
from orchestration.registry import land_registry


@dg.multi_asset(specs=landed_specs("registry", "what the company folder declares.", kinds={"python", "yaml"}))
def registry(run: Run) -> Iterator[dg.MaterializeResult]:
    """Read on every run, also offline, since it says what the landed rows mean."""
    land_registry(run.session.company, run.session.landing)
    yield from landed_results(run.session.landing, "registry")
