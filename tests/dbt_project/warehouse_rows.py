"""Rows of landed streams as a test writes them down, and the warehouse that the project's models make of them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.gateway_days import find_changed_days
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS
from tests.dbt_project.compiled_models import build


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


def request(provider: str, request_id: str, tokens: int, day: str = "2026-07-10", **given: Any) -> dict[str, Any]:
    """A succeeded call of model ``m`` through the gateway with ``tokens`` of prompt."""
    standard = {
        "started_at": moment(day),
        "api_key": "k",
        "model": "m",
        "custom_llm_provider": provider,
        "status": "success",
        "prompt_tokens": tokens,
        "completion_tokens": 0,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "has_token_evidence": True,
    }
    return row("litellm", "spend_logs", request_id=request_id, **{**standard, **given})


def declared_source(name: str, *, is_file_source: bool = True) -> dict[str, Any]:
    return row(
        *("registry", "sources"),
        source=name,
        mode="files" if is_file_source else "api",
        is_enabled=True,
        is_file_source=is_file_source,
        settle_lag_hours=0,
    )


def ledger_accounts(pattern: str, role: str) -> dict[str, Any]:
    return row("registry", "ledger_account_patterns", position=1, account_pattern=pattern, account_role=role)


def price(provider: str, per_million: str, **given: Any) -> dict[str, Any]:
    standard = {
        "model_id": "m",
        "price_variant": "standard",
        "token_class": "input_uncached",
        "context_tier_start": 0,
        "price_per_million": Decimal(per_million),
    }
    return row("prices", "price_book", **{"provider": provider, **standard, **given})


def exchange_rate(day: str, rate: str) -> dict[str, Any]:
    """US dollars for a euro."""
    return row(
        *("ledgers", "exchange_rates"),
        rate_date=date.fromisoformat(day),
        from_currency="EUR",
        to_currency="USD",
        rate=Decimal(rate),
    )


def build_warehouse(home: Path, landing: Landing, models: Iterable[str], *, as_of: str, zone: str = "UTC") -> Path:
    """Build ``models``, and whatever they read, anew from what is landed; the path of the warehouse."""
    warehouse = home / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(warehouse)) as connection:
        landing.register(connection)
        connection.execute(
            f"create or replace table landing.run_parameters as select date '{as_of}' as as_of_date, "
            f"'{zone}' as reporting_time_zone, 'USD' as reporting_currency, 2 as minor_unit_digits, "
            "1 as fiscal_year_start_month, "
            "'c' as company_id, 'v' as policy_version, true as rebuilds_gateway"
        )
        find_changed_days(connection, landing, zone, full_refresh=True)
        build(connection, models)
    return warehouse
