"""The price book: list prices by date of every model that the landed usage names."""

from collections.abc import Iterator

import dagster as dg

from orchestration.connectors.sources import SOURCES
from orchestration.defs.presentation import landed_keys, landed_results, landed_specs
from orchestration.defs.run import Run
from orchestration.prices.book import build_price_book

USAGE = landed_keys(*(source.name for source in SOURCES if source.names_models))


@dg.multi_asset(
    specs=landed_specs(
        "prices",
        "list prices by date, variant, token class and context tier, for the models that usage names.",
        group="prices",
        code=__file__,
        deps=[*USAGE, dg.AssetKey(["registry", "model_tiers"])],
    )
)
def price_book(run: Run) -> Iterator[dg.MaterializeResult]:
    """Nothing is fetched: the list is the one of the pinned package."""
    session = run.session
    build_price_book(session.landing, session.company)
    yield from landed_results(session, "prices")
