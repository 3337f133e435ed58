"""Which days of an initiative are complete: those loaded by each source that fed it, and nothing else asks. Real models."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.compiled_models import build

AS_OF = 10
Day = int
Complete = dict[Day, bool]


@pytest.fixture
def complete(tmp_path: Path):
    """Whether each day of July is complete for initiative x, which costs a dollar by each source on each of ``costs``."""

    def of(costs: dict[str, range], loaded: dict[str, range]) -> Complete:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute(
                "create schema staging; create schema intermediate; "
                f"create table staging.stg_run__parameters as select date '2026-07-{AS_OF}' as as_of_date; "
                "create table intermediate.int_costs_allocated (initiative_id varchar, department_id varchar, "
                "cost_date date, source varchar, provider varchar, allocation_method varchar, "
                "allocated_cost decimal(38, 12), credit_amount decimal(38, 12)); "
                "create table intermediate.int_source_days_judged (source varchar, provider varchar, source_date date, "
                "is_complete boolean, is_missing boolean, settle_days integer); "
                "create table intermediate.int_initiative_constant_price_costs (initiative_id varchar, usage_date date, "
                "constant_price_cost decimal(38, 12)); "
                "create table intermediate.int_initiatives_effective as "
                "select 'x' as initiative_id, date '2026-07-01' as started_on"
            )
            for source, days in costs.items():
                for day in days:
                    connection.execute(
                        "insert into intermediate.int_costs_allocated values ('x', 'd', ?, ?, 'p', 'direct', ?, 0)",
                        [date(2026, 7, day), source, Decimal(1)],
                    )
            for source, days in loaded.items():
                for day in days:
                    connection.execute(
                        "insert into intermediate.int_source_days_judged values (?, null, ?, true, false, 0)",
                        [source, date(2026, 7, day)],
                    )
            build(connection, ["int_cost_object_daily_costs"])
            found = connection.execute(
                "select day(cost_date), is_complete from intermediate.int_cost_object_daily_costs "
                "where entity_type = 'initiative' order by 1"
            ).fetchall()
        return dict(found)

    return of


EVERY_DAY = range(1, AS_OF + 1)


def test_a_source_that_was_switched_off_makes_no_later_day_incomplete(complete):
    """The old gateway fed the initiative up to the fourth and was asked for no day after it."""
    costs = {"old": range(1, 5), "new": range(5, 11)}
    assert complete(costs, {"old": range(1, 5), "new": EVERY_DAY}) == dict.fromkeys(EVERY_DAY, True)


def test_a_source_that_is_asked_for_later_days_and_has_none_makes_them_incomplete(complete):
    found = complete({"old": range(1, 5), "new": range(5, 11)}, {"old": range(1, 5), "new": range(1, 8)})
    assert found == dict.fromkeys(range(1, 8), True) | dict.fromkeys(range(8, 11), False)


def test_what_a_contract_charges_makes_no_day_incomplete(complete):
    """A commitment ended on the third: its shortfall is cost by no source that loads days."""
    assert complete({"contracts": range(3, 4), "new": EVERY_DAY}, {"new": EVERY_DAY}) == dict.fromkeys(EVERY_DAY, True)
