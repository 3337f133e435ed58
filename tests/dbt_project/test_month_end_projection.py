"""Where the open period ends: what was spent and the days to come, of a calendar whose periods are no calendar months."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from .compiled_models import build, write_run_parameters

AS_OF = date(2026, 10, 21)
"""Of a period from 27 September to 24 October: 25 days are over, three are left."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for schema in ("landing", "staging", "intermediate", "marts"):
            connection.execute(f"create schema {schema}")
        write_run_parameters(connection, AS_OF)
        connection.execute(
            "create table marts.dim_dates as select cast(day as date) as calendar_date, case when day < date '2026-09-27' "
            "then '2026-P09' when day <= date '2026-10-24' then '2026-P10' else '2026-P11' end as fiscal_period "
            "from unnest(generate_series(date '2026-08-30', date '2026-11-21', interval 1 day)) as days (day)"
        )
        connection.execute(
            "create table marts.fct_allocated_costs (cost_date date, initiative_id varchar, department_id varchar, "
            "allocated_cost decimal(38, 12))"
        )
        connection.executemany(
            "insert into marts.fct_allocated_costs values (?, ?, ?, ?)",
            [
                (date(2026, 9, 26), "one", "research", 1000),
                (date(2026, 9, 27), "one", "research", 10),
                (date(2026, 10, 21), "one", "research", 20),
                (date(2026, 10, 21), None, "research", 4),
                (date(2026, 10, 21), None, None, 1),
                (date(2026, 10, 21), "young", "sales", 7),
            ],
        )
        connection.execute(
            "create table staging.stg_statistics__forecasts (entity_type varchar, entity_id varchar, as_of_date date, "
            "forecast_date date, forecast decimal(38, 9), forecast_low decimal(38, 9), forecast_high decimal(38, 9))"
        )
        for kind, name, amount, below, above in (
            ("initiative", "one", 5, 2, 3),
            ("department", "research", 1, 1, 1),
            ("company", "company", Decimal("0.5"), Decimal("0.5"), 1),
        ):
            connection.executemany(
                "insert into staging.stg_statistics__forecasts values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (kind, name, AS_OF, AS_OF + timedelta(days=lead), amount, amount - below, amount + above)
                    for lead in range(1, 31)
                ],
            )
        connection.execute(
            "create table staging.stg_statistics__forecast_horizons (entity_type varchar, entity_id varchar, as_of_date date, "
            "horizon_days bigint, forecast decimal(38, 9), forecast_low decimal(38, 9), forecast_high decimal(38, 9), "
            "part_of_entity_type varchar, part_of_entity_id varchar)"
        )
        connection.executemany(
            "insert into staging.stg_statistics__forecast_horizons values (?, ?, ?, 30, ?, ?, ?, ?, ?)",
            [
                ("initiative", "one", AS_OF, 150, 50, 250, "department", "research"),
                ("department", "research", AS_OF, 180, 90, 270, "company", "company"),
                ("company", "company", AS_OF, 195, 191, 200, None, None),
            ],
        )
        connection.execute(
            "create table intermediate.int_costs_lacking_by_day (entity_type varchar, entity_id varchar, cost_date date)"
        )
        yield connection


def projected(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple]:
    build(connection, ["month_end_projection"])
    rows = connection.execute(
        "select entity_id, spent_amount, forecast, projected_amount, projected_low, projected_high "
        "from marts.month_end_projection"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_spent_and_the_three_days_left_make_the_projection(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The initiative: 30 spent, three days of 5, six less or nine more. The department adds 4 and three days of 1, nine less
    or twelve more. The company adds 8 more and three days of a half; its 30-day sum is within 4 below and 5 above, closer
    than its days' 10.5 and 15. The young initiative has no forecast.
    """
    assert projected(warehouse) == {
        "one": (30, 15, 45, 39, 54),
        "research": (34, 18, 52, 43, 64),
        "c": (42, Decimal("19.5"), Decimal("61.5"), Decimal("57.5"), Decimal("66.5")),
        "young": (7, None, None, None, None),
        "sales": (7, None, None, None, None),
    }
    periods = warehouse.execute(
        "select distinct fiscal_period, starts_on, ends_on, days_elapsed, days_left from marts.month_end_projection"
    ).fetchall()
    assert periods == [("2026-P10", date(2026, 9, 27), date(2026, 10, 24), 25, 3)]


def test_a_department_whose_initiatives_went_on_to_another_has_no_days_to_come(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Initiative one cost six there before it went to research; a department with cost of its own beside is not known."""
    warehouse.execute(
        "insert into marts.fct_allocated_costs values (date '2026-10-01', 'one', 'former', 6), "
        "(date '2026-10-01', 'one', 'mixed', 2), (date '2026-10-01', null, 'mixed', 3)"
    )
    found = projected(warehouse)
    assert (found["former"], found["mixed"]) == ((6, 0, 6, 6, 6), (5, None, None, None, None))
    assert found["research"] == (34, 18, 52, 43, 64)


def test_a_period_with_missing_days_has_no_upper_bound(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Two days of the initiative are missing, and one of the period before, which says nothing of this one."""
    warehouse.executemany(
        "insert into intermediate.int_costs_lacking_by_day values (?, ?, ?)",
        [
            (kind, name, day)
            for kind, name in (("initiative", "one"), ("department", "research"), ("company", "company"))
            for day in (date(2026, 9, 26), date(2026, 10, 1), date(2026, 10, 2))
        ],
    )
    warehouse.execute("insert into intermediate.int_costs_lacking_by_day values ('department', 'sales', '2026-09-26')")
    found = projected(warehouse)
    assert found["one"] == (30, 15, 45, 39, None)
    assert found["research"] == (34, 18, 52, 43, None)
    assert found["c"] == (42, Decimal("19.5"), Decimal("61.5"), Decimal("57.5"), None)
    missing = warehouse.execute("select entity_id, days_missing from marts.month_end_projection").fetchall()
    assert dict(missing) == {"one": 2, "research": 2, "c": 2, "young": 0, "sales": 0}


def test_on_its_last_day_a_period_ends_where_it_is(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update landing.run_parameters set as_of_date = date '2026-10-24'")
    assert projected(warehouse)["c"] == (42, 0, 42, 42, 42)
