"""The sum of the log on real Spark replaces whole days: a day that was withdrawn is gone, a restated one is replaced, and what a
build left half-way heals.
"""

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.gateway_days import batches
from orchestration.transform.invoke import invoke
from orchestration.transform.spark_tables import whole_builds
from tests.spark import require_spark
from tests.transform.conftest import ROOT, SmallProject

SOURCES = """
version: 2
sources:
  - {name: landing, schema: landing, tables: [{name: run_parameters}, {name: gateway_batches}, {name: log}]}
"""
SUMMED = """
-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
{{ config(materialized='summed_by_batches', event_date='billing_date', schema='intermediate') }}
select cast({{ utc_time('started_at') }} as date) as billing_date, cast(sum(tokens) as bigint) as tokens
from {{ ref('log') }}
where {{ in_gateway_batch() }}
group by all
"""
FIRST = date(2026, 7, 1)
Days = Mapping[int, int]
"""Day of the log, counted from the first, to its tokens."""


class Log:
    """One file per day; ``build`` sums the days ``changed`` (None: all) on Spark, and gives what failed."""

    def __init__(self, small: SmallProject) -> None:
        self.small, self.files = small, small.home.root / "landing"
        for name in ("gateway_days.sql", "moments.sql"):
            shutil.copy(ROOT / "dbt_project" / "macros" / name, small.folder / "macros")
        small.write("_sources.yml", SOURCES)
        for model, name in (("stg_run__parameters", "run_parameters"), ("stg_run__gateway_batches", "gateway_batches")):
            small.write(f"{model}.sql", f"select * from {{{{ source('landing', '{name}') }}}}")
        small.write("log.sql", "{{ config(materialized='view') }} select * from {{ source('landing', 'log') }}")
        small.write("summed.sql", SUMMED)
        self.files.mkdir(parents=True)

    def land(self, days: Days) -> None:
        for old in self.files.iterdir():
            old.unlink()
        for day, tokens in days.items():
            at = datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC) + timedelta(days=day)
            rows = {
                "started_at": pa.array([at], pa.timestamp("us", "UTC")),
                "tokens": pa.array([tokens], pa.int64()),
                "partition": pa.array([f"p{day}"], pa.string()),
            }
            pq.write_table(pa.table(rows), self.files / f"p{day}_{tokens}.parquet")

    def build(self, changed: list[int] | None, days: Days) -> list[str]:
        wanted = list(days) if changed is None else changed
        visible = [(f"p{day}", "load", FIRST + timedelta(days=day), 1) for day in days]
        taken = batches(visible, [FIRST + timedelta(days=day) for day in wanted], 1)
        files = ", ".join(f"'{file}'" for file in sorted(self.files.iterdir()))
        with duckdb.connect(str(self.small.home.warehouse)) as connection:
            connection.execute("create schema if not exists landing")
            connection.execute(f"create or replace view landing.log as select * from read_parquet([{files}])")
            connection.execute(
                "create or replace table landing.run_parameters as select ? as rebuilds_gateway", [changed is None]
            )
            connection.execute(
                "create or replace table landing.gateway_batches (batch integer, event_dates string, partitions string)"
            )
            for row in taken:
                connection.execute("insert into landing.gateway_batches values (?, ?, ?)", row)
        results = invoke(self.small.home, ["run"], target="spark")
        return [f"{one.unique_id}: {one.message}" for one in results if one.is_failed]

    def rows(self) -> dict[int, int]:
        found = self.small.rows("select billing_date, tokens from intermediate.summed order by all")
        return {(day - FIRST).days: tokens for day, tokens in found}


@pytest.fixture
def log(small: SmallProject) -> Log:
    require_spark()
    return Log(small)


def test_whole_days_are_replaced_and_a_build_left_half_way_heals(log: Log) -> None:
    first = {0: 10, 1: 20, 2: 30}
    log.land(first)
    assert log.build(None, first) == []
    assert log.rows() == first

    second = {0: 10, 2: 33, 3: 40}
    log.land(second)
    assert log.build([1, 2, 3], second) == []
    assert log.rows() == second

    third = {0: 11, 2: 33, 3: 40}
    log.land(third)
    damaged = log.files / "p0_11.parquet"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:4] + b"\xff" * 40 + content[44:])
    assert any("model.tokenomics.summed" in failure for failure in log.build([0], third))
    assert log.rows() == second

    killed = log.small.home.spark / "tables" / "intermediate" / "summed" / "killed"
    killed.mkdir()
    (killed / "part-0.parquet").write_bytes(b"half")
    damaged.write_bytes(content)
    assert log.build([0], third) == []
    assert log.rows() == third
    assert not killed.exists()
    assert [built.table for built in whole_builds(log.small.home.spark / "tables")].count("summed") == 1

    assert log.build([0, 2, 3], {}) == []
    assert log.rows() == {}
