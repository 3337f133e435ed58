"""The three-way match, one provider per planted cause: each cause lands in its own line to the cent, and the residual stays zero.

Every provider uses a million tokens at ten dollars in July. What its bill or its ledger then does differently is the cause; the
expected lines are written down by hand.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.warehouse_rows import (
    build_warehouse,
    charge,
    declared_source,
    exchange_rate,
    ledger_accounts,
    posting,
    price,
    request,
    row,
)

JULY, AUGUST = "2026-07", "2026-08"
TOTALS = {"metered_list_cost", "billed_cost", "ledger_posting"}
FIRST_LEG = ["metered_list_cost", "discount", "unpriced_usage", "untracked_traffic", "credits", "metering_residual"]
SECOND_LEG = ["billed_cost", "tax", "currency", "prepaid_timing", "cut_off", "unposted_accrual"]
SECOND_LEG += ["subscription", "residual"]
MEMO = ["duplicates", "metering_difference", "accrual", "accrual_reversal", "repeated_requests"]

EXPECTED: dict[str, dict[str, dict[str, str]]] = {
    # provider: {period: {line: amount}}; every other line is zero, totals are checked by the legs
    "p_exact": {JULY: {}},
    "p_discount": {JULY: {"discount": "-2"}},
    "p_unpriced": {JULY: {"unpriced_usage": "5"}},
    "p_unlisted_and_nameless": {JULY: {"unpriced_usage": "6", "unposted_accrual": "-6"}},
    "p_unlisted_and_unbilled": {JULY: {"unposted_accrual": "-9"}},
    "p_untracked": {JULY: {"untracked_traffic": "3"}},
    "p_credit": {JULY: {"credits": "-1"}},
    "p_tax": {JULY: {"tax": "2"}},
    "p_tax_gross": {JULY: {"cut_off": "-10"}, AUGUST: {"cut_off": "10", "tax": "2"}},
    "p_currency": {JULY: {"currency": "1"}},
    "p_prepaid": {JULY: {"credits": "90", "prepaid_timing": "-90"}},
    "p_commitment": {JULY: {"credits": "40", "prepaid_timing": "-40"}},
    "p_support": {JULY: {"untracked_traffic": "6"}},
    "p_credited_later": {JULY: {"currency": "1", "cut_off": "4.8"}, AUGUST: {"cut_off": "-4.8"}},
    "p_stated_abroad": {JULY: {"cut_off": "-11"}, AUGUST: {"currency": "1", "cut_off": "11"}},
    "p_cut_off": {JULY: {"cut_off": "-10"}, AUGUST: {"cut_off": "10"}},
    "p_stated_period": {JULY: {"cut_off": "-10"}, AUGUST: {"cut_off": "10"}},
    "p_accrual": {JULY: {"unposted_accrual": "-10"}},
    "p_nearly_posted": {JULY: {"residual": "-0.5"}},
    "p_short": {JULY: {"unposted_accrual": "-0.51"}},
    "p_over_posted": {JULY: {"residual": "7"}},
    "p_seats": {JULY: {"subscription": "4", "unposted_accrual": "-10"}},
    "p_plan": {JULY: {"subscription": "5"}},
    "p_own_journal": {
        JULY: {"accrual": "10", "cut_off": "-10"},
        AUGUST: {"accrual_reversal": "-10", "cut_off": "10"},
    },
    "p_seen_twice": {JULY: {"metering_difference": "2"}},
    "p_duplicate": {JULY: {"duplicates": "-10", "unposted_accrual": "-10"}},
    "p_repeated": {JULY: {"repeated_requests": "10", "unposted_accrual": "-20"}},
}


def charges() -> list[dict[str, Any]]:
    metered = {"list_cost": None, "list_unit_price": None, "consumed_quantity": None, "consumed_unit": None}
    other = {**metered, "usage_type": "vector-storage-hours"}
    plain = ["p_exact", "p_untracked", "p_credit", "p_tax", "p_prepaid", "p_cut_off", "p_stated_period", "p_accrual"]
    plain += ["p_over_posted", "p_own_journal", "p_seen_twice", "p_nearly_posted", "p_short", "p_seats", "p_plan"]
    plain += ["p_commitment", "p_support", "p_tax_gross"]
    return [
        *[charge(provider) for provider in plain],
        charge("p_discount", billed_cost="8", effective_cost="8"),
        charge("p_unpriced", billed_cost="5", effective_cost="5", list_cost=None, list_unit_price=None),
        charge("p_unlisted_and_nameless", billed_cost="6", effective_cost="6", **other),
        charge("p_untracked", billed_cost="3", effective_cost="3", **other),
        charge("p_credit", billed_cost="-1", effective_cost="-1", **{**other, "charge_category": "Credit"}),
        *[
            charge(name, billed_cost="2", effective_cost="2", **{**other, "charge_category": "Tax"})
            for name in ("p_tax", "p_tax_gross")
        ],
        *[charge(name, billing_currency="EUR") for name in ("p_currency", "p_credited_later", "p_stated_abroad")],
        charge("p_commitment", billed_cost="40", effective_cost="0", **{**other, "charge_category": "Purchase"}),
        charge("p_support", billed_cost="6", effective_cost="6", **{**other, "charge_category": "Purchase"}),
    ]


def postings() -> list[dict[str, Any]]:
    at_once = {
        "p_exact": "10",
        "p_discount": "8",
        "p_unpriced": "5",
        "p_untracked": "13",
        "p_credit": "9",
        "p_tax": "10",
    }
    at_once |= {"p_prepaid": "10", "p_over_posted": "17", "p_seen_twice": "10", "p_commitment": "10", "p_support": "16"}
    return [
        *[posting(provider, amount) for provider, amount in at_once.items()],
        posting("p_tax", "2", journal_entry_id="JE-tax", account_type="tax"),
        posting("p_tax_gross", "12", "2026-08-05"),
        posting("p_currency", "10", currency="EUR"),
        posting("p_credited_later", "14", currency="EUR", exchange_rate=Decimal("1.20")),
        posting("p_credited_later", "-4", "2026-08-20", currency="EUR", exchange_rate=Decimal("1.20")),
        posting(
            *("p_stated_abroad", "10", "2026-08-05"),
            currency="EUR",
            exchange_rate=Decimal("1.20"),
            service_period=JULY,
        ),
        posting("p_cut_off", "10", "2026-08-05"),
        posting("p_stated_period", "10", "2026-08-05", service_period=JULY),
        posting("p_nearly_posted", "9.50", service_period=JULY),
        posting("p_short", "9.49", service_period=JULY),
        posting("p_seats", "4", account_number="5155"),
        posting("p_plan", "5", journal_entry_id="JE-plan", description="Claude TEAM Seats, July"),
        posting("p_plan", "10"),
        posting("p_own_journal", "10", "2026-07-31", journal_entry_id="TKN-ACC-1"),
        posting("p_own_journal", "-10", "2026-08-01", journal_entry_id="TKN-REV-1", is_reversal=True),
        posting("p_own_journal", "10", "2026-08-05"),
    ]


def registry(landing: Landing) -> None:
    given = {
        "company": [row("registry", "company", company_id="c")],
        "policy": [row("registry", "policy", policy_key="residual_alarm_ratio", policy_value="0.005")],
        "ledger_account_patterns": [ledger_accounts("^51.*$", "ai_cost_of_goods_sold")],
        "ledger_counterparties": [
            row(
                *("registry", "ledger_counterparties"),
                position=position,
                counterparty_pattern=f"^{provider}.*$",
                provider=provider,
                **{f"subscription_{of}_pattern": pattern},
            )
            for position, (provider, of, pattern) in enumerate(
                [("p_seats", "account", "^5155$"), ("p_plan", "description", "^.*seats.*$")], start=1
            )
        ],
        "sources": [declared_source("focus_files"), declared_source("litellm")],
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
            ),
            row(
                "registry",
                "contracts",
                contract_id="price_2026",
                provider="p_unlisted_and_unbilled",
                kind="price",
                model_pattern="^m$",
                token_class="input_uncached",
                price_per_million=Decimal(9),
                currency="USD",
            ),
        ],
    }
    for stream, rows in given.items():
        with landing.batch("registry", stream) as batch:
            batch.add_rows("current", rows)


def land_everything(landing: Landing) -> None:
    registry(landing)
    rows = {
        ("focus_files", "cost_and_usage"): charges(),
        ("ledgers", "general_ledger"): postings(),
        ("ledgers", "exchange_rates"): [exchange_rate("2026-07-10", "1.10"), exchange_rate("2026-07-31", "1.20")],
        ("litellm", "spend_logs"): [
            request("p_duplicate", "same", 1_000_000),
            request("p_duplicate", "same", 1_000_000),
            request("p_repeated", "on both days", 1_000_000),
            request("p_repeated", "on both days", 1_000_000, "2026-07-11"),
            request("p_seen_twice", "other", 1_200_000),
            request("p_unlisted_and_nameless", "unlisted", 1_000_000),
            request("p_unlisted_and_unbilled", "unbilled", 1_000_000),
        ],
        ("prices", "price_book"): [price(provider, "10") for provider in ("p_duplicate", "p_repeated", "p_seen_twice")],
    }
    for (source, stream), given in rows.items():
        with landing.batch(source, stream) as batch:
            batch.add_rows(
                "all", given, first_event_at="2026-07-10T00:00:00.000000Z", last_event_at="2026-07-11T00:00:00.000000Z"
            )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("bridge")
    landing = Landing(home / "landing")
    land_everything(landing)
    return build_warehouse(home, landing, ["reconciliation_by_provider_month"], as_of="2026-08-31")


@pytest.fixture(scope="module")
def listed_lines(warehouse: Path) -> list[tuple[str, int | None, bool, bool]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "select bridge_line, leg, is_total, is_memo from marts.reconciliation_by_provider_month "
            "group by all order by any_value(line_order)"
        ).fetchall()


@pytest.fixture(scope="module")
def bridge(warehouse: Path) -> dict[tuple[str, str], dict[str, Decimal]]:
    lines: dict[tuple[str, str], dict[str, Decimal]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
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


def test_the_purchase_of_a_prepaid_is_no_untracked_traffic(bridge):
    """100 bought and 10 drawn: 90 is not used yet, on the contract's balance as on one that the bill sells; support is used."""
    bought = {name: bridge[name, JULY] for name in ("p_prepaid", "p_commitment", "p_support")}
    assert {name: lines["untracked_traffic"] for name, lines in bought.items()} == {
        "p_prepaid": 0,
        "p_commitment": 0,
        "p_support": 6,
    }
    assert [bought["p_prepaid"][line] for line in ("billed_cost", "prepaid_timing")] == [100, -90]


