"""What the registry says after a booked graduation, and which verified values are in force on a day. Real models."""

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

Stages = Callable[..., list[tuple[date, date, str]]]
ALWAYS, EVER = date.min, date(9999, 12, 31)


def version(stage: str, since: date | None = None, until: date | None = None) -> dict[str, Any]:
    given = {"stage": stage, "valid_from": since, "valid_to": until, "started_on": date(2026, 6, 1)}
    return row("registry", "initiatives", initiative_id="x", kind="customer_facing", **given)


def graduations(*days: date) -> list[dict[str, Any]]:
    """Two postings of each graduation."""
    booked = {"kind": "graduate", "initiative_id": "x", "amount": Decimal(1)}
    return [
        row("budget", "movements", **booked, movement_id=f"graduate:{day}", posting_number=number, effective_on=day)
        for day in days
        for number in ("1", "2")
    ]


@pytest.fixture
def stages(tmp_path: Path) -> Stages:
    """Periods and stages of an initiative that graduated on the tenth of July, and on the days ``again``."""

    def of(*versions: dict[str, Any], again: tuple[date, ...] = ()) -> list[tuple[date, date, str]]:
        landing = Landing(tmp_path / "landing")
        with landing.batch("registry", "initiatives") as batch:
            batch.add_rows("current", list(versions))
        with landing.batch("budget", "movements") as batch:
            batch.add_rows("current", graduations(date(2026, 7, 10), *again))
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            landing.register(connection)
            write_run_parameters(connection, date(2026, 10, 31))
            build(connection, ["int_initiatives_effective"])
            return connection.execute(
                "select effective_from, effective_to, stage from intermediate.int_initiatives_effective order by 1"
            ).fetchall()

    return of


SEPTEMBER, OCTOBER, CORE = date(2026, 9, 1), date(2026, 10, 1), date(2026, 7, 11)


def test_a_repeated_stage_does_not_undo_a_graduation(stages):
    assert stages(version("experimentation", None, OCTOBER), version("experimentation", OCTOBER)) == [
        (ALWAYS, CORE, "experimentation"),
        (CORE, OCTOBER, "core"),
        (OCTOBER, EVER, "core"),
    ]


def test_a_stage_that_differs_from_the_version_before_prevails_from_its_date(stages):
    assert stages(version("experimentation", None, OCTOBER), version("retired", OCTOBER)) == [
        (ALWAYS, CORE, "experimentation"),
        (CORE, OCTOBER, "core"),
        (OCTOBER, EVER, "retired"),
    ]


def test_after_a_change_the_registry_speaks_again(stages):
    """Core is what it is already; experimentation after it is a return, repeated or not."""
    found = stages(
        version("experimentation", None, SEPTEMBER),
        version("core", SEPTEMBER, OCTOBER),
        version("experimentation", OCTOBER, date(2026, 10, 15)),
        version("experimentation", date(2026, 10, 15)),
    )
    assert [stage for _, _, stage in found] == ["experimentation", "core", "core", "experimentation", "experimentation"]


def test_a_change_before_the_graduation_does_not_outlive_it(stages):
    found = stages(version("retired", None, date(2026, 7, 1)), version("experimentation", date(2026, 7, 1)))
    assert [stage for _, _, stage in found] == ["retired", "experimentation", "core"]


RETURNED = (
    version("experimentation", None, SEPTEMBER),
    version("core", SEPTEMBER, OCTOBER),
    version("experimentation", OCTOBER),
)


def test_an_initiative_that_was_returned_is_core_again_from_the_day_after_its_next_graduation(stages):
    assert stages(*RETURNED, again=(date(2026, 10, 20),)) == [
        (ALWAYS, CORE, "experimentation"),
        (CORE, SEPTEMBER, "core"),
        (SEPTEMBER, OCTOBER, "core"),
        (OCTOBER, date(2026, 10, 21), "experimentation"),
        (date(2026, 10, 21), EVER, "core"),
    ]


def test_an_experiment_is_judged_by_the_graduation_that_ends_it(tmp_path):
    """Until July by that of July, in its second life by that of October; a day in core by the one before it."""
    landing = Landing(tmp_path / "landing")
    with landing.batch("registry", "initiatives") as batch:
        batch.add_rows("current", list(RETURNED))
    with landing.batch("budget", "movements") as batch:
        batch.add_rows("current", graduations(date(2026, 7, 10), date(2026, 10, 20)))
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        landing.register(connection)
        write_run_parameters(connection, date(2026, 10, 31))
        connection.execute(
            "create schema intermediate; create table intermediate.int_cost_object_daily_costs as "
            "select date '2026-06-01' as cost_date"
        )
        build(connection, ["int_initiative_terms_by_day"])
        found = dict(
            connection.execute(
                "select term_date, (stage, graduation_date) from intermediate.int_initiative_terms_by_day"
            ).fetchall()
        )
    july, october = date(2026, 7, 10), date(2026, 10, 20)
    assert [found[day] for day in (date(2026, 7, 1), july, date(2026, 7, 11))] == [("experimentation", july)] * 3
    assert found[date(2026, 9, 15)] == ("core", october)
    assert [found[day] for day in (OCTOBER, october, date(2026, 10, 31))] == [("experimentation", october)] * 3


def test_one_verification_is_in_force_on_a_day(tmp_path):
    """It began in core at 12 a day, became an experiment, and graduated at 50 and then at 80 a month."""
    landing = Landing(tmp_path / "landing")
    frozen = [(date(2026, 7, 10), "50"), (date(2026, 9, 20), "80")]
    with landing.batch("registry", "initiatives") as batch:
        batch.add_rows(
            "current", [version("core", None, date(2026, 7, 1)), version("experimentation", date(2026, 7, 1))]
        )
    with landing.batch("budget", "graduations") as batch:
        batch.add_rows(
            "current",
            [
                row("budget", "graduations", initiative_id="x", effective_on=day, verified_run_rate=Decimal(rate))
                for day, rate in frozen
            ],
        )
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        landing.register(connection)
        write_run_parameters(connection, date(2026, 10, 31))
        connection.execute(
            "create schema intermediate; "
            "create table intermediate.int_cost_object_daily_costs as select 'initiative' as entity_type, "
            "'x' as entity_id, cast(date '2026-06-01' + n as date) as cost_date, "
            "cast(12 as decimal(38, 12)) as allocated_cost, true as is_complete, false as is_missing "
            "from (select unnest(range(28))::integer as n)"
        )
        build(connection, ["int_core_initiatives_verified"])
        found = connection.execute(
            "select effective_from, effective_to, verified_by, verified_run_rate "
            "from intermediate.int_core_initiatives_verified order by 1"
        ).fetchall()
    assert found == [
        (ALWAYS, date(2026, 7, 11), "first_28_days", Decimal("365.25")),
        (date(2026, 7, 11), date(2026, 9, 21), "graduation", Decimal(50)),
        (date(2026, 9, 21), EVER, "graduation", Decimal(80)),
    ]
