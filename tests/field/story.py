"""A company to which everything happens that users of such tools complain about, one provider for each pain.

Built, published and closed for July; then late rows, corrected prices and a new rate arrive, and it is built and
published again. Gateway calls are a million tokens of model ``m`` at ten dollars unless a row says otherwise.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.close.decide import close_period
from orchestration.landing.store import Landing
from orchestration.prices.book import list_prices
from orchestration.publish.snapshot import publish
from tests.dbt_project.warehouse_rows import (
    build_warehouse,
    charge,
    declared_source,
    exchange_rate,
    ledger_accounts,
    moment,
    posting,
    price,
    request,
    row,
)

AS_OF, ZONE = date(2026, 8, 31), "Asia/Kolkata"
MODELS = (
    "fct_usage",
    "fct_allocated_costs",
    "fct_billed_costs",
    "reconciliation_by_provider_month",
    "period_adjustments",
)
MILLION = 1_000_000
PRIVATE_MODEL = "gpt-6-sol-private"
CLASS_PRICES = {"input_uncached": "10", "cache_read": "1", "output": "50"}
CLASS_PRICES |= {"cache_write_other": "12.5", "cache_write_5m": "12.5", "cache_write_1h": "20"}
CACHING = ("openai", "anthropic", "openrouter", "gateway_cached")
FIRST_EVENT, LAST_EVENT = "2026-07-09T00:00:00.000000Z", "2026-08-31T00:00:00.000000Z"
Rows = dict[tuple[str, str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Story:
    """``first`` and ``last`` are the publications before the close and after the late facts."""

    first: Path
    last: Path

    def query(self, text: str, when: str = "last") -> list[tuple]:
        folder = self.first if when == "first" else self.last
        with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
            return connection.execute(text).fetchall()


def tell(home: Path) -> Story:
    landing = Landing(home / "landing")
    _land(landing, registry())
    _land(landing, facts())
    first = _publish(home, landing, "first")
    close_period(home, "2026-07", "cfo@company.example")
    _land(landing, facts_known_later())
    return Story(first, _publish(home, landing, "last"))


def _land(landing: Landing, rows: Rows) -> None:
    for (source, stream), given in rows.items():
        with landing.batch(source, stream) as batch:
            batch.add_rows("all", given, first_event_at=FIRST_EVENT, last_event_at=LAST_EVENT)


def _publish(home: Path, landing: Landing, run_id: str) -> Path:
    warehouse = build_warehouse(home, landing, MODELS, as_of=AS_OF.isoformat(), zone=ZONE)
    with duckdb.connect(str(warehouse)) as connection:
        facts_of_run = {"run_id": run_id, "company_id": "c", "version": "1", "policy_version": "p"}
        return publish(connection, home, as_of=AS_OF, **facts_of_run).folder


def registry() -> Rows:
    names = {"openai": False, "anthropic": False, "openrouter": False, "litellm": True, "focus_files": True}
    rule = {"project_id_pattern": "^proj_batch$", "initiative_id": "night_batch"}
    return {
        ("registry", "company"): [row("registry", "company", company_id="c")],
        ("registry", "sources"): [declared_source(name, is_file_source=is_file) for name, is_file in names.items()],
        ("registry", "ledger_account_patterns"): [ledger_accounts("^51.*$", "ai_cost_of_goods_sold")],
        ("registry", "initiatives"): [row("registry", "initiatives", initiative_id="night_batch", stage="experiment")],
        ("registry", "ownership_rules"): [row("registry", "ownership_rules", rule_id="batch", priority=1, **rule)],
    }


def facts() -> Rows:
    return {
        ("prices", "price_book"): prices(),
        ("litellm", "spend_logs"): gateway_calls(),
        ("openai", "usage_completions"): openai_usage(),
        ("openai", "costs"): openai_bill(),
        ("anthropic", "usage"): [anthropic_usage()],
        ("openrouter", "activity"): [openrouter_activity()],
        ("focus_files", "cost_and_usage"): charges(),
        ("ledgers", "general_ledger"): postings(),
        ("ledgers", "exchange_rates"): [exchange_rate("2026-07-10", "1.10"), exchange_rate("2026-08-10", "1.20")],
    }


def facts_known_later() -> Rows:
    """A July call that came late, a price that was wrong, a list price that changes, and the rate of the day."""
    now, later = facts(), [price("list_changes", "1", valid_from=date(2026, 8, 25))]
    until = [price("list_changes", "5", valid_from=date(2026, 7, 20), valid_to=date(2026, 8, 25))]
    kept = [
        one
        for one in now["prices", "price_book"]
        if one["provider"] != "wrong_price" and not (one["provider"] == "list_changes" and one["valid_from"])
    ]
    return {
        ("prices", "price_book"): [*kept, *until, *later, price("wrong_price", "4")],
        ("litellm", "spend_logs"): [*now["litellm", "spend_logs"], request("late", "late_2", MILLION, "2026-07-31")],
        ("ledgers", "exchange_rates"): [*now["ledgers", "exchange_rates"], exchange_rate("2026-08-31", "2.00")],
    }


def prices() -> list[dict[str, Any]]:
    by_class = [
        price(provider, per_million, token_class=name)
        for provider in CACHING
        for name, per_million in CLASS_PRICES.items()
    ]
    return [
        *by_class,
        *list_prices("openai", "gpt-6-sol").rows,
        *list_prices("openai", PRIVATE_MODEL).rows,
        price("openai", "5", price_variant="batch"),
        *[price(provider, "10") for provider in ("twice", "late", "wrong_price", "near_midnight")],
        price("list_changes", "10", valid_to=date(2026, 7, 20)),
        price("list_changes", "5", valid_from=date(2026, 7, 20)),
    ]


def gateway_calls() -> list[dict[str, Any]]:
    cached: dict[str, Any] = {"cache_read_tokens": 600_000, "cache_write_tokens": 100_000, "completion_tokens": 10_000}
    near_midnight = {"midnight_1": (9, 18, 29), "midnight_2": (9, 18, 31), "midnight_3": (10, 3, 0)}
    return [
        request("gateway_cached", "cached", MILLION, **cached),
        *[request("twice", "same", MILLION) for _ in range(3)],
        request("twice", "same", MILLION, status="failure"),
        request("late", "late_1", MILLION),
        request("wrong_price", "wrong_1", MILLION),
        request("wrong_price", "wrong_2", MILLION, "2026-08-10"),
        request("list_changes", "list_1", MILLION, "2026-07-19"),
        request("list_changes", "list_2", MILLION, "2026-07-20"),
        *[
            request("near_midnight", name, 100_000, started_at=datetime(2026, 7, *at, tzinfo=UTC))
            for name, at in near_midnight.items()
        ],
    ]


def openai_usage() -> list[dict[str, Any]]:
    def usage(project: str, **given: Any) -> dict[str, Any]:
        standard = {
            "start_time": moment("2026-07-10T05:00:00"),
            "end_time": moment("2026-07-10T06:00:00"),
            "api_key_id": f"key_of_{project}",
            "model": "m",
            "batch": False,
            "service_tier": "default",
            "input_tokens": MILLION,
            "input_uncached_tokens": MILLION,
            "input_cached_tokens": 0,
            "input_cache_write_tokens": 0,
            "output_tokens": 0,
            "num_model_requests": 100,
        }
        return row("openai", "usage_completions", project_id=project, **{**standard, **given})

    cached = {"input_uncached_tokens": 300_000, "input_cached_tokens": 600_000, "input_cache_write_tokens": 100_000}
    return [
        usage("proj_cached", output_tokens=10_000, **cached),
        usage("proj_batch", batch=True, user_id="user_7"),
        usage("proj_private", model=PRIVATE_MODEL),
    ]


def openai_bill() -> list[dict[str, Any]]:
    lines = {"proj_cached": ("5.35", "m"), "proj_batch": ("5", "m"), "proj_private": ("3", PRIVATE_MODEL)}
    return [
        row(
            *("openai", "costs"),
            start_time=moment("2026-07-10"),
            end_time=moment("2026-07-11"),
            organization_id="org",
            project_id=project,
            amount=amount,
            currency="usd",
            line_item=f"{model}, input",
        )
        for project, (amount, model) in lines.items()
    ]


def anthropic_usage() -> dict[str, Any]:
    return row(
        *("anthropic", "usage"),
        starting_at=moment("2026-07-10T05:00:00"),
        ending_at=moment("2026-07-10T06:00:00"),
        organization_id="org",
        model="m",
        service_tier="standard",
        uncached_input_tokens=300_000,
        cache_creation_5m_input_tokens=100_000,
        cache_creation_1h_input_tokens=0,
        cache_read_input_tokens=600_000,
        output_tokens=10_000,
        web_search_requests=0,
        requests=100,
    )


def openrouter_activity() -> dict[str, Any]:
    return row(
        *("openrouter", "activity"),
        start_time=moment("2026-07-10"),
        end_time=moment("2026-07-11"),
        api_key_id="k",
        model="m",
        usage="5.1",
        requests=100,
        prompt_tokens=MILLION,
        cached_tokens=600_000,
        completion_tokens=10_000,
        reasoning_tokens=4_000,
    )


def charges() -> list[dict[str, Any]]:
    """A bill that is 45 % above the meter, a cause a day; and one in euros in two months."""
    no_tokens: dict[str, Any] = {
        "list_cost": None,
        "list_unit_price": None,
        "consumed_quantity": None,
        "consumed_unit": None,
    }
    no_tokens |= {"usage_type": "vector-storage-hours"}

    def billed(day: int, amount: str, **given: Any) -> dict[str, Any]:
        span = {
            "charge_period_start": moment(f"2026-07-{day}"),
            "charge_period_end": moment(f"2026-07-{day + 1}"),
        }
        return charge("far_bill", billed_cost=amount, effective_cost=amount, **{**span, **given})

    august = {"charge_period_start": moment("2026-08-10"), "charge_period_end": moment("2026-08-11")}
    return [
        billed(10, "8"),
        billed(11, "5", list_cost=None, list_unit_price=None),
        billed(12, "3", **no_tokens),
        billed(13, "-1.5", **{**no_tokens, "charge_category": "Credit"}),
        billed(14, "2", **{**no_tokens, "charge_category": "Tax"}),
        charge("in_euros", billing_currency="EUR"),
        charge("in_euros", billing_currency="EUR", **august),
    ]


def postings() -> list[dict[str, Any]]:
    return [
        posting("far_bill", "14.5"),
        posting("far_bill", "2", journal_entry_id="JE-tax", account_type="tax"),
        posting("far_bill", "0.5", journal_entry_id="JE-odd"),
    ]
