"""Judging landed rows: which loads a run has yet to judge, and the verdict on them. Without Dagster; the rules themselves live
in ``expectations/``.

A load is judged once per suite. A run that finds nothing to judge opens no warehouse, and one in which no row breaks a rule
imports no Great Expectations.
"""

import duckdb

from expectations import SUITES, ValidationOutcome, validate
from orchestration.landing.store import Landing
from orchestration.landing.verdicts import Judgement, record_passed, to_judge

Stream = tuple[str, str]


def unjudged(landing: Landing) -> dict[Stream, Judgement]:
    """For each stream that has a suite: the visible loads that have not passed it yet. Streams without such are left out."""
    found = {key: to_judge(landing, *key, suite.digest, as_whole=suite.compares_loads) for key, suite in SUITES.items()}
    return {key: judgement for key, judgement in found.items() if judgement.partitions}


def judge(
    connection: duckdb.DuckDBPyConnection, landing: Landing, judgements: dict[Stream, Judgement]
) -> dict[Stream, ValidationOutcome]:
    """Judge all streams together, and remember for each the loads that passed. ``connection`` has ``landing`` registered."""
    outcomes = validate(connection, {key: judgement.partitions for key, judgement in judgements.items()})
    for key, outcome in outcomes.items():
        if outcome.success:
            record_passed(landing, *key, SUITES[key].digest, judgements[key])
    return outcomes
