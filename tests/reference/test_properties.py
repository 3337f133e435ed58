"""What is true of every company's published money, whatever it comes to: each query gives the rows that contradict it.

COMPANIES=n looks at n companies; COMPANY=seed only at that one.
"""

import json
import os
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.reference.build import TABLES, tables
from tests.reference.changes import STATED_TOKENS, state_quantities, with_stranger, without
from tests.reference.company import Company, write
from tests.reference.draw import draw

SEEDS = [int(os.environ["COMPANY"])] if "COMPANY" in os.environ else range(int(os.environ.get("COMPANIES", "5")))
MODELS = (
    *TABLES,
    "accrual_journal_lines",
    "budget_status_by_department_month",
    "fct_ledger_entries",
    "fct_revenue",
    "fct_usage_shares",
    "focus_cost_and_usage",
    "gross_margin_by_customer_month",
    "gross_margin_by_initiative_month",
    "gross_margin_sensitivity_by_product_month",
    "model_right_sizing_by_department_month",
    "model_right_sizing_by_developer_month",
    "model_right_sizing_by_initiative_month",
    "spend_by_developer_day",
    "unit_economics_by_initiative_month",
)


def unequal(one: str, other: str, keys: str = "") -> str:
    """The keys for which two selections of ``keys`` and ``amount`` do not sum to the same; no keys: one total."""
    selections = f"(select * from ({one}) union all by name select * replace (-amount as amount) from ({other}))"
    return f"select {keys + ',' if keys else ''} sum(amount) as difference from {selections} group by all having sum(amount) <> 0"


COST = "select strftime(cost_date, '%Y-%m') as fiscal_period, *, allocated_cost as amount from fct_allocated_costs"


def cost(keys: str, where: str = "true") -> str:
    return f"select {keys}, amount from ({COST}) where {where}"


def column(table: str, keys: str, amount: str, where: str = "true") -> str:
    return f"select {keys}{',' if keys else ''} {amount} as amount from {table} where {where}"


