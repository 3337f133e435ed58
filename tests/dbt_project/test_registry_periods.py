"""What the registry says of an initiative holds on its own days: its unit of work, the key or team guarded. Real models."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price, request, row

D = Decimal
FIFTH, EIGHTH = date(2026, 7, 5), date(2026, 7, 8)
Rows = list[dict[str, Any]]


def version(since: date | None, until: date | None, **given: Any) -> dict[str, Any]:
    standard = {"kind": "internal_workflow", "stage": "experimentation", "department_id": "d"}
    standard |= {"started_on": date(2026, 6, 1), "valid_from": since, "valid_to": until}
    return row("registry", "initiatives", initiative_id="x", **{**standard, **given})


@pytest.fixture
def warehouse(tmp_path: Path) -> Callable[..., duckdb.DuckDBPyConnection]:
    def of(**streams: Rows) -> duckdb.DuckDBPyConnection:
        landing = Landing(tmp_path / "landing")
        logged = {"window_start": "2026-07-01T00:00:00Z", "window_end": "2026-08-01T00:00:00Z"}
        for name, rows in streams.items():
            source, stream = name.split("__")
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", rows, **(logged if source == "litellm" else {}))
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        return connection

    return of


@pytest.mark.parametrize("owner", [{"initiative_id": "x"}, {"department_id": "d"}], ids=["own", "of the department"])
def test_units_are_those_of_the_unit_of_work_in_force_on_the_day(warehouse, owner):
    """Cases until the fifth, tickets until the eighth, no unit from then on; both are reported on every day."""
    reported = [("cases", "10"), ("tickets", "300")]
    connection = warehouse(
        registry__initiatives=[
            version(None, FIFTH, unit_of_work="cases"),
            version(FIFTH, EIGHTH, unit_of_work="tickets"),
            version(EIGHTH, None),
        ],
        ledgers__business_metrics=[
            row(
                "ledgers", "business_metrics", metric_date=date(2026, 7, day), metric_id=metric, value=D(value), **owner
            )
            for day in (4, 5, 7, 8)
            for metric, value in reported
        ],
    )
    build(connection, ["int_initiative_daily_units"])
    found = connection.execute(
        "select initiative_id, day(metric_date), units from intermediate.int_initiative_daily_units order by 2"
    ).fetchall()
    assert found == [("x", 4, D(10)), ("x", 5, D(300)), ("x", 7, D(300))]


def test_a_day_is_metered_and_refused_on_the_entity_that_is_guarded_on_it(warehouse):
    """Key a is guarded until the fifth, team t until the eighth, nothing from then on. Each day the key uses 1 million tokens
    of 10 dollars and the team 2 million, and each is refused once.
    """
    refused = {"status": "failure", "error_class": "BudgetExceededError", "has_token_evidence": False}
    used = [({"api_key": "a"}, 1_000_000), ({"api_key": "b", "team_id": "t"}, 2_000_000)]
    connection = warehouse(
        registry__initiatives=[
            version(None, FIFTH, guardrail_adapter="litellm", guardrail_entity="key:a"),
            version(FIFTH, EIGHTH, guardrail_adapter="litellm", guardrail_entity="team:t"),
            version(EIGHTH, None),
        ],
        litellm__spend_logs=[
            request("p", f"{day}-{number}-{kind}", tokens, f"2026-07-0{day}", **by, **given)
            for day in (4, 5, 7, 8)
            for number, (by, tokens) in enumerate(used)
            for kind, given in (("served", {}), ("refused", refused))
        ],
        prices__price_book=[price("p", "10")],
    )
    build(connection, ["int_guarded_entity_days"])
    found = connection.execute(
        "select day(usage_date), metered_cost, refused_requests from intermediate.int_guarded_entity_days order by 1"
    ).fetchall()
    assert found == [(4, D(10), 1), (5, D(20), 1), (7, D(20), 1)]


def test_a_refusal_in_a_recorded_drill_is_the_drills_and_others_of_the_day_are_not(warehouse):
    """Two refusals on the fourth: at midnight, within the hour of a drill from 00:10 to 00:12, and at noon."""
    refused = {"status": "failure", "error_class": "BudgetExceededError", "has_token_evidence": False, "api_key": "a"}
    connection = warehouse(
        registry__initiatives=[version(None, None, guardrail_adapter="litellm", guardrail_entity="key:a")],
        registry__drills=[
            {
                **{"drill_id": "d1", "adapter": "litellm", "entity": "key:a", "drill_date": date(2026, 7, 4)},
                "started_at": datetime(2026, 7, 4, 0, 10, tzinfo=UTC),
                "ended_at": datetime(2026, 7, 4, 0, 12, tzinfo=UTC),
            }
        ],
        litellm__spend_logs=[
            request("p", "drilled", 0, "2026-07-04", **refused)
            | {"started_at": datetime(2026, 7, 4, 0, 11, tzinfo=UTC)},
            request("p", "bound", 0, "2026-07-04", **refused) | {"started_at": datetime(2026, 7, 4, 12, 0, tzinfo=UTC)},
        ],
        prices__price_book=[price("p", "10")],
    )
    build(connection, ["int_guarded_entity_days"])
    found = connection.execute(
        "select day(usage_date), metered_cost, refused_requests, drills from intermediate.int_guarded_entity_days"
    ).fetchall()
    assert found == [(4, D(0), 1, 1)]
