"""An allocation whose initiative changes department ends in the old one and goes on in the new one. Real models, landed rows."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import row

FIRST, MOVE, LAST = date(2026, 8, 1), date(2026, 9, 20), date(2026, 12, 31)
AS_OF = date(2026, 10, 31)
Periods = list[tuple[str, date, date | None, Decimal, date | None]]


def version(department: str, since: date | None, until: date | None = None, **given: Any) -> dict[str, Any]:
    standard = {
        "kind": "internal_workflow",
        "stage": "experimentation",
        "started_on": FIRST,
        "allocation_amount": Decimal(900),
        "allocation_currency": "USD",
        "allocation_starts_on": FIRST,
        "allocation_expires_on": LAST,
    }
    validity = {"department_id": department, "valid_from": since, "valid_to": until}
    return row("registry", "initiatives", initiative_id="x", **{**standard, **validity, **given})


@pytest.fixture
def allocations(tmp_path: Path) -> Callable[..., Periods]:
    """Department, first day, the day on which it is superseded, amount, and the first day of the one that it continues."""

    def of(*versions: dict[str, Any]) -> Periods:
        landing = Landing(tmp_path / "landing")
        with landing.batch("registry", "initiatives") as batch:
            batch.add_rows("current", list(versions))
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            landing.register(connection)
            write_run_parameters(connection, AS_OF)
            build(connection, ["int_allocations_declared"])
            return connection.execute(
                "select department_id, starts_on, superseded_on, amount, continues "
                "from intermediate.int_allocations_declared order by starts_on"
            ).fetchall()

    return of


def test_a_move_ends_the_open_allocation_and_continues_it_in_the_new_department(allocations):
    assert allocations(version("a", None, MOVE), version("b", MOVE)) == [
        ("a", FIRST, MOVE, 900, None),
        ("b", MOVE, None, 900, FIRST),
    ]


def test_a_new_version_in_the_same_department_ends_nothing(allocations):
    assert allocations(version("a", None, MOVE), version("a", MOVE, allocation_amount=Decimal(950))) == [
        ("a", FIRST, None, 900, None)
    ]


@pytest.mark.parametrize(
    ("move", "last"), [(MOVE, date(2026, 9, 19)), (date(2026, 11, 1), LAST)], ids=["after its last day", "to come"]
)
def test_a_move_after_the_last_day_or_after_the_as_of_day_continues_nothing(allocations, move, last):
    ended = {"allocation_expires_on": last}
    assert allocations(version("a", None, move, **ended), version("b", move, **ended)) == [
        ("a", FIRST, None, 900, None)
    ]
