"""Runs suites: DuckDB counts the rows that break each rule, Great Expectations judges the counts.

SQL is what looks at landed rows, so that memory stays bounded whatever the size of a stream: per stream one scan of the
wanted partitions gives, for each rule, the number of rows that break it, and the difference to what the loads promised.
Where no row breaks a rule there is nothing to judge. Else Great Expectations is handed the counts of the streams with
such rows together, a row per rule, and names the broken rules; a verdict that finds none is an error. Only for a broken
rule DuckDB is asked again, for a sample of at most ``SAMPLE_ROWS`` rows. Great Expectations is imported when there are
such rows, since importing takes seconds, in an ephemeral context and without analytics.
"""

import os
import sys
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from expectations.rules import Rule, Suite
from expectations.streams import SUITES

SAMPLE_ROWS = 3
LANDED = "rows_match_loads"
Stream = tuple[str, str]


@dataclass(frozen=True)
class ValidationOutcome:
    """``rows`` landed rows were judged; each failure names source, stream, rule, observed value and a sample."""

    success: bool
    failures: list[str]
    rows: int


@dataclass(frozen=True)
class _Profile:
    """The counts of one stream: by rule the rows that break it; by :data:`LANDED` the rows more than promised."""

    suite: Suite
    partitions: Collection[str] | None
    rows: int
    counts: dict[str, int]


def validate(
    connection: duckdb.DuckDBPyConnection, wanted: Mapping[Stream, Collection[str] | None]
) -> dict[Stream, ValidationOutcome]:
    """Judge the wanted partitions of each stream, None for all; ``connection`` has them registered in schema ``landing``.

    A stream without rows passes. Raises ``LookupError`` for a stream that has no suite, and DuckDB's own error if a
    stream cannot be read.
    """
    for source, stream in wanted:
        if (source, stream) not in SUITES:
            raise LookupError(f"{source}/{stream} has no suite of expectations")
    profiles = {key: _profile(connection, SUITES[key], partitions) for key, partitions in wanted.items()}
    suspects = {key: profile for key, profile in profiles.items() if any(n != 0 for n in profile.counts.values())}
    broken = _judge(suspects) if suspects else set()
    outcomes = {}
    for key, profile in profiles.items():
        failures = _failures(connection, profile, {rule for stream, rule in broken if stream == key})
        outcomes[key] = ValidationOutcome(not failures, failures, profile.rows)
    return outcomes


def _profile(connection: duckdb.DuckDBPyConnection, suite: Suite, partitions: Collection[str] | None) -> _Profile:
    names = [LANDED, *(rule.name for rule in suite.rules)]
    stream = f"source = '{suite.source}' and stream = '{suite.stream}' and {_wanted('partition', partitions)}"
    promised = f"(select coalesce(sum(rows), 0) from landing.loads where {stream})"
    counts = ", ".join(f"count(*) filter (where {_broken(rule)})" for rule in suite.rules)
    found = connection.execute(
        f"select count(*), cast(count(*) - {promised} as bigint), {counts} {_from(suite, partitions)}"
    ).fetchone()
    assert found is not None
    return _Profile(suite, partitions, found[0], dict(zip(names, found[1:], strict=True)))


def _judge(profiles: Mapping[Stream, _Profile]) -> set[tuple[Stream, str]]:
    """Stream and name of each broken rule, as Great Expectations found them."""
    import pandas

    asked = [
        (f"{key[0]}/{key[1]}", name, count)
        for key, profile in profiles.items()
        for name, count in profile.counts.items()
    ]
    frame = pandas.DataFrame(asked, columns=["stream", "rule", "broken_rows"])
    batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
    result = batch.validate(_expectations(len(asked)), result_format=_RESULT_FORMAT)
    broken: set[tuple[Stream, str]] = set()
    for judged in result.results:
        if judged.exception_info.get("raised_exception"):
            raise RuntimeError(f"the counts of broken rows could not be judged: {judged.exception_info}")
        for row in judged.result.get("unexpected_index_list") or ():
            source, _, stream = row["stream"].partition("/")
            broken.add(((source, stream), row["rule"]))
    if result.success or not broken:
        raise RuntimeError("the verdict on the counts of broken rows does not fit the counts")
    return broken


_RESULT_FORMAT = {"result_format": "COMPLETE", "unexpected_index_column_names": ["stream", "rule"]}


@cache
def _library() -> Any:
    """Great Expectations. It loads pyspark where that is, which takes a main module without a file (``python -c``, a process that
    multiprocessing began) for its own doctests and ends the process with exit code 0.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    main = sys.modules["__main__"]
    if not hasattr(main, "__file__"):
        main.__file__ = __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # pyspark's, of pandas: nothing that a reader can act on
        import great_expectations

    return great_expectations


@cache
def _batch_definition() -> Any:
    library = _library()
    context = library.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("profiles").add_dataframe_asset("rules")
    return asset.add_batch_definition_whole_dataframe("whole")


def _expectations(rules: int) -> Any:
    """Every rule of every judged stream was counted, and none is broken by a row."""
    library = _library()
    return library.ExpectationSuite(
        name="landed_rows",
        expectations=[
            library.expectations.ExpectTableRowCountToEqual(value=rules),
            library.expectations.ExpectColumnValuesToNotBeNull(column="broken_rows"),
            library.expectations.ExpectColumnValuesToBeBetween(column="broken_rows", min_value=0, max_value=0),
        ],
    )


def _from(suite: Suite, partitions: Collection[str] | None) -> str:
    return (
        f"from landing.{suite.source}__{suite.stream} r left join landing.loads l on l.source = '{suite.source}' "
        f"and l.stream = '{suite.stream}' and l.partition = r.partition where {_wanted('r.partition', partitions)}"
    )


def _wanted(column: str, partitions: Collection[str] | None) -> str:
    if partitions is None:
        return "true"
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in partitions)
    return f"{column} in ({listed})" if listed else "false"


def _broken(rule: Rule) -> str:
    return f"not coalesce(({rule.holds}), false)"


def _failures(connection: duckdb.DuckDBPyConnection, profile: _Profile, broken: Collection[str]) -> list[str]:
    failures = [_describe_difference(profile)] if LANDED in broken else []
    return failures + [_describe(connection, profile, rule) for rule in profile.suite.rules if rule.name in broken]


def _describe(connection: duckdb.DuckDBPyConnection, profile: _Profile, rule: Rule) -> str:
    suite, names = profile.suite, ("partition", *profile.suite.identified_by)
    listed = ", ".join(f"r.{name}" for name in names)
    query = f"select {listed} {_from(suite, profile.partitions)} and {_broken(rule)} order by all limit {SAMPLE_ROWS}"
    found = connection.execute(query).fetchall()
    sample = "; ".join(
        ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True) if value is not None)
        for row in found
    )
    return (
        f"{suite.source}/{suite.stream}: {rule.name}: {profile.counts[rule.name]} of {profile.rows} rows break the rule "
        f"that {rule.says}. For example: {sample}"
    )


def _describe_difference(profile: _Profile) -> str:
    suite, observed = profile.suite, profile.counts[LANDED]
    amount = f"{abs(observed)} {'more' if observed > 0 else 'fewer'}"
    return (
        f"{suite.source}/{suite.stream}: {LANDED}: {profile.rows} rows can be read, {amount} than the current loads hold. "
        "The landing area was changed by hand; read the source again."
    )
