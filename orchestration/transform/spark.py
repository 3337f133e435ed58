"""A dbt call on Spark: everything that it reads handed over before it, everything that it built shown in DuckDB after it.

One session serves all calls of a process; its catalog is in memory, and what an earlier process built is registered again.

Failure mode: :class:`~orchestration.transform.spark_session.SparkUnavailable`, before anything is built.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration import utc_duckdb
from orchestration.project import Home
from orchestration.settings import spark_settings
from orchestration.transform.manifest import load_manifest, target_path
from orchestration.transform.runner import as_a_child, run_dbt
from orchestration.transform.spark_session import dbt_on, open_spark, refuse_other_settings
from orchestration.transform.spark_tables import contract_types, hand_over, register_in_spark, show_in_duckdb

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WHOLE_RUN = "fqn:*"
"""How dbt is asked for everything; then nothing that an earlier process built is read."""
KEPT_BETWEEN_RUNS = ("intermediate.int_gateway_usage_summed_by_hour", "intermediate.int_gateway_key_aliases_by_day")
VIEWS = "config.materialized:view"
SCHEMAS = ("landing", "staging", "intermediate", "marts")


@contextmanager
def on_spark(home: Home, arguments: Sequence[str]) -> Iterator[None]:
    """Within the block dbt's target ``spark`` finds the home's landed streams and tables; after it DuckDB finds what was built,
    also after a call that failed.
    """
    spark = open_spark(spark_settings(), home.spark)
    refuse_other_settings(spark)
    tables = home.spark / "tables"
    with _warehouse(home) as connection:
        hand_over(connection, spark, home.spark, _streams_of(spark, home))
    only = KEPT_BETWEEN_RUNS if WHOLE_RUN in arguments else None
    register_in_spark(spark, tables, only)
    with dbt_on(spark):
        if only is None and tables.exists() and not spark.catalog.tableExists("staging.stg_run__parameters"):
            _make_views(home)
        try:
            yield
        finally:
            types = contract_types(list(load_manifest(home).nodes.values()))
            with _warehouse(home) as connection:
                show_in_duckdb(connection, tables, types)


def _make_views(home: Home) -> None:
    """A catalog in memory forgets views; dbt writes them down again."""
    quiet = ("--quiet", "--no-print", "--log-level", "none", "--log-level-file", "none", "--no-write-json")
    command = [*quiet, "run", "--select", VIEWS, "--target", "spark", "--threads", "1"]
    with as_a_child(home, target_path(home, "spark")):
        run_dbt(home, command, load_manifest(home, "spark"))


@dataclass
class _Catalog:
    """What the session of this process has: the streams of one home, each as DuckDB's view of it reads."""

    root: Path | None = None
    streams: dict[str, str] = field(default_factory=dict)


_CATALOG = _Catalog()


def _streams_of(spark: "SparkSession", home: Home) -> dict[str, str]:
    """The streams of ``home`` that Spark has; of another home nothing stays in the catalog (its files do)."""
    if _CATALOG.root != home.root:
        for schema in SCHEMAS if _CATALOG.root is not None else ():
            spark.sql(f"drop database if exists {schema} cascade")
        _CATALOG.root, _CATALOG.streams = home.root, {}
    return _CATALOG.streams


@contextmanager
def _warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with utc_duckdb.connect(home.warehouse) as connection:
        yield connection
