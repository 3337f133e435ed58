"""Expectations on landed streams as blocking checks: what breaks one is named, and nothing is built from it.

Rules live in ``expectations/``; the rows of a source that this run did not read are judged again, since a rule may be
new.
"""

from collections.abc import Iterator

import dagster as dg

from expectations import SUITES, validate
from orchestration.defs.run import Run
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
    failures: list[str] = []
    with connect(session.home.warehouse) as connection:
        prepare(connection, session.landing, session.company, session.as_of, full_refresh=session.settings.full_refresh)
        for source, stream in SUITES:
            outcome = validate(connection, source, stream)
            failures += outcome.failures
            yield dg.AssetCheckResult(
                asset_key=dg.AssetKey([source, stream]),
                check_name=NAME,
                passed=outcome.success,
                metadata={"rows": outcome.rows, "failures": "\n".join(outcome.failures) or "none"},
            )
    if failures:
        raise RejectedRows("\n".join(failures))
