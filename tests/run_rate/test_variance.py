"""The panel behind the decomposition, read from a small warehouse whose truth is worked out by hand."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from orchestration.run_rate.variance import read_periods, variance_rows

CENT = Decimal("0.01")
AS_OF = date(2026, 9, 30)
TABLES = """
create schema marts; create schema intermediate;
create table marts.fct_allocated_costs (initiative_id text, cost_date date, provider text, model_id text, budget_class text,
    allocated_cost decimal(38,12));
create table intermediate.int_usage_attributed (initiative_id text, usage_date date, provider text, model_id text, unit text,
    quantity decimal(38,9), list_cost decimal(38,12));
create table intermediate.int_billed_costs_unioned (provider text, cost_date date, model_id text, charge_category text,
    effective_cost decimal(38,9));
create table intermediate.int_initiative_daily_units (initiative_id text, metric_date date, units decimal(38,9),
    unit_of_work text);
create table intermediate.int_initiative_units_covered (initiative_id text, covered_to date);
create table intermediate.int_core_allowances_by_month (initiative_id text, department_id text, fiscal_period text,
    allowance_amount decimal(38,12));
create table intermediate.int_core_initiatives_verified (initiative_id text, verified_by text);
create table intermediate.int_cost_object_daily_costs (entity_type text, entity_id text, cost_date date,
    allocated_cost decimal(38,12), is_complete boolean, is_missing boolean);
"""
# August: 100 tokens for 8 and 2 searches for 2, ten units. September: 200 tokens for 16, 4 searches for 4, less a credit of 2.
ROWS = """
insert into marts.fct_allocated_costs values
    ('one', '2026-08-01', 'p', 'm', 'core', 10), ('one', '2026-09-01', 'p', 'm', 'core', 18),
    ('one', '2026-09-02', 'p', null, 'core', 3), (null, '2026-08-01', 'p', 'm', null, 5);
insert into intermediate.int_usage_attributed values
    ('one', '2026-08-01', 'p', 'm', 'tokens', 100, 16), ('one', '2026-08-01', 'p', 'm', 'searches', 2, 4),
    ('one', '2026-08-01', 'p', 'm', 'requests', 9, 0),
    ('one', '2026-09-01', 'p', 'm', 'tokens', 200, 32), ('one', '2026-09-01', 'p', 'm', 'searches', 4, 8);
insert into intermediate.int_billed_costs_unioned values
    ('p', '2026-08-01', 'm', 'usage', 10), ('p', '2026-09-01', 'm', 'usage', 20), ('p', '2026-09-01', 'm', 'credit', -2);
insert into intermediate.int_initiative_daily_units values
    ('one', '2026-08-01', 10, 'tickets'), ('one', '2026-09-01', 20, 'tickets');
"""
CORE = """
insert into intermediate.int_core_allowances_by_month values ('one', 'd', '2026-08', 10), ('one', 'd', '2026-09', 20);
insert into intermediate.int_core_initiatives_verified values ('one', 'first_28_days');
insert into intermediate.int_cost_object_daily_costs values ('initiative', 'one', '2026-08-01', 10, true, false);
"""


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute(TABLES + ROWS)
    yield connection
    connection.close()


def amounts(connection: duckdb.DuckDBPyConnection, comparison: str, month: str = "2026-09") -> dict[str, Decimal]:
    return amounts_on(connection, AS_OF, comparison, month)


def amounts_on(
    connection: duckdb.DuckDBPyConnection, as_of: date, comparison: str = "prior_month", month: str = "2026-09"
) -> dict[str, Decimal]:
    rows = [
        row
        for row in variance_rows(connection, as_of, CENT)
        if (row["comparison"], row["fiscal_period"]) == (comparison, month)
    ]
    return {row["component"]: row["amount"] for row in rows if row["amount"]}


def test_searches_and_credits_are_no_token_cost(warehouse: duckdb.DuckDBPyConnection) -> None:
    spans = [("one", "a", date(2026, 8, 1), date(2026, 8, 31)), ("one", "b", date(2026, 9, 1), AS_OF)]
    periods = read_periods(warehouse, spans)
    assert periods["one", "a"].models["p/m"].cost == pytest.approx(8)
    assert periods["one", "b"].models["p/m"].cost == pytest.approx(16)
    assert periods["one", "b"].total == 21


def test_twice_the_units_are_volume_and_the_rest_is_other(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Tokens cost 8 more for the units; searches 2 more, the credit 2 less, the line without a model 3 more."""
    assert amounts(warehouse, "prior_month") == {"volume": Decimal("8.00"), "other": Decimal("3.00")}


