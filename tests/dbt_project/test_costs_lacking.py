"""Which days of an initiative, a department or the company lack cost that was to be expected."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.compiled_models import build, write_run_parameters

MODEL = "int_costs_lacking_by_day"
FIRST, AS_OF = date(2026, 7, 1), date(2026, 8, 31)
Days = Iterable[int]


def day(number: int) -> date:
    """Day 1 is the first of July, 62 the as-of day."""
    return FIRST + timedelta(days=number - 1)


class Company:
    """Days by what is known of them; initiative ``chat`` belongs to department ``sales``."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, date, int, bool, bool, int]] = []

    def has(
        self,
        name: str,
        *,
        cost: Days = (),
        complete: Days = (),
        missing: Days = (),
        level: str = "initiative",
        settle_days: int = 0,
        first: int = 1,
    ) -> None:
        cost, complete, missing = set(cost), set(complete), set(missing)
        self.rows += [
            (level, name, day(number), int(number in cost), number in complete, number in missing, settle_days)
            for number in range(first, 63)
        ]

    def lacking(self, folder: Path) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            for statement in (
                "create schema landing",
                "create schema staging",
                "create schema intermediate",
                "create table intermediate.int_cost_object_daily_costs (entity_type varchar, entity_id varchar, cost_date date, "
                "allocated_cost decimal(38, 12), is_complete boolean, is_missing boolean, settle_days integer)",
                "create table intermediate.int_initiatives_effective as select 'chat' as initiative_id, 'sales' as "
                "department_id, date '0001-01-01' as effective_from, date '9999-12-31' as effective_to union all "
                "select 'chat', 'former', date '0001-01-01', date '0001-01-02'",
            ):
                connection.execute(statement)
            write_run_parameters(connection, AS_OF)
            connection.executemany(
                "insert into intermediate.int_cost_object_daily_costs values (?, ?, ?, ?, ?, ?, ?)", self.rows
            )
            build(connection, (MODEL,))
            rows = connection.execute(f"select * from intermediate.{MODEL} order by all").fetchall()
        for level, name, lacked in rows:
            found.setdefault((level, name), []).append((lacked - FIRST).days + 1)
        return found


def of_all(numbers: Days) -> dict[tuple[str, str], list[int]]:
    """What the initiative lacks, its department and the company lack."""
    told = list(numbers)
    return {("company", "company"): told, ("department", "sales"): told, ("initiative", "chat"): told} if told else {}


@pytest.fixture
def company() -> Company:
    return Company()


def test_days_without_data_are_lacking_of_who_had_cost_before_and_of_all_that_he_is_part_of(
    company: Company, tmp_path: Path
) -> None:
    """The department has cost of another initiative on the days, and so has the company."""
    company.has("chat", cost=range(1, 41), complete=range(1, 41))
    for level, name in (("initiative", "other"), ("department", "sales"), ("company", "company")):
        company.has(name, level=level, cost=range(1, 63), complete=range(1, 41))
    assert company.lacking(tmp_path) == of_all(range(41, 63))


def test_days_in_the_middle_are_lacking_and_a_complete_day_without_cost_is_not(
    company: Company, tmp_path: Path
) -> None:
    company.has(
        "chat", cost=[*range(1, 30), *range(40, 62)], complete=[*range(1, 35), *range(40, 63)], missing=range(35, 40)
    )
    assert company.lacking(tmp_path) == of_all(range(35, 40))


@pytest.mark.parametrize(
    ("last", "settle_days", "lacks"), [(60, 0, []), (59, 0, [60, 61, 62]), (59, 3, []), (58, 3, range(59, 63))]
)
def test_the_last_two_days_or_those_of_the_settle_lag_are_not_late(
    company: Company, tmp_path: Path, last: int, settle_days: int, lacks: Days
) -> None:
    company.has("chat", cost=range(1, last + 1), complete=range(1, last + 1), settle_days=settle_days)
    assert company.lacking(tmp_path) == of_all(lacks)


@pytest.mark.parametrize(("days_with_cost", "is_expected"), [(14, True), (13, False)])
def test_no_cost_is_expected_of_who_had_none_on_most_of_the_last_28_known_days(
    company: Company, tmp_path: Path, days_with_cost: int, is_expected: bool
) -> None:
    company.has("chat", cost=range(41 - days_with_cost, 41), complete=range(1, 41))
    assert company.lacking(tmp_path) == of_all(range(41, 63) if is_expected else [])


@pytest.mark.parametrize(("first", "is_expected"), [(34, True), (35, False)])
def test_who_is_young_is_judged_from_seven_days_with_cost_on(
    company: Company, tmp_path: Path, first: int, is_expected: bool
) -> None:
    company.has("chat", cost=range(first, 41), complete=range(first, 41), first=first)
    assert company.lacking(tmp_path) == of_all(range(41, 63) if is_expected else [])