IS_COGS = "cost_class = 'cost_of_goods_sold'"
BRIDGE = "reconciliation_by_provider_month"
PROPERTIES = {
    "allocated is effective, by provider and day": unequal(
        cost("provider, cost_date", "cost_basis = 'billed'"),
        column("fct_billed_costs", "provider, cost_date", "effective_cost"),
        "provider, cost_date",
    ),
    "leg 1 of the bridge sums to what is billed": unequal(
        column(BRIDGE, "provider, fiscal_period", "amount", "leg = 1 and bridge_line <> 'billed_cost'"),
        column(BRIDGE, "provider, fiscal_period", "amount", "bridge_line = 'billed_cost'"),
        "provider, fiscal_period",
    ),
    "leg 2 of the bridge sums to what is posted": unequal(
        column(
            BRIDGE,
            "provider, fiscal_period",
            "amount",
            "leg = 2 and bridge_line <> 'ledger_posting' or bridge_line = 'billed_cost'",
        ),
        column(BRIDGE, "provider, fiscal_period", "amount", "bridge_line = 'ledger_posting'"),
        "provider, fiscal_period",
    ),
    "billed cost and the timing of prepaids are the cost": unequal(
        cost("provider, fiscal_period"),
        column(BRIDGE, "provider, fiscal_period", "amount", "bridge_line in ('billed_cost', 'prepaid_timing')"),
        "provider, fiscal_period",
    ),
    "budget classes of a department sum to its cost": unequal(
        cost("department_id, fiscal_period", "department_id is not null"),
        column("budget_status_by_department_month", "department_id, fiscal_period", "spent_amount"),
        "department_id, fiscal_period",
    ),
    "only one source of a provider's day counts": "select provider, account_id, billing_date from fct_usage "
    "where is_counted group by all having count(distinct source) > 1",
    "product days sum to the cost of goods sold": unequal(
        cost("product_id", f"product_id is not null and {IS_COGS}"),
        column("gross_margin_by_product_day", "product_id", "ai_cogs"),
        "product_id",
    ),
    "product months sum to the cost of goods sold": unequal(
        cost("product_id, fiscal_period", f"product_id is not null and {IS_COGS}"),
        column("gross_margin_by_product_month", "product_id, fiscal_period", "ai_cogs"),
        "product_id, fiscal_period",
    ),
    "customers sum to the cost of goods sold": unequal(
        cost("fiscal_period", IS_COGS),
        column("gross_margin_by_customer_month", "fiscal_period", "ai_cogs"),
        "fiscal_period",
    ),
    "initiatives sum to their cost of goods sold": unequal(
        cost("fiscal_period", f"initiative_id is not null and {IS_COGS}"),
        column("gross_margin_by_initiative_month", "fiscal_period", "ai_cogs"),
        "fiscal_period",
    ),
    "the policy's classification is the margin's": unequal(
        column("gross_margin_by_product_month", "product_id, fiscal_period", "ai_cogs"),
        column(
            "gross_margin_sensitivity_by_product_month",
            "product_id, fiscal_period",
            "ai_cogs",
            "classification = 'policy'",
        ),
        "product_id, fiscal_period",
    ),
    "all of a product's cost is in the widest classification": unequal(
        cost("product_id, fiscal_period", "product_id is not null"),
        column(
            "gross_margin_sensitivity_by_product_month",
            "product_id, fiscal_period",
            "ai_cogs",
            "classification = 'all_ai_cost'",
        ),
        "product_id, fiscal_period",
    ),
    "unit economics sum to the cost of initiatives": unequal(
        cost("initiative_id, fiscal_period", "initiative_id is not null"),
        column("unit_economics_by_initiative_month", "initiative_id, fiscal_period", "allocated_cost"),
        "initiative_id, fiscal_period",
    ),
    "developers sum to the cost of actors": unequal(
        cost("actor_id, cost_date as day", "actor_id is not null"),
        column("spend_by_developer_day", "actor_id, spend_date as day", "allocated_cost"),
        "actor_id, day",
    ),
    "revenue of a product's known days is revenue": unequal(
        "select product_id, revenue_date as margin_date, revenue as amount from fct_revenue where (product_id, revenue_date) in "
        "(select (product_id, margin_date) from gross_margin_by_product_day where revenue is not null)",
        column("gross_margin_by_product_day", "product_id, margin_date", "revenue", "revenue is not null"),
        "product_id, margin_date",
    ),
    "revenue of customers is revenue": unequal(
        column("fct_revenue", "", "revenue"), column("gross_margin_by_customer_month", "", "revenue")
    ),
    "FOCUS rows sum to the bill": unequal(
        column("fct_billed_costs", "provider, billed_currency", "billed_amount"),
        column(
            'focus_cost_and_usage inner join fct_billed_costs on "x_BilledCostKey" = billed_cost_key',
            "provider, billed_currency",
            '"BilledCost"',
        ),
        "provider, billed_currency",
    ),
    "shares of usage are whole": "select usage_key from fct_usage_shares group by all having abs(sum(share_ratio) - 1) > 1e-9",
    "journals balance": "select journal_id from accrual_journal_lines group by all "
    "having sum(debit_amount - credit_amount) <> 0",
}


def contradictions(folder: Path, home: Path, company: Company) -> dict[str, list]:
    found = tables(folder, home, company.as_of, list(PROPERTIES.values()), MODELS)
    return {name: rows for name, rows in zip(PROPERTIES, found, strict=True) if rows}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_table_contradicts_another(seed: int, tmp_path: Path) -> None:
    company = draw(seed)
    write(company, tmp_path / "company")
    assert contradictions(tmp_path / "company", tmp_path / "home", company) == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_usage_that_bill_and_gateway_both_see_counts_once(seed: int, tmp_path: Path) -> None:
    company, _ = with_stranger(without(draw(seed), ["charges", "older_exports"]))
    write(company, tmp_path / "company")
    state_quantities(tmp_path / "company")
    used, costs = tables(tmp_path / "company", tmp_path / "home", company.as_of, [TOKENS, COSTS])
    assert {row["provider"]: row["tokens"] for row in used} == counted_tokens(company)
    (without_quantities,) = tables(
        written(company, tmp_path / "other"), tmp_path / "other_home", company.as_of, [COSTS]
    )
    assert costs == without_quantities