def test_a_flexible_budget_has_no_volume(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(CORE)
    assert amounts(warehouse, "budget") == {"other": Decimal("1.00")}
    assert amounts(warehouse, "budget", "2026-08") == {}


def test_a_price_rise_shows_against_the_budget(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(CORE)
    warehouse.execute("update marts.fct_allocated_costs set allocated_cost = 28 where cost_date = '2026-09-01'")
    warehouse.execute("update intermediate.int_billed_costs_unioned set effective_cost = 30 where effective_cost = 20")
    assert amounts(warehouse, "budget")["price"] == Decimal("8.00")


def test_an_unverified_month_has_no_budget_rows(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(CORE)
    warehouse.execute("update intermediate.int_core_allowances_by_month set allowance_amount = null")
    assert amounts(warehouse, "budget") == {}
    assert not [row for row in variance_rows(warehouse, AS_OF, CENT) if row["comparison"] == "budget"]


def test_a_month_without_cost_exits_whole(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("delete from marts.fct_allocated_costs where cost_date >= '2026-09-01'")
    warehouse.execute("delete from intermediate.int_usage_attributed where usage_date >= '2026-09-01'")
    assert amounts(warehouse, "prior_month") == {"exit": Decimal("-8.00"), "other": Decimal("-2.00")}


def test_nothing_after_the_as_of_day_counts(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert [row for row in variance_rows(warehouse, date(2026, 8, 31), CENT) if row["fiscal_period"] > "2026-08"] == []


def test_months_whose_units_are_of_two_kinds_compare_no_units(warehouse: duckdb.DuckDBPyConnection) -> None:
    """20 pages after 10 tickets are no more work than before: all of the difference of 11 is other."""
    warehouse.execute("update intermediate.int_initiative_daily_units set unit_of_work = 'pages' where units = 20")
    assert amounts(warehouse, "prior_month") == {"other": Decimal("11.00")}


def test_a_month_with_two_kinds_of_units_has_no_units(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("insert into intermediate.int_initiative_daily_units values ('one', '2026-09-20', 5, 'pages')")
    assert amounts(warehouse, "prior_month") == {"other": Decimal("11.00")}


def test_28_days_of_a_month_against_the_whole_month_before_are_days_and_no_volume(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """1 a day in August and 0.98 in September, 2 % fewer units: of 31 to 27.44, 3 are days and 0.56 volume."""
    warehouse.execute(EVEN)
    warehouse.execute("delete from intermediate.int_initiative_daily_units")
    warehouse.execute("insert into intermediate.int_initiative_daily_units select 'one', day, 100, 'tickets' from days")
    warehouse.execute("update intermediate.int_initiative_units_covered set covered_to = date '2026-09-28'")
    warehouse.execute("delete from intermediate.int_initiative_daily_units where metric_date > '2026-09-28'")
    for table, column, day in (
        ("marts.fct_allocated_costs", "allocated_cost", "cost_date"),
        ("intermediate.int_usage_attributed", "quantity", "usage_date"),
        ("intermediate.int_initiative_daily_units", "units", "metric_date"),
    ):
        warehouse.execute(f"update {table} set {column} = 0.98 * {column} where {day} >= '2026-09-01'")
    assert amounts_on(warehouse, date(2026, 9, 28)) == {"days": Decimal("-3.00"), "volume": Decimal("-0.56")}


# ------------------------------------------------------------------------------- months that are known in part
# August: 1 a day for 31 days, with one unit and 10 tokens each; September the same, its units known to the 5th.

EVEN = """
delete from marts.fct_allocated_costs; delete from intermediate.int_usage_attributed;
delete from intermediate.int_billed_costs_unioned; delete from intermediate.int_initiative_daily_units;
create temp table days as
    select cast(unnest(generate_series(date '2026-08-01', date '2026-09-30', interval 1 day)) as date) as day;
insert into marts.fct_allocated_costs select 'one', day, 'p', 'm', 'core', 1 from days;
insert into intermediate.int_usage_attributed select 'one', day, 'p', 'm', 'tokens', 10, 1 from days;
insert into intermediate.int_initiative_daily_units select 'one', day, 1, 'tickets' from days where day <= '2026-09-05';
insert into intermediate.int_initiative_units_covered values ('one', date '2026-09-05');
"""


def test_a_part_of_a_month_costs_less_for_its_days_alone(warehouse: duckdb.DuckDBPyConnection) -> None:
    """10 days of September cost 10, August 31: five days compared, five without units; 21 less, all of it days."""
    warehouse.execute(EVEN)
    assert amounts_on(warehouse, date(2026, 9, 10)) == {"days": Decimal("-21.00")}


def test_what_moves_within_the_equal_days_is_told_apart(warehouse: duckdb.DuckDBPyConnection) -> None:
    """From September on twice the units and twice the cost: the five days compared are 5 dearer by volume. Days: 5 - 31 for the
    days compared, and 10 for the five days of which no units are known.
    """
    warehouse.execute(EVEN)
    for table, column, day in (
        ("marts.fct_allocated_costs", "allocated_cost", "cost_date"),
        ("intermediate.int_usage_attributed", "quantity", "usage_date"),
        ("intermediate.int_initiative_daily_units", "units", "metric_date"),
    ):
        warehouse.execute(f"update {table} set {column} = 2 * {column} where {day} >= '2026-09-01'")
    found = amounts_on(warehouse, date(2026, 9, 10))
    assert found == {"days": Decimal("-16.00"), "volume": Decimal("5.00")}
    assert sum(found.values()) == Decimal(20 - 31)


def test_whole_months_of_unequal_length_have_no_days(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(EVEN)
    warehouse.execute(
        "insert into intermediate.int_initiative_daily_units select 'one', day, 1, 'tickets' from days where day > '2026-09-05'"
    )
    warehouse.execute("update intermediate.int_initiative_units_covered set covered_to = date '2026-09-30'")
    assert amounts_on(warehouse, AS_OF) == {"volume": Decimal("-1.00")}
