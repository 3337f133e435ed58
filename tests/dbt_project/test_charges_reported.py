"""What bills come to by line item: tax, and list prices that only some lines state. Real models, landed rows."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import charge, declared_source, exchange_rate

D = Decimal
Charges = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def reported(tmp_path: Path) -> Charges:
    """Rows of int_charges_reported by category, for a company in USD."""

    def of(*charges: dict[str, Any]) -> dict[str, dict[str, Any]]:
        landing = Landing(tmp_path / "landing")
        for source, stream, rows in (
            ("focus_files", "cost_and_usage", list(charges)),
            ("ledgers", "exchange_rates", [exchange_rate("2026-07-10", "2")]),
            ("registry", "sources", [declared_source("focus_files")]),
        ):
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", rows)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, date(2026, 7, 31))
            build(connection, ["int_charges_reported"])
            result = connection.execute("select * from intermediate.int_charges_reported")
            names = [column[0] for column in result.description]
            return {
                row["charge_category"]: row
                for values in result.fetchall()
                if (row := dict(zip(names, values, strict=True)))
            }

    return of


def test_recoverable_tax_is_billed_and_no_cost_in_either_currency(reported):
    """Two euros and a half of tax beside ten euros of usage, two dollars to the euro."""
    tax = {"billed_cost": "2.5", "effective_cost": "2.5", "list_cost": None}
    found = reported(
        charge("OpenAI", billing_currency="EUR"), charge("OpenAI", billing_currency="EUR", charge_category="Tax", **tax)
    )
    assert {category: row["billed_amount"] for category, row in found.items()} == {"usage": D(10), "tax": D("2.5")}
    assert {category: row["billed_cost"] for category, row in found.items()} == {"usage": D(20), "tax": D(5)}
    assert {category: row["effective_amount"] for category, row in found.items()} == {"usage": D(10), "tax": D(0)}
    assert {category: row["effective_cost"] for category, row in found.items()} == {"usage": D(20), "tax": D(0)}


@pytest.mark.parametrize(
    ("at_list", "stated"),
    [(("12", "8"), D(20)), (("12", None), D(17)), ((None, None), None)],
)
def test_a_line_that_states_no_list_price_counts_in_it_as_billed_beside_lines_that_do(reported, at_list, stated):
    """Ten dollars, twelve at list price, and five dollars of the same day and meter, eight at list price or not said."""
    (found,) = reported(
        charge("OpenAI", list_cost=at_list[0]),
        charge("OpenAI", list_cost=at_list[1], billed_cost="5", effective_cost="5"),
    ).values()
    assert (found["billed_amount"], found["stated_list_amount"], found["stated_list_cost"]) == (D(15), stated, stated)
