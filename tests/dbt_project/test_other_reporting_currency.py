"""A company that reports in euros: every price and cap in dollars is worth the rate of its day, never one to one. Real models.

A dollar is 0.80 euros on 10 July and 0.50 on the 11th. Models list at ten dollars a million tokens.
"""

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
MILLION = 1_000_000
TENTH, ELEVENTH = date(2026, 7, 10), date(2026, 7, 11)
Rows = list[dict[str, Any]]


def rate(day: date, value: str) -> dict[str, Any]:
    """Euros for a dollar."""
    return row("ledgers", "exchange_rates", rate_date=day, from_currency="USD", to_currency="EUR", rate=D(value))


@pytest.fixture
def warehouse(tmp_path: Path) -> Callable[..., duckdb.DuckDBPyConnection]:
    def of(requests: Rows, rates: Rows, **streams: Rows) -> duckdb.DuckDBPyConnection:
        landing = Landing(tmp_path / "landing")
        logged = {"window_start": "2026-07-01T00:00:00Z", "window_end": "2026-08-01T00:00:00Z"}
        streams = {"litellm__spend_logs": requests, "ledgers__exchange_rates": rates, **streams}
        for name, rows in streams.items():
            source, stream = name.split("__")
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", rows, **(logged if stream == "spend_logs" else {}))
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        connection.execute("update landing.run_parameters set reporting_currency = 'EUR'")
        return connection

    return of


RATES = [rate(TENTH, "0.80"), rate(ELEVENTH, "0.50")]


def test_list_cost_is_the_price_in_dollars_at_the_rate_of_the_billing_day_or_unpriced(warehouse):
    """A million tokens on the tenth, the eleventh, and on the twentieth, nine days after the last rate."""
    days = ["2026-07-10", "2026-07-11", "2026-07-20"]
    connection = warehouse(
        [request("p", day, MILLION, day) for day in days], RATES, prices__price_book=[price("p", "10")]
    )
    build(connection, ["int_usage_valued"])
    found = connection.execute(
        "select day(usage_date), list_cost, pricing_status from intermediate.int_usage_valued "
        "where token_class = 'input_uncached' order by 1"
    ).fetchall()
    assert found == [(10, D(8), "priced"), (11, D(5), "priced"), (20, None, "unpriced")]


def test_repeated_gateway_rows_are_worth_their_price_at_the_rate_of_the_day(warehouse):
    """One row of the tenth again in another file: ten dollars taken out are eight euros."""
    connection = warehouse(
        [request("p", "same", MILLION), request("p", "same", MILLION)], RATES, prices__price_book=[price("p", "10")]
    )
    build(connection, ["int_gateway_duplicates_valued"])
    found = connection.execute("select removed_cost from intermediate.int_gateway_duplicates_valued").fetchall()
    assert found == [(D(8),)]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
def test_the_reference_model_costs_its_price_at_the_rate_of_the_billing_day_as_the_model_used_does(warehouse, zone):
    """A million tokens in the evening of the tenth, which in Auckland is the eleventh."""
    tiers = [("high", "dear"), ("low", "cheap")]
    connection = warehouse(
        [request("p", "one", MILLION, "2026-07-10T20:00", model="dear")],
        RATES,
        prices__price_book=[price("p", "10", model_id="dear"), price("p", "1", model_id="cheap")],
        registry__policy=[row("registry", "policy", policy_key="default_complexity", policy_value="basic")],
        registry__model_tiers=[
            row("registry", "model_tiers", tier=tier, reference_model=model, tier_rank=rank)
            for rank, (tier, model) in enumerate(tiers, start=1)
        ],
        registry__model_tier_patterns=[
            row("registry", "model_tier_patterns", position=rank, model_pattern=model, tier=tier)
            for rank, (tier, model) in enumerate(tiers, start=1)
        ],
        registry__complexity_tiers=[row("registry", "complexity_tiers", complexity="basic", tier="low")],
    )
    connection.execute("update landing.run_parameters set reporting_time_zone = ?", [zone])
    build(connection, ["int_usage_repriced_by_tier"])
    found = connection.execute(
        "select usage_date, list_cost, counterfactual_same from intermediate.int_usage_repriced_by_tier"
    ).fetchall()
    assert found == [(TENTH if zone == "UTC" else ELEVENTH, D(8), D("0.8"))]


def test_a_developers_cap_is_the_gateways_at_the_rate_of_the_day(warehouse):
    """Two dollars a day on the key that the person used."""
    reading = row(
        *("litellm", "guardrail_settings"),
        read_at=datetime(2026, 7, 10, 12, tzinfo=UTC),
        as_of_date=TENTH,
        entity="key:k",
        currency="USD",
        max_budget="2",
        budget_duration="1d",
        is_found=True,
        is_blocked=False,
    )
    connection = warehouse(
        [request("p", day, MILLION, day, user_id="ann") for day in ("2026-07-10", "2026-07-11")],
        RATES,
        prices__price_book=[price("p", "10")],
        litellm__guardrail_settings=[reading],
    )
    build(connection, ["int_developer_caps_read_back"])
    found = connection.execute(
        "select actor_id, day(spend_date), daily_cap from intermediate.int_developer_caps_read_back order by 2"
    ).fetchall()
    assert found == [("ann", 10, D("1.60")), ("ann", 11, D("1.00"))]
