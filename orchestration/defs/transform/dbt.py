"""The dbt project as assets, in two calls: everything that statistics do not feed, then what they feed.

The split is by dependency: a model tagged ``after_statistics``, or below a landed statistics stream, belongs to the
second call.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration.connectors.sources import SOURCES
from orchestration.defs.presentation import landed_keys, opens, owners
from orchestration.defs.run import Run
from orchestration.defs.transform.call import build, standing
from orchestration.defs.transform.translator import Translator
from orchestration.exchange_rates import refuse_missing_rates
from orchestration.project import Home, project_digest
from orchestration.settings import load_settings
from orchestration.transform.manifest import ensure_manifest
from orchestration.warehouse import begin_build, connect, prepare, record_built

MANIFEST = ensure_manifest(Home(load_settings().home))
LOADED = project_digest()
AFTER_STATISTICS = "tag:after_statistics source:landing.statistics__*+ source:landing.guardrails__*+"
READ_BY_DBT = ("registry", *(source.name for source in SOURCES), "ledgers", "prices")


APPROVED = [dg.AssetKey(["budget", name]) for name in ("movements", "graduations")]


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key=dg.AssetKey(["landing", name]),
            description=text,
            group_name="warehouse",
            owners=owners("warehouse"),
            metadata=opens(__file__),
            kinds={"duckdb"},
            deps=[*landed_keys(*READ_BY_DBT), *APPROVED],
        )
        for name, text in (
            ("loads", "One row per source, stream and partition with a current load, for completeness and audit."),
            (
                "run_parameters",
                "One row: the as-of date, calendar and currency of this run, and whether the gateway's log is summed whole.",
            ),
            (
                "gateway_batches",
                "The days of the gateway's log to sum again, a few at a time, and the partitions that hold them.",
            ),
        )
    ]
)
def warehouse(context: dg.AssetExecutionContext, run: Run) -> Iterator[dg.MaterializeResult]:
    """Landed streams become views of the warehouse; nothing is copied. Here it is decided whether anything is to be built."""
    session = run.session
    run.decide(context)
    with connect(session.home.warehouse) as connection:
        changed = prepare(
            connection,
            session.landing,
            session.company,
            session.as_of,
            full_refresh=session.settings.full_refresh,
            target=session.settings.target,
        )
        refuse_missing_rates(connection, session.company.config.reporting_currency, session.as_of)
        loads = connection.execute("select count(*) from landing.loads").fetchone()
        batches = connection.execute("select count(*) from landing.gateway_batches").fetchone()
    assert loads is not None
    assert batches is not None
    facts: dict[str, dict[str, Any]] = {
        "loads": {"dagster/row_count": loads[0]},
        "run_parameters": {"dagster/row_count": 1, "as_of": session.as_of.isoformat()},
        "gateway_batches": {"dagster/row_count": batches[0], "days": str(changed) or "none"},
    }
    for name, metadata in facts.items():
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["landing", name]), metadata=metadata)


@dbt_assets(manifest=MANIFEST, exclude=AFTER_STATISTICS, dagster_dbt_translator=Translator(), name="dbt_models")
def dbt_models(context: dg.AssetExecutionContext, run: Run) -> Iterator[Any]:
    """Staging, facts, allocation and margins. A build that ends well is remembered, so the next one builds only what
    is new; if nothing is, what stands is shown.
    """
    session = run.session
    if (before := run.standing()) is not None:
        yield from standing(context, session, before)
        return
    with connect(session.home.warehouse) as connection:
        changed = prepare(
            connection,
            session.landing,
            session.company,
            session.as_of,
            full_refresh=session.settings.full_refresh,
            target=session.settings.target,
        )
        begin_build(connection, changed)
    yield from build(context, session, loaded=LOADED)
    with connect(session.home.warehouse) as connection:
        record_built(connection, session.company, session.settings.target)


@dbt_assets(
    manifest=MANIFEST, select=AFTER_STATISTICS, dagster_dbt_translator=Translator(), name="dbt_models_after_statistics"
)
def dbt_models_after_statistics(context: dg.AssetExecutionContext, run: Run) -> Iterator[Any]:
    """Run-rates, graduation and budgets."""
    session = run.session
    if (before := run.standing()) is not None:
        yield from standing(context, session, before)
        return
    with connect(session.home.warehouse) as connection:
        session.landing.register(connection)
    yield from build(context, session, loaded=LOADED)
