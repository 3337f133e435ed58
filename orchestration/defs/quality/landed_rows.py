"""Expectations on landed streams as blocking checks: what breaks one is named, and nothing is built from it.

Judged are the loads that are new, or all when the suite is (``orchestration/landed_rows.py``); every stream shows its
check, also where an earlier verdict stands. ``tokenomics test`` judges everything.
"""

from collections.abc import Iterator

import dagster as dg

from expectations import SUITES, ValidationOutcome
from orchestration.defs.run import Run
from orchestration.landed_rows import Stream, judge, unjudged
from orchestration.session import Session
from orchestration.warehouse import connect, prepare

NAME = "rows_meet_expectations"


class RejectedRows(Exception):
    """Landed rows break an expectation; one line per broken rule."""


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(
            name=NAME,
            asset=dg.AssetKey([source, stream]),
            blocking=True,
            description=f"Every landed row of {source} {stream} keeps the rules of its suite in expectations/.",
        )
        for source, stream in SUITES
    ]
)
def landed_rows(run: Run) -> Iterator[dg.AssetCheckResult]:
    session = run.session
    judgements = unjudged(session.landing)
    outcomes: dict[Stream, ValidationOutcome] = {}
    if judgements:
        with connect(session.home.warehouse) as connection:
            prepare(
                connection, session.landing, session.company, session.as_of, full_refresh=session.settings.full_refresh
            )
            outcomes = judge(connection, session.landing, judgements)
    for key in SUITES:
        yield _result(session, key, len(judgements[key].partitions) if key in judgements else 0, outcomes.get(key))
    failures = [failure for outcome in outcomes.values() for failure in outcome.failures]
    if failures:
        raise RejectedRows("\n".join(failures))


def _result(session: Session, key: Stream, judged: int, outcome: ValidationOutcome | None) -> dg.AssetCheckResult:
    loads = session.landing.visible_loads(*key)
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(list(key)),
        check_name=NAME,
        passed=outcome is None or outcome.success,
        metadata={
            "rows": sum(load.rows for load in loads.values()),
            "rows_judged_now": outcome.rows if outcome else 0,
            "loads": len(loads),
            "loads_judged_now": judged,
            "failures": "\n".join(outcome.failures) if outcome and outcome.failures else "none",
        },
    )
