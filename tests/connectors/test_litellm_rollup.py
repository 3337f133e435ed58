"""The gateway's log summed where it is: the statement gives the sums of the model that reads the log here, in every engine
that is at hand; what is no log, or no whole result, is refused.
"""

import os
import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from orchestration.connectors.providers.litellm.rollup.day_sums import refuse_other_version
from orchestration.connectors.providers.litellm.rollup.engines import open_engine
from orchestration.connectors.providers.litellm.rollup.log_columns import refuse_wrong_columns
from orchestration.connectors.providers.litellm.rollup.read import refuse_unfit
from orchestration.connectors.providers.litellm.rollup.statement import ENGINES, statement, table_name
from orchestration.context_bounds import context_bounds
from orchestration.landing.errors import PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing
from tests.connectors.rollup_log import (
    DAYS,
    FIRST,
    Rows,
    all_days,
    as_table,
    drawn_log,
    judged,
    land_sums,
    query_source,
    sums_of,
    write_parquet,
)
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price
from tests.spark import session

SUMMED = "intermediate.int_gateway_usage_summed_by_hour"
SEEN = {"first_event_at": "2026-07-10T00:00:00.000000Z", "last_event_at": "2026-07-12T23:59:59.000000Z"}
SEEDS = range(int(os.environ.get("SEEDS", "4")))
NO_SPARK = None if shutil.which("java") else "Java is absent"
try:
    import pyspark  # noqa: F401
except ImportError:
    NO_SPARK = "pyspark is not installed"


def warehouse(folder: Path, landing: Landing, look: Callable[[duckdb.DuckDBPyConnection], Any]) -> Any:
    tiers = [0, context_bounds()[2], context_bounds()[5]]
    with landing.batch("prices", "price_book") as batch:
        batch.add_rows("one", [price(of, "3", context_tier_start=tier) for of in ("openai", "aws") for tier in tiers])
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, ["int_gateway_usage_summed_by_hour"])
        return look(connection)


def summed(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """All rows and columns; as text, since no number equals another NaN."""
    return sorted(map(str, connection.execute(f"from {SUMMED}").fetchall()))


def summed_here(rows: Rows, folder: Path) -> list[tuple[Any, ...]]:
    folder.mkdir()
    landing = Landing(folder / "landing")
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows("one", rows, **SEEN)
    return warehouse(folder, landing, summed)


def summed_there(rows: Rows, folder: Path) -> list[tuple[Any, ...]]:
    folder.mkdir()
    landing = Landing(folder / "landing")
    land_sums(landing, sums_of(rows, folder), folder / "scratch")
    return warehouse(folder, landing, summed)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_statement_gives_the_rows_of_the_model(tmp_path: Path, seed: int) -> None:
    rows = drawn_log(seed)
    here = summed_here(rows, tmp_path / "here")
    assert len(here) > 100
    assert summed_there(rows, tmp_path / "there") == here


@pytest.mark.skipif(NO_SPARK is not None, reason=str(NO_SPARK))
def test_spark_gives_the_rows_of_duckdb(tmp_path: Path) -> None:
    rows = [{**row, "gateway_spend": row["gateway_spend"] or None} for row in drawn_log(11, 400)]
    theirs = sums_of(rows, tmp_path, engine="spark")
    ours = sums_of(rows, tmp_path)
    assert [str(one.table.to_pylist()) for one in theirs] == [str(one.table.to_pylist()) for one in ours]
    assert [one.rejected for one in theirs] == [one.rejected for one in ours]


def test_a_folder_without_a_finished_file_is_refused(tmp_path: Path) -> None:
    write_parquet(drawn_log(11, 20), tmp_path / "log" / "_temporary" / "a.parquet")
    with (
        pytest.raises(PermanentFailure, match="no Parquet file is read from log: correct path"),
        open_engine(query_source(rollup="duckdb", path="log"), tmp_path, None, tmp_path),
    ):
        pass


@pytest.mark.skipif(NO_SPARK is not None, reason=str(NO_SPARK))
def test_spark_reads_the_folders_below_a_folder_that_duckdb_reads(tmp_path: Path) -> None:
    rows = drawn_log(11, 20)
    hidden = ("log/_b.parquet", "log/.c.parquet", "log/_temporary/0/d.parquet")
    for place in ("log/a.parquet", "log/2026/07/b.parquet", "log/day.parquet/part-0.parquet", *hidden):
        write_parquet(rows, tmp_path / place)
    counted = {}
    for engine in ("duckdb", "spark"):
        with open_engine(query_source(rollup=engine, path="log"), tmp_path, None, tmp_path) as opened:
            counted[engine] = opened.run(f"select count(*) as n from {opened.table}").column(0)[0].as_py()
    assert counted == {"duckdb": 3 * len(rows), "spark": 3 * len(rows)}


@pytest.mark.skipif(NO_SPARK is not None, reason=str(NO_SPARK))
def test_a_session_that_the_sum_opened_ends_with_it_and_one_that_was_there_stays(tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    if (there := SparkSession.getActiveSession()) is not None:
        there.stop()
    sums_of(drawn_log(11, 20), tmp_path, engine="spark")
    assert SparkSession.getActiveSession() is None
    there = session(tmp_path / "spark")
    sums_of(drawn_log(11, 20), tmp_path, engine="spark")
    assert there.sql("select 1 as a").collect()[0].a == 1
    there.stop()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_statement_is_sql_of_every_engine(engine: str) -> None:
    text = statement(engine, "lake.gateway.spend_logs", all_days())
    tree = sqlglot.parse_one(text, dialect=engine)
    assert not list(tree.find_all(sqlglot.exp.Command))
    tables = {table.sql() for table in tree.find_all(sqlglot.exp.Table) if table.db}
    assert len(tables) == 1
    assert "spend_logs" in tables.pop()
    only_duckdb = r"//|\bhash\(|exclude|group by all|try_cast|regexp|at time zone|\bpartition\b(?! by)|unnest|\bepoch"
    assert not re.search(only_duckdb, text, re.I)
    if engine in ("snowflake", "bigquery"):
        assert "FILTER(" not in text.upper().replace(" ", "")


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "duckdb"])
def test_what_was_put_into_another_dialect_means_the_same_put_back(tmp_path: Path, engine: str) -> None:
    """sqlglot's own reading of the other dialect, run here: it shows what it wrote, not what that engine makes of it.
    BigQuery's numbers are of 38 digits, 9 of them decimals, without saying so.
    """
    write_parquet(drawn_log(5), tmp_path / "log.parquet")
    theirs = statement(engine, "log_files", all_days()).replace("AS NUMERIC)", "AS NUMERIC(38, 9))")
    text = sqlglot.transpile(theirs, read=engine, write="duckdb")[0]
    with open_engine(query_source(path="log.parquet"), tmp_path, None, tmp_path) as opened:
        wanted, found = (judged(opened.run(one)) for one in (statement("duckdb", "log_files", all_days()), text))
    assert [str(one.table.to_pylist()) for one in found] == [str(one.table.to_pylist()) for one in wanted]


