"""The forecasts that are landed add up in the mart, and the data test that says so finds a whole that is not its parts."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import yaml

from orchestration.landing.streams import stream_schema
from orchestration.run_rate.forecast import CostSeries, forecast_rows
from orchestration.statistics.forecast_selection import BASELINE, COMBINATION, INSTEAD

from .compiled_models import PROJECT, build, write_run_parameters

AS_OF = date(2026, 10, 31)
DATA_TEST = PROJECT / "tests" / "integrity" / "forecasts_add_up.sql"


@pytest.fixture
def mart(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    level = np.random.default_rng(4).lognormal(2, 0.3, 120)
    series = [
        CostSeries("initiative", "one", level, ("department", "research")),
        CostSeries("initiative", "two", 3 * level[:60], ("department", "research")),
        CostSeries("initiative", "alone", level),
        CostSeries("department", "research", level[:90]),
    ]
    _, rows = forecast_rows(series, AS_OF)
    columns = [field for field in stream_schema("statistics", "forecast_horizons") if field.name != "partition"]
    landed = pa.Table.from_pylist([{**row, "load_id": "l"} for row in rows], schema=pa.schema(columns))
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema landing")
        write_run_parameters(connection, AS_OF)
        connection.register("landed", landed)
        connection.execute("create table landing.statistics__forecast_horizons as select * from landed")
        build(connection, ["forecast_by_horizon"])
        yield connection


def broken(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"marts.\1", DATA_TEST.read_text())
    return connection.execute(re.sub(r"\{[#{].*?[#}]\}", "", sql, flags=re.DOTALL)).fetchall()


def test_the_mart_adds_up_and_names_the_company_by_its_id(mart: duckdb.DuckDBPyConnection) -> None:
    assert broken(mart) == []
    parts = mart.execute(
        "select entity_type, entity_id, part_of_entity_type, part_of_entity_id from marts.forecast_by_horizon "
        "where horizon_days = 30 order by all"
    ).fetchall()
    assert parts == [
        ("company", "c", None, None),
        ("department", "research", "company", "c"),
        ("initiative", "alone", "company", "c"),
        ("initiative", "one", "department", "research"),
        ("initiative", "two", "department", "research"),
    ]


@pytest.mark.parametrize(
    ("fault", "wholes"),
    [
        (
            "update marts.forecast_by_horizon set forecast = forecast + 0.000000001 where entity_id = 'one'",
            {"one", "research"},
        ),
        ("update marts.forecast_by_horizon set own_forecast = null where entity_id = 'research'", {"research"}),
        ("delete from marts.forecast_by_horizon where entity_type = 'department'", {"c", "research"}),
    ],
)
def test_a_whole_that_is_not_its_parts_is_found(mart: duckdb.DuckDBPyConnection, fault: str, wholes: set[str]) -> None:
    mart.execute(fault)
    assert {row[1] for row in broken(mart)} == wholes


def test_every_method_that_may_be_shown_is_one_of_the_marts_values() -> None:
    models = yaml.safe_load((PROJECT / "models" / "marts" / "run_rate" / "_forecast__models.yml").read_text())["models"]
    (by_day,) = (one for one in models if one["name"] == "forecast_by_initiative_day")
    (grain,) = (one["one_row_per"] for one in by_day["data_tests"] if "one_row_per" in one)
    assert set(grain["arguments"]["accepted_values"]["method"]) == {BASELINE, COMBINATION, *INSTEAD}
