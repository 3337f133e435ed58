"""What users of tools in this field complain about, a test for each, named after the pain.

Not tested here, because the product does not do it and a test would pretend: calls are stopped by the gateway and not by
this product, so how far concurrent calls overshoot a cap, how long a runaway takes to be tripped live, and a loop that
succeeds at every call are the gateway's; what a cap did is judged afterwards from the gateway's own log and read-back.
"""

import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest

from orchestration.graduation.gates.guardrail import CapReading, GuardrailFacts, decide_guardrail
from orchestration.graduation.gates.result import FAIL, PASS
from orchestration.prices.book import list_prices
from orchestration.publish.snapshot import publish
from orchestration.statistics import forecast_panel
from orchestration.summary.collect import collect
from tests.field.story import CACHING, PRIVATE_MODEL, Story, tell
from tests.summary.small_marts import write_small_marts


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return tell(tmp_path_factory.mktemp("field"))


def bridge(story: Story, provider: str, period: str) -> dict[str, Decimal]:
    rows = story.query(
        "select bridge_line, amount from reconciliation_by_provider_month "
        f"where provider = '{provider}' and fiscal_period = '{period}'"
    )
    return dict(rows)


@pytest.mark.parametrize("provider", CACHING)
def test_cached_tokens_are_not_billed_twice(story: Story, provider: str) -> None:
    """A million prompt tokens, 600 000 of them cached. OpenRouter tells no cache writes, which then are input."""
    rows = story.query(
        f"select token_class, quantity, list_cost from fct_usage where provider = '{provider}' and model_id = 'm' "
        "and coalesce(project_id, '') <> 'proj_batch' and token_class <> 'request'"
    )
    quantities = {name: quantity for name, quantity, _ in rows}
    assert sum(quantities.values()) == 1_010_000
    assert (quantities["cache_read"], quantities["output"]) == (600_000, 10_000)
    assert quantities["input_uncached"] == (400_000 if provider == "openrouter" else 300_000)
    by_hand = "5.1" if provider == "openrouter" else "5.35"
    assert sum(cost for _, _, cost in rows) == Decimal(by_hand)


def test_the_bill_is_reached_from_the_meter(story: Story) -> None:
    lines = bridge(story, "far_bill", "2026-07")
    assert {line: amount for line, amount in lines.items() if amount} == {
        line: Decimal(amount)
        for line, amount in {
            "metered_list_cost": "10",
            "discount": "-2",
            "unpriced_usage": "5",
            "untracked_traffic": "3",
            "credits": "-1.5",
            "billed_cost": "14.5",
            "tax": "2",
            "residual": "0.5",
            "ledger_posting": "17",
        }.items()
    }


def test_reconciliation_needs_no_checklist(story: Story) -> None:
    months = story.query("select distinct provider, fiscal_period from reconciliation_by_provider_month")
    assert {provider for provider, _ in months} >= {*CACHING, "far_bill", "in_euros", "twice"}
    for provider, period in months:
        lines = bridge(story, provider, period)
        legs = dict(
            story.query(
                "select leg, sum(amount) filter (where not is_total) from reconciliation_by_provider_month "
                f"where provider = '{provider}' and fiscal_period = '{period}' and leg is not null group by leg"
            )
        )
        assert lines["metered_list_cost"] + legs[1] == lines["billed_cost"], (provider, period)
        assert lines["billed_cost"] + legs[2] == lines["ledger_posting"], (provider, period)


def test_history_is_not_repriced_when_the_list_changes(story: Story) -> None:
    query = "select usage_date, list_unit_price_per_million, list_cost from fct_usage where provider = 'list_changes' "
    query += "and token_class = 'input_uncached' order by all"
    as_used = [(date(2026, 7, 19), Decimal(10), Decimal(10)), (date(2026, 7, 20), Decimal(5), Decimal(5))]
    assert story.query(query, "first") == as_used
    assert story.query(query, "last") == as_used, "the price from August on is another matter"


def test_a_wrong_price_is_restated_not_frozen(story: Story) -> None:
    query = "select strftime(usage_date, '%Y-%m'), sum(list_cost) from fct_usage where provider = 'wrong_price' "
    query += "group by all order by all"
    assert story.query(query, "first") == [("2026-07", Decimal(10)), ("2026-08", Decimal(10))]
    assert story.query(query, "last") == [("2026-07", Decimal(10)), ("2026-08", Decimal(4))]
    assert adjustments(story, "wrong_price") == [("2026-07", "2026-08", Decimal(-6))]


def test_late_data_after_close_is_a_dated_adjustment(story: Story) -> None:
    query = "select sum(list_cost) from fct_usage where provider = 'late'"
    assert story.query(query, "first") == story.query(query, "last") == [(Decimal(10),)]
    assert adjustments(story, "late") == [("2026-07", "2026-08", Decimal(10))]


def adjustments(story: Story, provider: str) -> list[tuple]:
    return story.query(
        "select closed_period, booked_period, sum(amount) from period_adjustments where table_name = 'fct_usage' "
        f"and column_name = 'list_cost' and entity like '%provider={provider}%' group by all"
    )


