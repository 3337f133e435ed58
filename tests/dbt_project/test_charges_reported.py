"""What bills come to by line item: tax, and list prices that not every line states. Real models, landed rows."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import charge, declared_source, exchange_rate, row

D = Decimal
MODELS = ("int_charges_described", "int_charges_reported")
Charges = Callable[..., dict[str, dict[str, Any]]]
BALANCE = {
    "contract_id": "c",
    "provider": "openai",
    "kind": "prepaid",
    "currency": "USD",
    "valid_from": date(2026, 7, 1),
}


@pytest.fixture
def reported(tmp_path: Path) -> Charges:
    """Rows of the model by category, for a company in USD with a prepaid balance of ``prepaid`` dollars."""

    def of(*charges: dict[str, Any], prepaid: str | None = None, model: str = "int_charges_reported") -> Any:
        landing = Landing(tmp_path / "landing")
        for source, stream, rows in (
            ("focus_files", "cost_and_usage", list(charges)),
            ("ledgers", "exchange_rates", [exchange_rate("2026-07-10", "2")]),
            ("registry", "sources", [declared_source("focus_files")]),
            ("registry", "contracts", [row("registry", "contracts", amount=D(prepaid), **BALANCE)] if prepaid else []),
        ):
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", rows)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, date(2026, 7, 31))
            build(connection, [model])
            result = connection.execute(f"select * from intermediate.{model}")
            names = [column[0] for column in result.description]
            found = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
        return {one["charge_category"]: one for one in found}

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


def test_a_charge_that_a_prepaid_balance_pays_costs_at_list_what_is_charged(reported):
    """Ten dollars, six of them paid ahead: four are billed, ten are used, and ten are the price."""
    unmetered = dict.fromkeys(("list_cost", "list_unit_price", "consumed_quantity", "consumed_unit", "usage_type"))
    described = reported(charge("OpenAI", **unmetered), prepaid="6", model="int_charges_described")["usage"]
    assert (described["billed_amount"], described["focus_effective_cost"], described["focus_list_cost"]) == (4, 10, 10)