def test_totals_are_what_was_metered_billed_and_posted(bridge):
    totals = {line: bridge["p_currency", JULY][line] for line in TOTALS}
    assert totals == {"metered_list_cost": Decimal(11), "billed_cost": Decimal(11), "ledger_posting": Decimal(12)}
    totals = {line: bridge["p_tax", JULY][line] for line in TOTALS}
    assert totals == {"metered_list_cost": Decimal(10), "billed_cost": Decimal(10), "ledger_posting": Decimal(12)}


def test_both_legs_sum_exactly_everywhere(bridge):
    for lines in bridge.values():
        assert sum(lines[line] for line in FIRST_LEG) == lines["billed_cost"]
        assert sum(lines[line] for line in SECOND_LEG) == lines["ledger_posting"]


def test_the_table_says_which_leg_a_line_belongs_to(listed_lines):
    """Written down by hand here alone: other tests read the columns."""
    assert [line for line, *_ in listed_lines] == [*FIRST_LEG, *SECOND_LEG, "ledger_posting", *MEMO]
    assert {line: leg for line, leg, _, _ in listed_lines} == {
        **dict.fromkeys([*FIRST_LEG, "billed_cost"], 1),
        **dict.fromkeys([*SECOND_LEG[1:], "ledger_posting"], 2),
        **dict.fromkeys(MEMO, None),
    }
    assert {line for line, _, is_total, _ in listed_lines if is_total} == TOTALS
    assert [line for line, _, _, is_memo in listed_lines if is_memo] == MEMO