def test_every_row_is_counted_or_refused_and_a_day_without_rows_is_a_day(tmp_path: Path) -> None:
    """One row in twenty may be bad; its reason, number and worth are told."""
    rows = [{**row, "started_at": row["started_at"].replace(day=FIRST.day)} for row in drawn_log(3, 40)]
    rows[0] |= {"request_id": None, "gateway_spend": 0.5}
    rows[1] |= {"completion_tokens": -1, "gateway_spend": None}
    first, *others = sums_of(rows, tmp_path)
    assert [one.table.num_rows for one in others] == [0] * (DAYS - 1)
    assert sum(row["log_rows"] for row in first.table.to_pylist()) == 38
    assert [(row["reason"], row["amount"]) for row in first.rejected] == [
        ("a count is negative (1 rows of the log)", None),
        ("request_id is empty (1 rows of the log)", 0.5),
    ]
    distinct = {row["request_id"] for row in rows[2:]}
    assert sum(row["distinct_requests"] for row in first.table.to_pylist()) == len(distinct)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"request_id": None},
            "2 of 5 rows of 2026-07-10 cannot be counted: request_id is empty (2). Correct the view",
        ),
        ({"prompt_tokens": -5}, "a count is negative (2)"),
        ({"status": "done"}, "status is neither success nor failure (2)"),
        ({"prompt_tokens": None}, "prompt_tokens is empty (2)"),
        ({"cache_read_tokens": 10**6}, "cache reads and writes exceed prompt_tokens (2)"),
        ({"audio_output_tokens": 10**6}, "audio, image and video tokens exceed the tokens of the call (2)"),
    ],
)
def test_a_day_with_many_bad_rows_is_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    rows = [{**row, "started_at": row["started_at"].replace(day=FIRST.day)} for row in drawn_log(3, 5)]
    with pytest.raises(SchemaDrift) as refused:
        sums_of([{**row, **change} if number < 2 else row for number, row in enumerate(rows)], tmp_path)
    assert says in str(refused.value)


def test_a_table_that_lacks_a_column_or_has_another_type_is_refused_with_the_remedy(tmp_path: Path) -> None:
    table = as_table(drawn_log(1, 5)).drop_columns(["call_id", "status"])
    table = table.set_column(table.column_names.index("prompt_tokens"), "prompt_tokens", pa.array(["1"] * 5))
    pq.write_table(table, tmp_path / "log.parquet")
    with (
        open_engine(query_source(path="log.parquet"), tmp_path, None, tmp_path) as opened,
        pytest.raises(SchemaDrift) as no,
    ):
        refuse_unfit(opened)
    assert str(no.value) == (
        "litellm: log_files: column call_id is missing: add it, or cast(null as varchar) as call_id where it is unknown; "
        "column status is missing: add it; column prompt_tokens is varchar and must be a whole number: "
        "cast(prompt_tokens as bigint). Correct the view (dbt_project/ENGINES.md has one)."
    )


