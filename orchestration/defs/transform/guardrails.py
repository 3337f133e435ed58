"""What the guardrail policies decide on the latest data, and the receipts of what was enforced, landed for the second dbt
call. Decides only; enforces nothing.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.presentation import landed_results, landed_specs, standing_note, table_keys
from orchestration.defs.run import Run
from orchestration.enforcement.decisions import Decisions
from orchestration.enforcement.landed import live_decisions, receipt_rows
from orchestration.enforcement.receipts import Receipts
from orchestration.graduation import inputs
from orchestration.incidents import history
from orchestration.lineage import merged
from orchestration.replay import breakers
from orchestration.warehouse import connect


@dg.multi_asset(
    specs=landed_specs(
        "guardrails",
        "changes of state that breaker, caps and loops decide, runaway loops found in the gateway's log, and what was done "
        "at gateways, up to the as-of date.",
        group="guardrails",
        code=__file__,
        deps=table_keys(merged(inputs.TABLES, breakers.TABLES, history.TABLES)),
    )
)
def guardrails(run: Run) -> Iterator[dg.MaterializeResult]:
    """Every past decision is made again from what was known on its day, so that the same as-of date gives the same
    rows.
    """
    session = run.session
    if (before := run.standing()) is not None:
        yield from landed_results(session, "guardrails", standing_note(before))
        return
    with connect(session.home.warehouse) as connection:
        rows = breakers.guardrail_decisions(connection, session.company.policy, session.as_of)
        config = session.company.config
        incidents = history.find_incidents(
            connection,
            session.landing,
            config.reporting_currency,
            config.zone,
            session.as_of,
            session.company.policy.version,
            full_refresh=session.settings.full_refresh,
        )
    with session.landing.batch("guardrails", "decisions") as batch:
        batch.add_rows("current", [vars(row) for row in rows])
        batch.add_rows("live", live_decisions(Decisions(session.home.root), session.as_of, config.zone))
    with session.landing.batch("guardrails", "receipts") as batch:
        receipts = receipt_rows(Receipts(session.home.root), session.as_of, config.reporting_time_zone)
        batch.add_rows("current", receipts)
    with session.landing.batch("guardrails", "incidents") as batch:
        batch.add_rows("current", [vars(row) for row in incidents])
    yield from landed_results(session, "guardrails")