TOKENS = """
select provider, cast(sum(quantity) as bigint) as tokens from fct_usage
where is_counted and unit = 'tokens' group by all"""
COSTS = """
select provider, cost_date, cost_basis, sum(allocated_cost) as cost from fct_allocated_costs
group by all having sum(allocated_cost) <> 0 order by all"""


def counted_tokens(company: Company) -> dict[str, int]:
    """Tokens by provider: those that the bill states on the days that it covers, those of the gateway on all others."""
    found: dict[str, int] = defaultdict(int)
    first_days: dict[str, date] = {}
    for charge in company.charges:
        provider = charge.seller.name
        first_days[provider] = min(charge.day, first_days.get(provider, charge.day))
        if charge.day <= company.as_of:
            found[provider] += STATED_TOKENS
    for call in company.calls:
        first, day = first_days.get(call.seller.name), call.started_at.astimezone(UTC).date()
        covered = first is not None and company.billed_through is not None and first <= day <= company.billed_through
        if (
            call.succeeded
            and not covered
            and call.started_at.astimezone(ZoneInfo(company.zone)).date() <= company.as_of
        ):
            found[call.seller.name] += sum(call.tokens.values())
    return dict(found)


def written(company: Company, folder: Path) -> Path:
    write(company, folder)
    return folder


@pytest.mark.parametrize("seed", SEEDS)
def test_the_liability_is_the_cost_until_it_is_posted_and_then_nothing(seed: int, tmp_path: Path) -> None:
    company = replace(without(draw(seed), ["balances"]), as_of=date(2026, 11, 30))
    folder = written(company, tmp_path / "company")
    (costs,) = tables(folder, tmp_path / "home", company.as_of, [PERIOD_COSTS])
    owed = {
        (row["provider"], row["fiscal_period"]): round(row["cost"], MINOR_UNIT_DIGITS.get(company.currency, 2))
        for row in costs
    }
    post(folder, company.currency, {key: amount for key, amount in owed.items() if amount > 0})
    (liabilities,) = tables(folder, tmp_path / "home_posted", company.as_of, [LIABILITIES], ["accrual_journal_lines"])
    found = {(row["provider"], row["fiscal_period"]): row["amount"] for row in liabilities}
    assert found == {key: amount for key, amount in owed.items() if amount > 0}
    assert {row["left"] for row in liabilities} <= {0}


PERIOD_COSTS = """
select provider, fiscal_period, sum(amount) as cost from reconciliation_by_provider_month
where bridge_line in ('billed_cost', 'prepaid_timing') group by all"""
LIABILITIES = """
select
    provider, strftime(posting_date, '%Y-%m') as fiscal_period, sum(credit_amount - debit_amount) as amount,
    (select sum(credit_amount - debit_amount) from accrual_journal_lines where account_number = '2100') as left
from accrual_journal_lines
where account_number = '2100' and not is_reversal
group by all"""
MINOR_UNIT_DIGITS = {"JPY": 0, "KWD": 3}
ACCOUNTS = {
    "cost_of_goods_sold": "5100",
    "research_and_development": "6100",
    "selling_and_administration": "6200",
    "accrued_liabilities": "2100",
}


def post(folder: Path, currency: str, costs: dict[tuple[str, str], Decimal]) -> None:
    """Add books in which each month's cost of a provider is posted on the fifth of the next month."""
    declared = json.loads((folder / "company.yaml").read_text())
    declared |= {"ledger_accounts": {"51*": "ai_cost_of_goods_sold"}, "posting_accounts": ACCOUNTS}
    (folder / "company.yaml").write_text(json.dumps(declared))
    with (folder / "ledgers" / "general_ledger.csv").open("w") as file:
        file.write(
            "legal_entity_id,journal_entry_id,journal_line_number,posting_date,account_number,account_name,account_class,"
            "debit_amount,credit_amount,currency,counterparty_name\n"
        )
        for (provider, month), amount in costs.items():
            day = f"2026-{int(month[5:]) + 1:02}-05"
            entry = f"e,{provider}-{month}"
            file.write(f"{entry},1,{day},5100,AI,expense,{amount},0,{currency},{provider}\n")
            file.write(f"{entry},2,{day},2000,Payable,liability,0,{amount},{currency},{provider}\n")