def test_types_of_spark_are_known_by_their_names() -> None:
    kinds = {"started_at": "timestamp_ntz", "has_token_evidence": "boolean", "is_served": "boolean"}
    kinds |= {"gateway_spend": "decimal(20,10)", "prompt_tokens": "int", "completion_tokens": "bigint"}
    found = {name: "bigint" if name.endswith(("_tokens", "_requests")) else "string" for name, _ in _log_columns()}
    refuse_wrong_columns("t", found | kinds)
    with pytest.raises(SchemaDrift, match="started_at is date and must be a time"):
        refuse_wrong_columns("t", found | kinds | {"started_at": "date"})


def _log_columns() -> list[tuple[str, Any]]:
    from tests.connectors.rollup_log import COLUMNS

    return COLUMNS


def test_rows_of_no_day_are_refused(tmp_path: Path) -> None:
    rows = drawn_log(1, 5)
    rows[3]["started_at"] = None
    write_parquet(rows, tmp_path / "log.parquet")
    with (
        open_engine(query_source(path="log.parquet"), tmp_path, None, tmp_path) as opened,
        pytest.raises(SchemaDrift, match="started_at is empty on 1 rows, which belong to no day"),
    ):
        refuse_unfit(opened)


def test_a_result_that_is_cut_short_doubled_or_of_another_version_is_refused(tmp_path: Path) -> None:
    write_parquet(drawn_log(2), tmp_path / "log.parquet")
    with open_engine(query_source(path="log.parquet"), tmp_path, None, tmp_path) as opened:
        answer = opened.run(statement("duckdb", opened.table, all_days()))
    with pytest.raises(SchemaDrift, match="part of the result is missing or there twice"):
        judged(answer.slice(1))
    with pytest.raises(SchemaDrift, match="missing or there twice"):
        judged(pa.concat_tables([answer, answer]))
    with pytest.raises(SchemaDrift, match="column summed_at is missing"):
        judged(answer.drop_columns(["summed_at"]))
    other = answer.set_column(answer.column_names.index("rules"), "rules", pa.array(["old"] * answer.num_rows))
    with pytest.raises(SchemaDrift, match="made by another version of the statement"):
        refuse_other_version(judged(other)[0])


def test_columns_in_capitals_and_decimals_for_whole_numbers_are_the_same_result(tmp_path: Path) -> None:
    """As Snowflake writes them."""
    write_parquet(drawn_log(2), tmp_path / "log.parquet")
    with open_engine(query_source(path="log.parquet"), tmp_path, None, tmp_path) as opened:
        answer = opened.run(statement("duckdb", opened.table, all_days()))
    wide = [field.with_type(pa.decimal128(38, 0)) if field.type == pa.int64() else field for field in answer.schema]
    shouted = answer.cast(pa.schema(wide)).rename_columns([name.upper() for name in answer.column_names])
    assert [one.load_id for one in judged(shouted)] == [one.load_id for one in judged(answer)]


@pytest.mark.parametrize(
    "name", ["a b", "t; drop table x", "(select 1)", "t join u", "", "t where true", "read_csv('x')"]
)
def test_what_names_no_table_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a table"):
        table_name("duckdb", name)


def test_a_database_that_is_not_there_and_one_without_the_table_are_told(tmp_path: Path) -> None:
    with (
        pytest.raises(PermanentFailure, match=r"the database log\.duckdb is not there"),
        open_engine(query_source(path="log.duckdb", table="t"), tmp_path, None, tmp_path),
    ):
        pass
    duckdb.connect(str(tmp_path / "log.duckdb")).close()
    with (
        open_engine(query_source(path="log.duckdb", table="t"), tmp_path, None, tmp_path) as opened,
        pytest.raises(PermanentFailure, match="duckdb has no table or view t; correct table"),
    ):
        refuse_unfit(opened)
    with (
        pytest.raises(PermanentFailure, match="no Parquet file is read"),
        open_engine(query_source(path="none/*.parquet"), tmp_path, None, tmp_path),
    ):
        pass


def test_the_days_of_a_statement_are_those_asked_for(tmp_path: Path) -> None:
    asked = [FIRST + timedelta(days=1)]
    (only,) = sums_of(drawn_log(4), tmp_path, asked)
    assert only.day == asked[0]
    assert only.table.num_rows
    assert only.facts["days"] == {asked[0].isoformat(): only.table.num_rows}
