"""The three-way match, one provider per planted cause: each cause lands in its own line to the cent, and the residual stays zero.

Every provider uses a million tokens at ten dollars in July. What its bill or its ledger then does differently is the cause; the
expected lines are written down by hand.
"""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.connectors.landing import Landing
from orchestration.connectors.streams import STREAMS

PROJECT = Path(__file__).parents[2] / "dbt_project"
JULY, AUGUST = "2026-07", "2026-08"
TOTALS = {"metered_list_cost", "billed_cost", "ledger_posting"}

EXPECTED: dict[str, dict[str, dict[str, str]]] = {
    # provider: {period: {line: amount}}; every other line is zero, totals are checked by the legs
    "p_exact": {JULY: {}},
    "p_discount": {JULY: {"discount": "-2"}},
    "p_unpriced": {JULY: {"unpriced_usage": "5"}},
    "p_untracked": {JULY: {"untracked_traffic": "3"}},
    "p_credit": {JULY: {"credits": "-1"}},
    "p_tax": {JULY: {"tax": "2"}},
    "p_currency": {JULY: {"currency": "1"}},
    "p_prepaid": {JULY: {"untracked_traffic": "100", "credits": "-10", "prepaid_timing": "-90"}},
    "p_cut_off": {JULY: {"cut_off": "-10"}, AUGUST: {"cut_off": "10"}},
    "p_stated_period": {JULY: {"cut_off": "-10"}, AUGUST: {"cut_off": "10"}},
    "p_accrual": {JULY: {"unposted_accrual": "-10"}},
    "p_over_posted": {JULY: {"residual": "7"}},
    "p_own_journal": {
        JULY: {"accrual": "10", "cut_off": "-10"},
        AUGUST: {"accrual_reversal": "-10", "cut_off": "10"},
    },
    "p_seen_twice": {JULY: {"metering_difference": "2"}},
    "p_duplicate": {JULY: {"duplicates": "-10", "unposted_accrual": "-10"}},
}


