"""Every rule of every suite: a clean landed fixture passes, and one seeded defect per rule is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import SUITES, validate
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS

DAY = "2026-10-05"
NEXT = "2026-10-06"
FACTS = {"window_start": f"{DAY}T00:00:00.000000Z", "window_end": f"{NEXT}T00:00:00.000000Z"}
API = {"openai", "anthropic", "claude_code", "openrouter", "merge_gateway"}
API_STREAMS = {("litellm", "spend_logs"), ("litellm", "daily_activity"), ("litellm", "rolled_up_usage")}


def at(hour: int, day: int = 5) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


CLEAN: dict[tuple[str, str], dict[str, Any]] = {
    ("openai", "usage_completions"): {
        "start_time": at(9),
        "end_time": at(10),
        "project_id": "proj_a",
        "model": "gpt-6-sol",
        "batch": False,
        "input_tokens": 1000,
        "input_uncached_tokens": 600,
        "input_cached_tokens": 300,
        "input_cache_write_tokens": 100,
        "output_tokens": 50,
        "input_audio_tokens": 20,
        "num_model_requests": 3,
    },
    ("openai", "costs"): {
        "start_time": at(0),
        "end_time": at(0, 6),
        "line_item": "gpt-6-sol, input",
        "amount": "0.06000000000000000000000000000000000001",
        "currency": "usd",
    },
    ("anthropic", "usage"): {
        "starting_at": at(9),
        "ending_at": at(10),
        "model": "claude-sonnet-5-5",
        "service_tier": "a_new_tier",
        "uncached_input_tokens": 10,
        "cache_creation_5m_input_tokens": 0,
        "cache_creation_1h_input_tokens": 0,
        "cache_read_input_tokens": 5,
        "output_tokens": 7,
        "web_search_requests": 0,
    },
    ("anthropic", "costs"): {
        "starting_at": at(0),
        "ending_at": at(0, 6),
        "cost_type": "tokens",
        "amount_cents": "123.4567",
        "list_amount_cents": "140.291704545",
        "currency": "USD",
    },
    ("litellm", "spend_logs"): {
        "request_id": "chatcmpl-1",
        "started_at": at(9),
        "model": "mistral-small-latest",
        "custom_llm_provider": "mistral",
        "status": "success",
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "cache_read_tokens": 60,
        "cache_write_tokens": 40,
        "has_token_evidence": True,
    },
    ("openai", "usage_other"): {
        "start_time": at(0),
        "end_time": at(0, 6),
        "usage_kind": "vector_stores",
        "token_class": "vector_store_bytes",
        "quantity": 10**15,
        "unit": "bytes",
    },
    ("claude_code", "daily"): {
        "starting_at": at(0),
        "ending_at": at(0, 6),
        "organization_id": "org_1",
        "actor_type": "user_actor",
        "actor": "a@x.example",
        "customer_type": "api",
        "sessions": 2,
        "lines_added": 10,
        "lines_removed": 0,
        "commits": 1,
        "pull_requests": 0,
    },
    ("openrouter", "activity"): {
        "start_time": at(0),
        "end_time": at(0, 6),
        "model": "openai/gpt-6-sol",
        "usage": "0.015",
        "byok_usage_inference": "0",
        "requests": 5,
        "prompt_tokens": 50,
        "completion_tokens": 25,
        "reasoning_tokens": 30,
    },
    ("merge_gateway", "usage"): {
        "start_time": at(0),
        "end_time": at(0, 6),
        "project_id": "prj_1",
        "spend": "0.75",
        "usage_json": "{}",
    },
    ("litellm", "daily_activity"): {
        "start_time": at(0),
        "end_time": at(0, 6),
        "model": "gpt-6-sol",
        "gateway_spend": "1e-05",
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "cache_read_tokens": 60,
        "cache_write_tokens": 40,
        "api_requests": 3,
        "successful_requests": 3,
        "failed_requests": 0,
    },
    ("litellm", "rolled_up_usage"): {
        **{"start_time": at(9), "end_time": at(10), "model": "gpt-6-sol", "prompt_bound": 200_000},
        **{"is_duplicate": False, "is_measured": True, "is_without_gateway_cost": False},
        **{"log_rows": 4, "distinct_requests": 3, "request": 3, "failed_requests": 1, "refused_requests": 1},
        **{name: 0 for name, kind in STREAMS["litellm", "rolled_up_usage"] if name.endswith(("_tokens", "_requests"))},
        **{"distinct_requests": 3, "failed_requests": 1, "refused_requests": 1},
        **{"prompt_tokens": 200_001, "cache_read_tokens": 60, "cache_write_tokens": 199_941, "completion_tokens": 20},
    },
    ("focus_files", "cost_and_usage"): {
        "billed_cost": "0.00000080000",
        "effective_cost": "1e-7",
        "list_cost": None,
        "billing_currency": "USD",
        "charge_category": "Usage",
        "provider_name": "AWS",
        "charge_period_start": at(0),
        "charge_period_end": at(0, 6),
        "line": 2,
    },
    ("ledgers", "general_ledger"): {
        "legal_entity_id": "le1",
        "journal_entry_id": "je1",
        "journal_line_number": "1",
        "posting_date": date(2026, 10, 31),
        "account_number": "5000",
        "account_class": "expense",
        "debit_amount": Decimal("10.00"),
        "credit_amount": Decimal("10.00"),
        "currency": "USD",
        "is_balanced_entry": True,
    },
    ("ledgers", "revenue"): {
        "revenue_date": date(2026, 10, 1),
        "recognition_end_date": date(2026, 10, 31),
        "product_id": "prod",
        "amount": Decimal("-5.00"),
        "currency": "EUR",
    },
    ("ledgers", "budgets"): {
        "department_id": "dept",
        "fiscal_period": "2026-10",
        "budget_class": "core",
        "amount": Decimal("100"),
        "currency": "USD",
    },
    ("ledgers", "headcount"): {"month_end": date(2026, 10, 31), "department_id": "dept", "headcount": Decimal("4.5")},
    ("ledgers", "labor_rates"): {
        "labor_rate_id": "agent",
        "valid_from": date(2026, 1, 1),
        "hourly_rate": Decimal("35"),
        "currency": "USD",
    },
    ("ledgers", "business_metrics"): {
        "metric_date": date(2026, 10, 5),
        "metric_id": "answers",
        "value": Decimal("0"),
        "initiative_id": "assist",
    },
    ("ledgers", "exchange_rates"): {
        "rate_date": date(2026, 10, 5),
        "from_currency": "EUR",
        "to_currency": "USD",
        "rate": Decimal("1.1"),
    },
    ("ledgers", "people"): {"actor_id": "user_a", "department_id": "dept", "valid_from": date(2026, 1, 1)},
}

DEFECTS: dict[tuple[str, str], dict[str, dict[str, Any]]] = {
    ("openai", "usage_completions"): {
        "required_keys": {"model": ""},
        "end_time_after_start_time": {"end_time": at(9)},
        "inside_window": {"start_time": at(0, 6), "end_time": at(1, 6)},
        "day_is_partition": {"start_time": at(23, 4)},
        "plausible_counts": {"num_model_requests": -1},
        "parts_not_negative": {"input_audio_tokens": -1},
        "input_adds_up": {"input_cached_tokens": 301},
        "modalities_fit": {"output_audio_tokens": 51},
    },
    ("openai", "costs"): {
        "required_keys": {"amount": None},
        "end_time_after_start_time": {"end_time": at(0)},
        "inside_window": {"start_time": at(0, 4)},
        "day_is_partition": {"start_time": at(0, 6), "end_time": at(0, 7)},
        "money_in_amount": {"amount": "12.3.4"},
        "code_in_currency": {"currency": "US"},
    },
    ("anthropic", "usage"): {
        "required_keys": {"model": None},
        "ending_at_after_starting_at": {"ending_at": at(8)},
        "inside_window": {"starting_at": at(23, 4)},
        "day_is_partition": {"starting_at": at(1, 6), "ending_at": at(2, 6)},
        "plausible_counts": {"cache_read_input_tokens": None},
        "requests_not_negative": {"requests": -2},
    },
    ("anthropic", "costs"): {
        "required_keys": {"currency": None},
        "ending_at_after_starting_at": {"ending_at": at(0)},
        "inside_window": {"starting_at": at(0, 4)},
        "day_is_partition": {"starting_at": at(0, 6), "ending_at": at(0, 7)},
        "money_in_amount_cents": {"amount_cents": "1O0"},
        "money_in_list_amount_cents": {"list_amount_cents": "1e12"},
        "known_currency": {"currency": "EUR"},
    },
    ("litellm", "spend_logs"): {
        "required_keys": {"request_id": None},
        "plausible_started_at": {"started_at": datetime(1970, 1, 21, tzinfo=UTC)},
        "inside_window": {"started_at": at(0, 6)},
        "known_status": {"status": "timeout"},
        "plausible_counts": {"prompt_tokens": -5},
        "evidence_has_tokens": {"model": ""},
        "cache_fits_prompt": {"cache_write_tokens": 41},
    },
    ("openai", "usage_other"): {
        "required_keys": {"usage_kind": ""},
        "end_time_after_start_time": {"end_time": at(0)},
        "inside_window": {"start_time": at(0, 4)},
        "day_is_partition": {"start_time": at(0, 6), "end_time": at(0, 7)},
        "plausible_quantity": {"quantity": -1},
        "plausible_counts": {"num_model_requests": -1},
        "known_unit": {"unit": "megabytes"},
        "unit_fits_class": {"unit": "tokens"},
    },
    ("claude_code", "daily"): {
        "required_keys": {"actor": None},
        "ending_at_after_starting_at": {"ending_at": at(0)},
        "inside_window": {"starting_at": at(0, 4)},
        "day_is_partition": {"starting_at": at(0, 6), "ending_at": at(0, 7)},
        "known_actor_type": {"actor_type": "robot"},
        "plausible_counts": {"commits": -1},
        "activity_or_tokens": {"input_tokens": 5},
        "money_in_estimated_cost_cents": {
            "model": "m",
            "sessions": None,
            "input_tokens": 5,
            "estimated_cost_cents": "12c",
        },
    },
    ("openrouter", "activity"): {
        "required_keys": {"model": None},
        "end_time_after_start_time": {"end_time": at(0)},
        "inside_window": {"start_time": at(0, 4)},
        "day_is_partition": {"start_time": at(0, 6), "end_time": at(0, 7)},
        "plausible_counts": {"completion_tokens": None},
        "cache_fits_prompt": {"cached_tokens": 51},
        "money_in_usage": {"usage": "free"},
        "money_in_byok_usage_inference": {"byok_usage_inference": "1,5"},
    },
    ("merge_gateway", "usage"): {
        "required_keys": {"usage_json": None},
        "end_time_after_start_time": {"end_time": at(0)},
        "inside_window": {"start_time": at(0, 4)},
        "day_is_partition": {"start_time": at(0, 6), "end_time": at(0, 7)},
        "plausible_counts": {"output_tokens": -1},
        "money_in_spend": {"spend": "x"},
        "money_in_managed_spend": {"managed_spend": "x"},
        "money_in_byok_spend": {"byok_spend": "x"},
        "money_in_web_search_spend": {"web_search_spend": "x"},
    },
    ("litellm", "daily_activity"): {
        "required_keys": {"gateway_spend": None},
        "end_time_after_start_time": {"end_time": at(0)},
        "inside_window": {"start_time": at(0, 4)},
        "day_is_partition": {"start_time": at(0, 6), "end_time": at(0, 7)},
        "plausible_counts": {"failed_requests": None},
        "cache_fits_prompt": {"cache_write_tokens": 41},
        "money_in_gateway_spend": {"gateway_spend": "1,0"},
    },
    ("litellm", "rolled_up_usage"): {
        "required_keys": {"is_duplicate": None},
        "end_time_after_start_time": {"end_time": at(9)},
        "inside_window": {"start_time": at(0, 4)},
        "day_is_partition": {"start_time": at(0, 6), "end_time": at(0, 7)},
        "plausible_counts": {"video_input_tokens": None},
        "rows_add_up": {"log_rows": 5},
        "cache_fits_prompt": {"cache_write_tokens": 199_942},
        "bound_fits_prompts": {"prompt_bound": 200_001},
    },
    ("focus_files", "cost_and_usage"): {
        "required_keys": {"effective_cost": None},
        "money_in_billed_cost": {"billed_cost": "NULL"},
        "money_in_effective_cost": {"effective_cost": "1,5"},
        "money_in_list_cost": {"list_cost": "free"},
        "code_in_billing_currency": {"billing_currency": "Dollar"},
        "known_charge_category": {"charge_category": "usage"},
        "charge_period_end_after_charge_period_start": {"charge_period_end": at(0)},
        "plausible_charge_period_start": {"charge_period_start": datetime(1980, 1, 1, tzinfo=UTC)},
        "someone_charges": {"provider_name": None},
    },
    ("ledgers", "general_ledger"): {
        "required_keys": {"line": None},
        "filled_columns": {"journal_line_number": ""},
        "plausible_posting_date": {"posting_date": date(26, 10, 5)},
        "known_account_class": {"account_class": "costs"},
        "code_in_currency": {"currency": "$"},
        "plausible_amounts": {"debit_amount": None},
        "entries_balance": {"debit_amount": Decimal("10.01"), "journal_entry_id": "je2"},
    },
    ("ledgers", "revenue"): {
        "required_keys": {"file": None},
        "filled_columns": {"amount": None},
        "plausible_revenue_date": {"revenue_date": date(2206, 1, 1), "recognition_end_date": None},
        "code_in_currency": {"currency": "EURO"},
        "recognition_ends_later": {"recognition_end_date": date(2026, 9, 30)},
    },
    ("ledgers", "budgets"): {
        "required_keys": {"line": None},
        "filled_columns": {"department_id": None},
        "known_budget_class": {"budget_class": "innovation"},
        "code_in_currency": {"currency": ""},
        "fiscal_period_format": {"fiscal_period": "2026-13"},
    },
    ("ledgers", "headcount"): {
        "required_keys": {"line": None},
        "filled_columns": {"department_id": ""},
        "plausible_month_end": {"month_end": date(1926, 10, 31)},
        "plausible_headcount": {"headcount": Decimal("-1")},
    },
    ("ledgers", "labor_rates"): {
        "required_keys": {"line": None},
        "filled_columns": {"labor_rate_id": None},
        "code_in_currency": {"currency": "12A"},
        "plausible_rate": {"hourly_rate": Decimal("-1")},
    },
    ("ledgers", "business_metrics"): {
        "required_keys": {"line": None},
        "filled_columns": {"value": None},
        "plausible_metric_date": {"metric_date": date(2126, 1, 1)},
        "someone_owns_it": {"initiative_id": ""},
    },
    ("ledgers", "exchange_rates"): {
        "required_keys": {"line": None},
        "filled_columns": {"rate_date": None},
        "plausible_rate_date": {"rate_date": date(1900, 1, 1)},
        "code_in_from_currency": {"from_currency": "E"},
        "code_in_to_currency": {"to_currency": "U"},
        "plausible_rate": {"to_currency": "EUR"},
    },
    ("ledgers", "people"): {
        "required_keys": {"line": None},
        "filled_columns": {"department_id": None},
        "valid_to_after_valid_from": {"valid_to": date(2026, 1, 1)},
    },
}


def complete(key: tuple[str, str], changes: dict[str, Any]) -> dict[str, Any]:
    row = dict.fromkeys(name for name, _ in STREAMS[key])
    if key[0] == "ledgers":
        row |= {"file": f"ledgers/{key[1]}.csv", "line": 2}
    return row | CLEAN[key] | changes


@contextmanager
def landed(folder: Path, key: tuple[str, str], *rows: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    landing, is_api = Landing(folder), key[0] in API or key in API_STREAMS
    with landing.batch(*key) as batch:
        batch.add_rows(DAY if is_api else "some/file.csv", list(rows), **(FACTS if is_api else {}))
    with duckdb.connect() as connection:
        landing.register(connection)
        yield connection


def test_every_rule_has_a_defect_here() -> None:
    rules = {(key, rule.name) for key, suite in SUITES.items() for rule in suite.rules}
    assert rules == {(key, name) for key, defects in DEFECTS.items() for name in defects}


@pytest.mark.parametrize("key", SUITES, ids="/".join)
def test_clean_rows_pass(tmp_path: Path, key: tuple[str, str]) -> None:
    with landed(tmp_path, key, complete(key, {})) as connection:
        outcome = validate(connection, {key: None})[key]
    assert (outcome.success, outcome.failures, outcome.rows) == (True, [], 1)


@pytest.mark.parametrize(
    ("key", "name"), [(key, name) for key, defects in DEFECTS.items() for name in defects], ids=lambda part: str(part)
)
def test_seeded_defect_is_named(tmp_path: Path, key: tuple[str, str], name: str) -> None:
    with landed(tmp_path, key, complete(key, {}), complete(key, DEFECTS[key][name])) as connection:
        outcome = validate(connection, {key: None})[key]
    assert not outcome.success
    assert outcome.rows == 2
    named = [failure for failure in outcome.failures if failure.startswith(f"{key[0]}/{key[1]}: {name}: ")]
    assert len(named) == 1, outcome.failures
    assert ": 1 of 2 rows break the rule that " in named[0]
    assert f"partition {DAY}" in named[0] or "partition some/file.csv" in named[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failure", "model": "", "custom_llm_provider": None},
        {"status": None},
        {"model": "", "prompt_tokens": 0, "completion_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0},
        {"has_token_evidence": False, "prompt_tokens": None, "completion_tokens": None},
    ],
)
def test_odd_but_correct_gateway_rows_pass(tmp_path: Path, changes: dict[str, Any]) -> None:
    key = ("litellm", "spend_logs")
    with landed(tmp_path, key, complete(key, changes)) as connection:
        assert validate(connection, {key: None})[key].failures == []


@pytest.mark.parametrize("changes", [{"request_id": ""}, {"request_id": None}, {"started_at": None}], ids=str)
def test_gateway_row_without_its_id_or_moment_is_noticed(tmp_path: Path, changes: dict[str, Any]) -> None:
    key = ("litellm", "spend_logs")
    with landed(tmp_path, key, complete(key, changes)) as connection:
        failures = validate(connection, {key: None})[key].failures
    assert any(": required_keys: 1 of 1 rows" in failure for failure in failures)


def test_parts_that_openai_does_not_report_are_not_compared(tmp_path: Path) -> None:
    key = ("openai", "usage_completions")
    parts = ("input_uncached_tokens", "input_cached_tokens", "input_cache_write_tokens", "input_audio_tokens")
    with landed(tmp_path, key, complete(key, dict.fromkeys(parts))) as connection:
        assert validate(connection, {key: None})[key].failures == []
