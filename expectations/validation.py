"""Runs a suite: DuckDB reads the landed rows, Great Expectations judges a profile of them.

Memory stays bounded whatever the size of the stream. DuckDB computes one row (the profile): the number of landed rows,
the difference to what the loads promised, and for each rule the number of rows that break it. Great Expectations
validates that one row, one expectation per column. Only for a broken rule DuckDB is asked again, for a sample of at
most ``SAMPLE_ROWS`` rows. Great Expectations is imported on first use, once (it takes seconds), in an ephemeral context
and without analytics.
"""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from expectations.rules import Rule, Suite
from expectations.streams import SUITES

SAMPLE_ROWS = 3
ROWS, LANDED = "landed_row_count", "rows_match_loads"


@dataclass(frozen=True)
class ValidationOutcome:
    """``rows`` landed rows were judged; each failure names source, stream, rule, observed value and a sample."""

    success: bool
    failures: list[str]
    rows: int


def validate(connection: duckdb.DuckDBPyConnection, source: str, stream: str) -> ValidationOutcome:
    """Judge the current loads of a stream; ``connection`` has them registered in schema ``landing``.

    A stream without loads passes with no rows. Raises ``LookupError`` for a stream that has no suite, and DuckDB's own
    error if the stream cannot be read.
    """
    if (source, stream) not in SUITES:
        raise LookupError(f"{source}/{stream} has no suite of expectations")
    suite = SUITES[source, stream]
    profile = connection.execute(_profile_query(suite)).fetch_df()
    observed = _judge(suite, profile)
    rows = int(profile[ROWS].iloc[0])
    failures = [_describe_difference(suite, rows, observed[LANDED])] if LANDED in observed else []
    failures += [
        _describe(connection, suite, rule, rows, observed[rule.name]) for rule in suite.rules if rule.name in observed
    ]
    return ValidationOutcome(not observed, failures, rows)


def _judge(suite: Suite, profile: Any) -> dict[str, int]:
    """The broken columns of the profile with their observed value, as Great Expectations found them."""
    result = _batch_definition().get_batch(batch_parameters={"dataframe": profile}).validate(_expectation_suite(suite))
    broken = {}
    for judged in result.results:
        column = judged.expectation_config.kwargs["column"]
        if judged.exception_info.get("raised_exception"):
            raise RuntimeError(
                f"{suite.source}/{suite.stream}: rule {column} could not be judged: {judged.exception_info}"
            )
        if not judged.success:
            broken[column] = int(profile[column].iloc[0])
    if bool(result.success) == bool(broken):
        raise RuntimeError(f"{suite.source}/{suite.stream}: the verdict does not fit its parts")
    return broken


@cache
def _library() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    return great_expectations


@cache
def _batch_definition() -> Any:
    library = _library()
    context = library.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("profiles").add_dataframe_asset("profile")
    return asset.add_batch_definition_whole_dataframe("whole")


@cache
def _expectation_suite(suite: Suite) -> Any:
    library = _library()
    nothing = library.expectations.ExpectColumnValuesToBeBetween
    says = {LANDED: "all rows of the current loads can be read", **{rule.name: rule.says for rule in suite.rules}}
    return library.ExpectationSuite(
        name=f"{suite.source}__{suite.stream}",
        expectations=[
            library.expectations.ExpectTableRowCountToEqual(value=1)
            if name == ROWS
            else nothing(column=name, min_value=0, max_value=0, meta={"says": text})
            for name, text in says.items()
        ],
    )


def _from(suite: Suite) -> str:
    return (
        f"from landing.{suite.source}__{suite.stream} r left join landing.loads l on l.source = '{suite.source}' "
        f"and l.stream = '{suite.stream}' and l.partition = r.partition"
    )


def _profile_query(suite: Suite) -> str:
    stream = f"source = '{suite.source}' and stream = '{suite.stream}'"
    promised = f"(select coalesce(sum(rows), 0) from landing.loads where {stream})"
    counts = [f'count(*) filter (where {_broken(rule)}) as "{rule.name}"' for rule in suite.rules]
    columns = [f"count(*) as {ROWS}", f"cast(count(*) - {promised} as bigint) as {LANDED}", *counts]
    return f"select {', '.join(columns)} {_from(suite)}"


def _broken(rule: Rule) -> str:
    return f"not coalesce(({rule.holds}), false)"


def _describe(connection: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule, rows: int, observed: int) -> str:
    names = ("partition", *suite.identified_by)
    listed = ", ".join(f"r.{name}" for name in names)
    query = f"select {listed} {_from(suite)} where {_broken(rule)} order by all limit {SAMPLE_ROWS}"
    found = connection.execute(query).fetchall()
    sample = "; ".join(
        ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True) if value is not None)
        for row in found
    )
    return (
        f"{suite.source}/{suite.stream}: {rule.name}: {observed} of {rows} rows break the rule that {rule.says}. "
        f"For example: {sample}"
    )


def _describe_difference(suite: Suite, rows: int, observed: int) -> str:
    amount = f"{abs(observed)} {'more' if observed > 0 else 'fewer'}"
    return (
        f"{suite.source}/{suite.stream}: {LANDED}: {rows} rows can be read, {amount} than the current loads hold. "
        "The landing area was changed by hand; read the source again."
    )
