"""Open amounts as SQL on published tables, and what to do about each. The same statements serve ``status`` and the
warnings on the assets; whether an amount warns is decided in :mod:`orchestration.policy.open_amounts`.

A connection given here finds the marts without a schema prefix.
"""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.glossary import in_words
from orchestration.policy.open_amounts import (
    OPEN_LINES,
    BridgeMonth,
    OpenAmount,
    OwnerlessShare,
    judged_months,
    open_amounts,
    ownerless_share,
)
from orchestration.publish.evidence import plain

RATE_REMEDY = (
    "its price is in {currency}, and no exchange rate is known on these days: add it to ledgers/exchange_rates*.csv; a rate "
    "serves its day and the seven after it"
)
PRICE_REMEDY = (
    "add a price for the model to contracts.yaml (kind: price, with its currency), or wait for the next price list"
)
UNMEASURED_REMEDY = (
    "the gateway logged no tokens for them, so they have no cost here; let it log the usage of streamed answers "
    "(LiteLLM: always_include_stream_usage: true), then load its log again"
)
OWNER_REMEDY = "add a rule to ownership.yaml that matches this project or key"
REMEDIES = {
    "unpriced_usage": "add prices for the models under Usage without a price to contracts.yaml (kind: price)",
    "untracked_traffic": "declare the source that meters it in sources.yaml, or accept it as cost without usage",
    "duplicates": "already removed, no cost is doubled; stop exporting the same requests twice",
    "repeated_requests": "one request id stands on several days and counts on each: see whether an export moved its days, "
    "and withdraw the file that did",
    "other_cogs_left_out": "post the provider's AI bill to an account of an AI role in ledger_accounts of company.yaml: with "
    "none there, other cost of goods sold may hold it and would count twice",
    "metering_residual": "compare usage and bill by day: missing days stand in source_day_gaps, prices in contracts.yaml",
    "residual": "check this provider's postings: ledger_counterparties and ledger accounts in company.yaml, an invoice "
    "posted twice or an accrual of your own that was not reversed, a posting without a bill, or a bill whose currency is not "
    "the one it names",
}

LEFT_OUT = """
select fiscal_period, provider, service_period, credit_role, missing_roles, amount
from accrual_journals_left_out
where fiscal_period = (select max(fiscal_period) from accrual_journals_left_out)
order by all
"""

NOT_REVERSED_REMEDIES = {
    "not_reversed": (
        "post the reversal, dated the day it was due or in the first open month after it; of an accrual that was posted "
        "twice, reverse the second copy: until then the books hold this amount beside the invoice"
    ),
    "reversed_beyond": (
        "take back what was reversed beyond the accrual, by an entry in the first open month, or post the accrual if it never "
        "was: until then the books lack this amount"
    ),
    "reversed_elsewhere": (
        "move the reversal to the account of the accrual, by an entry in the first open month: this amount stands in that "
        "account, and is missing in the one that was credited"
    ),
}
"""By what was found of an accrual in the ledger."""
NOT_REVERSED = """
select fiscal_period, provider, legal_entity_id, journal_id, reversal_date, finding, amount
from accrual_journals_not_reversed order by all
"""


def account_remedy(roles: str) -> str:
    """What lets a journal be proposed; ``roles`` as they are written in company.yaml."""
    return f"give {roles} an account under posting_accounts in company.yaml"


def price_remedy(without_rate: str | None) -> str:
    """What gives usage a cost: a price, or where that is known a rate of the currency that it is in."""
    return RATE_REMEDY.format(currency=without_rate) if without_rate else PRICE_REMEDY


def owner_remedy(provider: str, owned_by_source: str | None) -> str:
    """What gives usage an owner: a rule, or the count of another source, whose view of the provider rules own already."""
    if owned_by_source is None:
        return OWNER_REMEDY
    return (
        f"rules own what {in_words(owned_by_source, 'source')} saw of {in_words(provider, 'provider')}: let its usage count "
        f"(metering: {{{provider}: {owned_by_source}}} in sources.yaml), or {OWNER_REMEDY}"
    )


