"""The providers and gateways: one multi-asset per source, all of its streams read and landed together.

A source that is off, or a run that is offline, leaves what is landed as it is and says so. A failed read replaces
nothing. Which sources there are: ``connectors/sources.py``.
"""

from collections.abc import Iterator
from inspect import getfile

import dagster as dg

from orchestration.connectors.source import Source
from orchestration.connectors.sources import SOURCES
from orchestration.defs.guard import redacted, tried_again
from orchestration.defs.presentation import DAILY, landed_results, landed_specs
from orchestration.defs.run import Run

REGISTRY = [dg.AssetKey(["registry", "sources"])]


def _assets(source: Source) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=source.name,
        description=source.reading,
        specs=landed_specs(source.name, source.about, deps=REGISTRY, freshness=DAILY, code=getfile(source.extract)),
    )
    def read(run: Run) -> Iterator[dg.MaterializeResult]:
        yield from _read(run, source)

    return read


@dg.definitions
def providers() -> dg.Definitions:
    return dg.Definitions(assets=[_assets(source) for source in SOURCES])


def _read(run: Run, source: Source) -> Iterator[dg.MaterializeResult]:
    session = run.session
    if session.is_read(source.name):
        with redacted(session), tried_again(run):
            source.extract(
                session.company,
                session.landing,
                session.as_of,
                session.secret(source.name),
                full_refresh=session.settings.full_refresh,
            )
        yield from landed_results(session, source.name)
    else:
        why = "offline: as landed" if session.settings.offline else "this source is not enabled in sources.yaml"
        yield from landed_results(session, source.name, why)
