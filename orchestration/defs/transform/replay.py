"""The replayed history as the graph sees it: landed by ``tokenomics replay``, read by every run, made by none."""

import dagster as dg

from orchestration.defs.presentation import landed_specs


@dg.definitions
def replays() -> dg.Definitions:
    return dg.Definitions(
        assets=landed_specs(
            "replay",
            "history replayed without look-ahead by the command tokenomics replay; empty until it has run.",
            group="replay",
            code=__file__,
        )
    )
