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


TIERS: dict[str, Rows] = {
    "policy": [row("registry", "policy", policy_key="default_complexity", policy_value="basic")],
    "model_tiers": [
        row("registry", "model_tiers", tier=tier, reference_model=model, tier_rank=rank)
        for rank, (tier, model) in enumerate([("high", "dear"), ("low", "cheap")], start=1)
    ],
    "model_tier_patterns": [
        row("registry", "model_tier_patterns", position=rank, model_pattern=model, tier=tier)
        for rank, (tier, model) in enumerate([("high", "unlisted"), ("high", "dear"), ("low", "cheap")], start=1)
    ],
    "complexity_tiers": [row("registry", "complexity_tiers", complexity="basic", tier="low")],
}
"""All work is basic, which the cheap model does."""


def test_the_reference_price_is_that_of_the_provider_which_served_else_of_the_maker(warehouse):
    """A million tokens of the dear model; the cheap one costs 1 at p, 2 at its maker, 3 at a reseller; r does not sell it."""
    prices = [price(provider, "10", model_id="dear") for provider in ("p", "r")]
    prices += [price(provider, cost, model_id="cheap") for provider, cost in (("p", "1"), ("reseller", "3"))]
    prices += [price("maker", "2", model_id="cheap", is_maker=True)]
    connection = warehouse(
        [request(provider, provider, 1_000_000, model="dear") for provider in ("p", "r")], price_book=prices, **TIERS
    )
    build(connection, ["int_usage_repriced_by_tier"])
    found = connection.execute(
        "select provider, list_cost, counterfactual_same, counterfactual_cache_lost "
        "from intermediate.int_usage_repriced_by_tier order by 1"
    ).fetchall()
    assert found == [("p", D(10), D(1), D(1)), ("r", D(10), D(2), D(2))]


def test_usage_without_a_list_price_is_on_neither_side_of_an_audit(warehouse):
    """A million tokens of the dear model at 10 dollars and a million of an unlisted one, both on the higher tier; the cheap
    one costs 1: between 8.7 and 9.1 of the ten dollars would be saved.
    """
    prices = [price("p", "10", model_id="dear"), price("p", "1", model_id="cheap")]
    requests = [request("p", model, 1_000_000, model=model, user_id="u") for model in ("dear", "unlisted")]
    connection = warehouse(requests, price_book=prices, **TIERS)
    build(connection, ["model_right_sizing_by_developer_month"])
    found = connection.execute(
        "select actual_cost, higher_tier_cost, counterfactual_low, counterfactual_high, saving_low, saving_high "
        "from marts.model_right_sizing_by_developer_month"
    ).fetchall()
    assert found == [(D(10), D(10), D("0.9"), D("1.3"), D("8.7"), D("9.1"))]


def test_usage_priced_in_part_has_no_cost_to_audit(warehouse):
    """A million input tokens of the dear model at 10 dollars, and on the second as many output tokens without a price."""
    prices = [price("p", "10", model_id="dear"), price("p", "1", model_id="cheap")]
    requests = [
        request("p", "priced", 1_000_000, "2026-07-01", model="dear"),
        request("p", "in_part", 1_000_000, "2026-07-02", model="dear", completion_tokens=1_000_000),
    ]
    rules = [rule("r", "a", provider_pattern="p")]
    connection = warehouse(requests, price_book=prices, ownership_rules=rules, **TIERS)
    build(connection, ["int_initiative_tier_daily_costs"])
    found = connection.execute(
        "select day(usage_date), list_cost from intermediate.int_initiative_tier_daily_costs order by 1"
    ).fetchall()
    assert found == [(1, D(10)), (2, None)]


def test_shared_usage_that_cannot_be_shared_is_still_its_persons(warehouse):
    """Ten dollars of usage that a rule shares by revenue, of which none was ever reported."""
    rules = [
        row(
            *("registry", "ownership_rules"),
            rule_id="r",
            priority=1,
            share_method="proportional",
            share_basis="revenue",
        )
    ]
    targets = [row("registry", "ownership_targets", rule_id="r", target_position=1, department_id="d")]
    prices = [price("p", "10", model_id="dear"), price("p", "1", model_id="cheap")]
    requests = [request("p", "one", 1_000_000, model="dear", user_id="u")]
    connection = warehouse(requests, price_book=prices, ownership_rules=rules, ownership_targets=targets, **TIERS)
    build(connection, ["model_right_sizing_by_developer_month"])
    found = connection.execute(
        "select actor_id, actual_cost from marts.model_right_sizing_by_developer_month"
    ).fetchall()
    assert found == [("u", D(10))]


def test_a_share_of_tokens_costs_its_fraction_of_a_token(warehouse):
    """Three tokens in halves, at 2,000,000 dollars a million: three dollars on either side, not two and four."""
    rules = [row("registry", "ownership_rules", rule_id="r", priority=1, share_method="even")]
    targets = [
        row("registry", "ownership_targets", rule_id="r", target_position=position, department_id=name)
        for position, name in enumerate("de", start=1)
    ]
    prices = [price("p", "4000000", model_id="dear"), price("p", "2000000", model_id="cheap")]
    requests = [request("p", "one", 3, model="dear")]
    connection = warehouse(requests, price_book=prices, ownership_rules=rules, ownership_targets=targets, **TIERS)
    build(connection, ["int_usage_repriced_by_tier"])
    found = connection.execute(
        "select department_id, list_cost, counterfactual_same from intermediate.int_usage_repriced_by_tier order by 1"
    ).fetchall()
    assert found == [("d", D(6), D(3)), ("e", D(6), D(3))]