def test_an_unknown_model_is_unpriced_never_the_nearest_name(story: Story) -> None:
    assert list_prices("openai", "gpt-6-sol").rows
    assert list_prices("openai", PRIVATE_MODEL).rows == []
    usage = story.query(
        "select pricing_status, quantity, list_unit_price_per_million, list_cost from fct_usage "
        f"where model_id = '{PRIVATE_MODEL}' and token_class = 'input_uncached'"
    )
    assert usage == [("unpriced", 1_000_000, None, None)]
    assert bridge(story, "openai", "2026-07")["unpriced_usage"] == Decimal(3)
    assert bridge(story, "openai", "2026-07")["metering_residual"] == 0


def test_duplicate_records_count_once(story: Story) -> None:
    counted = story.query("select sum(list_cost), sum(requests) from fct_usage where provider = 'twice'")
    assert counted == [(Decimal(10), 1)]
    assert bridge(story, "twice", "2026-07")["duplicates"] == Decimal(-20), "removed, and said so"


def test_a_day_is_not_doubled_by_time_zone(story: Story) -> None:
    """18:29 and 18:31 UTC stand on both sides of midnight in Kolkata, half an hour off the hour."""
    by = "select {column}, sum(list_cost) from fct_usage where provider = 'near_midnight' group by all order by all"
    ninth, tenth = date(2026, 7, 9), date(2026, 7, 10)
    assert story.query(by.format(column="usage_date")) == [(ninth, Decimal(1)), (tenth, Decimal(2))]
    assert story.query(by.format(column="billing_date")) == [(ninth, Decimal(2)), (tenth, Decimal(1))]
    assert bridge(story, "near_midnight", "2026-07")["metered_list_cost"] == Decimal(3)


def test_a_rate_of_today_does_not_rewrite_history(story: Story) -> None:
    query = "select strftime(cost_date, '%Y-%m'), billed_cost from fct_billed_costs where provider = 'in_euros' order by all"
    at_their_own_rates = [("2026-07", Decimal(11)), ("2026-08", Decimal(12))]
    assert story.query(query, "first") == at_their_own_rates
    assert story.query(query, "last") == at_their_own_rates


def test_batch_cost_keeps_its_creator(story: Story) -> None:
    usage = story.query(
        "select api_key_id, actor_id, initiative_id, list_cost from fct_usage "
        "where project_id = 'proj_batch' and token_class = 'input_uncached'"
    )
    assert usage == [("key_of_proj_batch", "user_7", "night_batch", Decimal(5))]
    cost = story.query(
        "select actor_id, allocation_method, cost_basis, allocated_cost from fct_allocated_costs "
        "where initiative_id = 'night_batch'"
    )
    assert cost == [("user_7", "direct", "billed", Decimal(5))]


@pytest.mark.parametrize(
    ("daily_cap", "exercised", "status"),
    [("30", True, PASS), ("99.10", True, FAIL), ("720", True, FAIL), ("30", False, FAIL)],
)
def test_a_budget_cap_that_does_not_hold_passes_no_gate(daily_cap: str, exercised: bool, status: str) -> None:
    """Thirty a day were declared. What the gateway says counts, over a whole day (30 an hour is 720), and that it ever
    refused a call.
    """
    today = date(2026, 8, 31)
    reading = CapReading(today, Decimal(1), True, False, Decimal(daily_cap))
    drill = today if exercised else None
    facts = GuardrailFacts(today, "team_a", Decimal(30), reading, drill, 24, 90)
    assert decide_guardrail(facts).status == status


def test_reports_stay_quick_at_three_hundred_thousand_rows(tmp_path: Path) -> None:
    rows = (
        "insert into fct_usage select date '2026-08-01' + cast(n % 80 as integer), 'openai', 'm' || n % 12, 'output', "
        "'tokens', n, 'priced', true, 1, 'chat', null, 'p' || n % 400, 'k' || n % 5000, 'b' || n, null, null, null "
        "from range(300000) as t (n)"
    )
    with duckdb.connect() as connection:
        write_small_marts(connection, rows)
        publish(connection, tmp_path, run_id="one", as_of=date(2026, 10, 20), company_id="c", version="1")
    began = time.process_time()
    assert collect(tmp_path / "published")["reporting_currency"] == "USD"
    assert time.process_time() - began < 3, "CPU seconds; others took 30 seconds for a month of spend"


def test_a_forecast_beats_the_seven_day_mean() -> None:
    """Sum of the next 30 days from four origins of 96 simulated series, errors relative to the level of each."""
    _, values = forecast_panel.simulate(seed=29, series=96)
    origins = (119, 149, 179, 209)
    error, _, half_width, _ = forecast_panel.forecast_errors(values, 30, origins)
    level = 30 * values.mean(axis=1, keepdims=True)
    naive = np.stack([30 * values[:, at - 6 : at + 1].mean(axis=1) for at in origins], axis=1)
    truth = np.stack([values[:, at + 1 : at + 31].sum(axis=1) for at in origins], axis=1)
    assert error.mean() < 0.95 * (np.abs(naive - truth) / level).mean()
    assert 0.75 < (error <= half_width).mean() < 0.93