UNPRICED = """
select
    provider, case when unit = 'tokens' then model_id else concat_ws(' ', model_id, unit) end as model_id,
    sum(quantity) as tokens, min(usage_date) as first_date, max(usage_date) as last_date, unit,
    case when bool_and(list_unit_price_per_million is not null) then any_value(list_price_currency) end as without_rate
from fct_usage
where pricing_status = 'unpriced' and is_counted and token_class <> 'request'
group by provider, unit, 2 order by unit = 'tokens' desc, tokens desc, 2
"""

UNMEASURED = """
select
    provider, model_id,
    sum(quantity) filter (where pricing_status = 'unmeasured') as requests,
    sum(quantity) as all_requests,
    min(usage_date) filter (where pricing_status = 'unmeasured') as first_date,
    max(usage_date) filter (where pricing_status = 'unmeasured') as last_date
from fct_usage
where token_class = 'request' and is_counted
group by provider, model_id
having sum(quantity) filter (where pricing_status = 'unmeasured') > 0
order by requests desc, provider, model_id
"""

REJECTED_REMEDY = "correct the rows in the file; each stands in rejected_rows with its reason"
REJECTED = """
select
    source, file, currency, count(*) as "rows", sum(amount) as amount,
    count(*) - count(amount) as rows_without_amount, min(line) as first_line, min_by(reason, line) as first_reason
from (
    select source, file, line, any_value(amount) as amount, any_value(currency) as currency, min(reason) as reason
    from rejected_rows where source <> 'prices' group by source, file, line
)
group by source, file, currency order by source, file, currency
"""
"""What the refused rows of each file are worth: no published table holds that money."""

BRIDGE = f"""
select provider, bridge_line, fiscal_period, amount, billed_cost, billed_in_all
from (
    select
        *,
        sum(amount) filter (where bridge_line = 'billed_cost') over (partition by provider, fiscal_period) as billed_cost,
        sum(amount) filter (where bridge_line = 'billed_cost') over (partition by provider) as billed_in_all
    from reconciliation_by_provider_month
)
where bridge_line in {OPEN_LINES} and amount <> 0
order by all
"""

SHARES = """
select
    strftime(cost_date, '%Y-%m'), sum(allocated_cost),
    coalesce(sum(allocated_cost) filter (where allocation_method = 'unallocated'), 0)
from fct_allocated_costs
where strftime(cost_date, '%Y-%m') in (?, ?)
group by all order by all
"""


def read_bridge(
    connection: duckdb.DuckDBPyConnection, as_of: date, residual_alarm_ratio: Decimal | None
) -> list[OpenAmount]:
    """The open lines of the bridge, judged."""
    rows = connection.execute(BRIDGE).fetchall()
    return open_amounts((BridgeMonth(*row) for row in rows), as_of, residual_alarm_ratio)


def read_shares(
    connection: duckdb.DuckDBPyConnection, as_of: date, unallocated_alarm_ratio: Decimal | None
) -> list[OwnerlessShare]:
    """Cost without an owner of the month of ``as_of`` and the one before, judged; a month without cost is absent."""
    rows = connection.execute(SHARES, list(judged_months(as_of))).fetchall()
    return [ownerless_share(month, spend, nobodys, unallocated_alarm_ratio) for month, spend, nobodys in rows]


def bridge_as_json(one: OpenAmount) -> dict[str, Any]:
    """Every digit as text, with the remedy."""
    return {**_plain(one), "warned_months": list(one.warned_months), "remedy": REMEDIES[one.bridge_line]}


def share_as_json(one: OwnerlessShare) -> dict[str, Any]:
    """Every digit of money as text; the ratio to six places."""
    return {**_plain(one), "ratio": None if one.ratio is None else f"{one.ratio:.6f}"}


def _plain(one: OpenAmount | OwnerlessShare) -> dict[str, Any]:
    return {name: plain(value) for name, value in asdict(one).items()}