def moment(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def row(source: str, stream: str, /, **given: Any) -> dict[str, Any]:
    """A row of the stream with every column that is not given null."""
    return {name: None for name, _ in STREAMS[source, stream]} | given


def charge(provider: str, **given: Any) -> dict[str, Any]:
    standard = {
        "billed_cost": "10",
        "effective_cost": "10",
        "list_cost": "10",
        "list_unit_price": "0.01",
        "billing_currency": "USD",
        "charge_category": "Usage",
        "consumed_quantity": "1000",
        "consumed_unit": "1K tokens",
        "usage_type": "model-input-tokens",
        "provider_name": provider,
        "charge_period_start": moment("2026-07-10"),
        "charge_period_end": moment("2026-07-11"),
    }
    return row("focus_files", "cost_and_usage", **{**standard, **given})


def charges() -> list[dict[str, Any]]:
    metered = {"list_cost": None, "list_unit_price": None, "consumed_quantity": None, "consumed_unit": None}
    other = {**metered, "usage_type": "vector-storage-hours"}
    plain = ["p_exact", "p_untracked", "p_credit", "p_tax", "p_prepaid", "p_cut_off", "p_stated_period", "p_accrual"]
    plain += ["p_over_posted", "p_own_journal", "p_seen_twice"]
    return [
        *[charge(provider) for provider in plain],
        charge("p_discount", billed_cost="8", effective_cost="8"),
        charge("p_unpriced", billed_cost="5", effective_cost="5", list_cost=None, list_unit_price=None),
        charge("p_untracked", billed_cost="3", effective_cost="3", **other),
        charge("p_credit", billed_cost="-1", effective_cost="-1", **{**other, "charge_category": "Credit"}),
        charge("p_tax", billed_cost="2", effective_cost="2", **{**other, "charge_category": "Tax"}),
        charge("p_currency", billing_currency="EUR"),
    ]


def posting(provider: str, amount: str, day: str = "2026-07-31", **given: Any) -> dict[str, Any]:
    value = Decimal(amount)
    standard = {
        "legal_entity_id": "HO1",
        "journal_entry_id": f"JE-{provider}-{day}",
        "journal_line_number": "1",
        "posting_date": date.fromisoformat(day),
        "account_number": "5100",
        "debit_amount": max(value, Decimal(0)),
        "credit_amount": max(-value, Decimal(0)),
        "currency": "USD",
        "counterparty_name": provider,
        "is_balanced_entry": True,
    }
    return row("ledgers", "general_ledger", **{**standard, **given})


def postings() -> list[dict[str, Any]]:
    at_once = {
        "p_exact": "10",
        "p_discount": "8",
        "p_unpriced": "5",
        "p_untracked": "13",
        "p_credit": "9",
        "p_tax": "10",
    }
    at_once |= {"p_prepaid": "10", "p_over_posted": "17", "p_seen_twice": "10"}
    return [
        *[posting(provider, amount) for provider, amount in at_once.items()],
        posting("p_tax", "2", journal_entry_id="JE-tax", account_type="tax"),
        posting("p_currency", "10", currency="EUR"),
        posting("p_cut_off", "10", "2026-08-05"),
        posting("p_stated_period", "10", "2026-08-05", service_period=JULY),
        posting("p_own_journal", "10", "2026-07-31", journal_entry_id="TKN-ACC-1"),
        posting("p_own_journal", "-10", "2026-08-01", journal_entry_id="TKN-REV-1", is_reversal=True),
        posting("p_own_journal", "10", "2026-08-05"),
    ]


def request(provider: str, request_id: str, tokens: int) -> dict[str, Any]:
    return row(
        "litellm",
        "spend_logs",
        request_id=request_id,
        started_at=moment("2026-07-10"),
        api_key="k",
        model="m",
        custom_llm_provider=provider,
        status="success",
        prompt_tokens=tokens,
        completion_tokens=0,
        cache_read_tokens=0,
        cache_write_tokens=0,
        has_token_evidence=True,
    )


def registry(landing: Landing) -> None:
    given = {
        "company": [row("registry", "company", company_id="c")],
        "ledger_account_patterns": [
            row(
                "registry",
                "ledger_account_patterns",
                position=1,
                account_pattern="^51.*$",
                account_role="ai_cost_of_goods_sold",
            )
        ],
        "sources": [
            row(
                "registry",
                "sources",
                source=name,
                mode="files",
                is_enabled=True,
                is_file_source=True,
                settle_lag_hours=0,
            )
            for name in ("focus_files", "litellm")
        ],
        "contracts": [
            row(
                "registry",
                "contracts",
                contract_id="prepaid_2026",
                provider="p_prepaid",
                kind="prepaid",
                amount=Decimal(100),
                currency="USD",
                valid_from=date(2026, 7, 1),
            )
        ],
    }
    for stream, rows in given.items():
        with landing.batch("registry", stream) as batch:
            batch.add_rows("current", rows)


def land_everything(landing: Landing) -> None:
    registry(landing)
    rates = [("2026-07-10", "1.10"), ("2026-07-31", "1.20")]
    prices = [
        row(
            "prices",
            "price_book",
            provider=provider,
            model_id="m",
            price_variant="standard",
            token_class="input_uncached",
            context_tier_start=0,
            price_per_million=Decimal(10),
        )
        for provider in ("p_duplicate", "p_seen_twice")
    ]
    rows = {
        ("focus_files", "cost_and_usage"): charges(),
        ("ledgers", "general_ledger"): postings(),
        ("ledgers", "exchange_rates"): [
            row(
                "ledgers",
                "exchange_rates",
                rate_date=date.fromisoformat(day),
                from_currency="EUR",
                to_currency="USD",
                rate=Decimal(rate),
            )
            for day, rate in rates
        ],
        ("litellm", "spend_logs"): [
            request("p_duplicate", "same", 1_000_000),
            request("p_duplicate", "same", 1_000_000),
            request("p_seen_twice", "other", 1_200_000),
        ],
        ("prices", "price_book"): prices,
    }
    for (source, stream), given in rows.items():
        with landing.batch(source, stream) as batch:
            batch.add_rows(
                "all", given, first_event_at="2026-07-10T00:00:00.000000Z", last_event_at="2026-07-11T00:00:00.000000Z"
            )


@pytest.fixture(scope="module")
def bridge(tmp_path_factory) -> dict[tuple[str, str], dict[str, Decimal]]:
    home = tmp_path_factory.mktemp("bridge")
    landing = Landing(home / "landing")
    land_everything(landing)
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        landing.register(connection)
        connection.execute(
            "create table landing.run_parameters as select date '2026-08-31' as as_of_date, 'UTC' as reporting_time_zone, "
            "'USD' as reporting_currency, 1 as fiscal_year_start_month, 'c' as company_id, 'v' as policy_version, "
            "cast(null as date) as gateway_window_start, cast(null as date) as gateway_window_end"
        )
    environment = {
        **os.environ,
        "DBT_PROFILES_DIR": str(PROJECT),
        "TOKENOMICS_WAREHOUSE": str(home / "warehouse.duckdb"),
    }
    command = [str(Path(sys.executable).parent / "dbt"), "-q", "run", "--select", "+reconciliation_by_provider_month"]
    command += ["--target-path", str(home / "dbt"), "--log-path", str(home / "dbt")]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines: dict[tuple[str, str], dict[str, Decimal]] = {}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        sql = "select provider, fiscal_period, bridge_line, amount from marts.reconciliation_by_provider_month"
        for provider, period, line, amount in connection.execute(sql).fetchall():
            lines.setdefault((provider, period), {})[line] = amount
    return lines


@pytest.mark.parametrize(
    ("provider", "period"), [(name, period) for name, periods in EXPECTED.items() for period in periods]
)
def test_each_cause_lands_in_its_own_line_to_the_cent(bridge, provider, period):
    seen = {line: amount for line, amount in bridge[provider, period].items() if amount and line not in TOTALS}
    assert seen == {line: Decimal(amount) for line, amount in EXPECTED[provider][period].items()}


def test_totals_are_what_was_metered_billed_and_posted(bridge):
    totals = {line: bridge["p_currency", JULY][line] for line in TOTALS}
    assert totals == {"metered_list_cost": Decimal(11), "billed_cost": Decimal(11), "ledger_posting": Decimal(12)}
    totals = {line: bridge["p_tax", JULY][line] for line in TOTALS}
    assert totals == {"metered_list_cost": Decimal(10), "billed_cost": Decimal(10), "ledger_posting": Decimal(12)}


def test_both_legs_sum_exactly_everywhere(bridge):
    first = {"metered_list_cost", "discount", "unpriced_usage", "untracked_traffic", "credits", "metering_residual"}
    second = {"billed_cost", "tax", "currency", "prepaid_timing", "cut_off", "unposted_accrual", "residual"}
    for lines in bridge.values():
        assert sum(lines[line] for line in first) == lines["billed_cost"]
        assert sum(lines[line] for line in second) == lines["ledger_posting"]
