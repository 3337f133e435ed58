"""Failed requests of the owner of the day, and usage at the price of the reference model. Real models, landed rows."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price, request, row

D = Decimal
Rows = list[dict[str, Any]]


@pytest.fixture
def warehouse(tmp_path: Path) -> Callable[..., duckdb.DuckDBPyConnection]:
    def of(requests: Rows, **streams: Rows) -> duckdb.DuckDBPyConnection:
        landing = Landing(tmp_path / "landing")
        logged = {"window_start": "2026-07-01T00:00:00Z", "window_end": "2026-08-01T00:00:00Z"}
        with landing.batch("litellm", "spend_logs") as batch:
            batch.add_rows("current", requests, **logged)
        for stream, rows in streams.items():
            with landing.batch("prices" if stream == "price_book" else "registry", stream) as batch:
                batch.add_rows("current", rows)
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        return connection

    return of


def rule(rule_id: str, initiative_id: str, **given: Any) -> dict[str, Any]:
    return row("registry", "ownership_rules", rule_id=rule_id, priority=1, initiative_id=initiative_id, **given)


TIERS = [("high", "dear"), ("low", "cheap")]
DEAR_WORK_FOR_CHEAP = {
    "policy": [row("registry", "policy", policy_key="default_complexity", policy_value="basic")],
    "model_tiers": [
        row("registry", "model_tiers", tier=tier, reference_model=model, tier_rank=rank)
        for rank, (tier, model) in enumerate(TIERS, start=1)
    ],
    "model_tier_patterns": [
        row("registry", "model_tier_patterns", position=rank, model_pattern=model, tier=tier)
        for rank, (tier, model) in enumerate(TIERS, start=1)
    ],
    "complexity_tiers": [row("registry", "complexity_tiers", complexity="basic", tier="low")],
}
"""Every owner's work is basic, for which model cheap is enough; model dear is of a higher tier."""


def test_retries_are_those_of_the_owner_of_the_provider_and_key_on_the_day(warehouse):
    """Key k at one provider is a's until the fifth and b's from then; the same key id at another provider is c's."""
    plan = [("p", 1, "success"), ("p", 1, "failure"), ("p", 6, "success"), ("q", 1, "failure"), ("p", 7, "failure")]
    plan += [("p", 8, "success"), ("p", 9, "success")]
    requests = [
        request(provider, f"r{n}", 1, f"2026-07-0{day}", status=status)
        for n, (provider, day, status) in enumerate(plan)
    ]
    rules = [
        rule("r1", "a", provider_pattern="p", api_key_id_pattern="k", valid_to=date(2026, 7, 5)),
        rule("r2", "b", provider_pattern="p", api_key_id_pattern="k", valid_from=date(2026, 7, 5)),
        rule("r3", "c", provider_pattern="q", api_key_id_pattern="k"),
    ]
    connection = warehouse(requests, ownership_rules=rules)
    build(connection, ["int_initiative_retries_summed_by_month"])
    found = connection.execute(
        "select initiative_id, failed_ratio from intermediate.int_initiative_retries_summed_by_month order by 1"
    ).fetchall()
    assert found == [("a", 0.5), ("b", 0.25), ("c", 1.0)]


def test_the_reference_price_is_that_of_the_provider_which_served_else_of_the_maker(warehouse):
    """A million tokens of the dear model; the cheap one costs 1 at p, 2 at its maker, 3 at a reseller; r does not sell it."""
    prices = [price(provider, "10", model_id="dear") for provider in ("p", "r")]
    prices += [price(provider, cost, model_id="cheap") for provider, cost in (("p", "1"), ("reseller", "3"))]
    prices += [price("maker", "2", model_id="cheap", is_maker=True)]
    connection = warehouse(
        [request(provider, provider, 1_000_000, model="dear") for provider in ("p", "r")],
        price_book=prices,
        **DEAR_WORK_FOR_CHEAP,
    )
    build(connection, ["int_usage_repriced_by_tier"])
    found = connection.execute(
        "select provider, list_cost, counterfactual_same, counterfactual_cache_lost "
        "from intermediate.int_usage_repriced_by_tier order by 1"
    ).fetchall()
    assert found == [("p", D(10), D(1), D(1)), ("r", D(10), D(2), D(2))]


def test_the_counterfactual_counts_nothing_of_usage_that_has_no_list_price(warehouse):
    """Two million tokens of the dear model: a million of prompt at 10, of answers without a price. At 1 and 5 the cheap one
    would take 6 for both, but what the answers cost is unknown: 1 stands against 10.
    """
    prices = [price("p", "10", model_id="dear"), price("p", "1", model_id="cheap")]
    prices += [price("p", "5", model_id="cheap", token_class="output")]
    connection = warehouse(
        [request("p", "r1", 1_000_000, model="dear", completion_tokens=1_000_000)],
        price_book=prices,
        **DEAR_WORK_FOR_CHEAP,
    )
    build(connection, ["int_usage_repriced_by_tier"])
    found = connection.execute(
        "select list_cost, counterfactual_same, counterfactual_cache_lost from intermediate.int_usage_repriced_by_tier"
    ).fetchall()
    assert found == [(D(10), D(1), D(1))]
