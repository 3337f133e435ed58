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


@pytest.fixture
def stages(tmp_path: Path) -> Stages:
    """Periods and stages of an initiative that graduated on the tenth of July."""

    def of(*versions: dict[str, Any]) -> list[tuple[date, date, str]]:
        landing = Landing(tmp_path / "landing")
        booked = {"movement_id": "graduate:x", "posting_number": "1", "kind": "graduate", "initiative_id": "x"}
        booked |= {"effective_on": date(2026, 7, 10), "amount": Decimal(1)}
        with landing.batch("registry", "initiatives") as batch:
            batch.add_rows("current", list(versions))
        with landing.batch("budget", "movements") as batch:
            batch.add_rows("current", [row("budget", "movements", **booked)])
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
