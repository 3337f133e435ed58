"""Marts of two months written by hand: everything in order, and one statement per thing that may be wrong with them."""

import duckdb

TABLES = {
    "fct_usage": (
        "usage_date date, provider varchar, model_id varchar, token_class varchar, unit varchar, quantity decimal(38, 0), "
        "pricing_status varchar, is_counted boolean, list_cost decimal(38, 12), initiative_id varchar, "
        "department_id varchar, project_id varchar, api_key_id varchar, usage_key varchar, "
        "allocation_rule_id varchar, list_unit_price_per_million decimal(18, 6), list_price_currency varchar, "
        "source varchar generated always as (if(is_counted, provider, 'litellm'))"
    ),
    "fct_allocated_costs": (
        "cost_date date, provider varchar, model_id varchar, allocation_method varchar, cost_basis varchar, "
        "allocated_cost decimal(38, 12), reporting_currency varchar, department_id varchar, budget_class varchar"
    ),
    "ingestion_outcomes": (
        "source varchar, status varchar, rows bigint, watermark_at timestamptz, loaded_at timestamptz, reason varchar, "
        "partition varchar, unnamed_rows bigint, unnamed_amount decimal(38, 9), stream varchar"
    ),
    "accrual_journals_left_out": (
        "fiscal_period varchar, provider varchar, service_period varchar, credit_role varchar, missing_roles varchar, "
        "amount decimal(38, 9)"
    ),
    "accrual_journals_not_reversed": (
        "fiscal_period varchar, provider varchar, legal_entity_id varchar, journal_id varchar, reversal_date date, "
        "finding varchar, amount decimal(38, 9)"
    ),
    "fct_ledger_entries": (
        "fiscal_period varchar, posting_date date, account_role varchar, product_id varchar, net_amount decimal(38, 9)"
    ),
    "reconciliation_by_provider_month": (
        "fiscal_period varchar, provider varchar, bridge_line varchar, amount decimal(38, 12)"
    ),
}
CLEAN = """
insert into fct_usage values
    ('2026-10-05', 'openai', 'm', 'output', 'tokens', 10, 'priced', true, 1, 'chat', null, 'p', 'k', 'u1', 'r', null, null),
    ('2026-10-05', 'openai', 'm', 'request', 'requests', 10, 'unpriced', true, null, 'chat', null,
        'p', 'k', 'u2', 'r', null, null),
    ('2026-10-05', 'openai', 'seen_twice', 'output', 'tokens', 7, 'unpriced', false, null, null, null,
        'p', 'k', 'u3', 'r', null, null);
insert into fct_allocated_costs values
    ('2026-09-05', 'openai', 'm', 'direct', 'billed', 900, 'USD', 'ops', 'core'),
    ('2026-09-05', 'openai', 'm', 'unallocated', 'billed', 100, 'USD', null, null),
    ('2026-10-05', 'openai', 'm', 'direct', 'billed', 1000, 'USD', 'ops', 'core');
insert into ingestion_outcomes values
    ('focus_files', 'loaded', 2, null, null, null, 'focus/aws.csv', 0, 0, 'cost_and_usage');
insert into reconciliation_by_provider_month
select period, 'openai', line, if(line = 'billed_cost', 1000, 0)
from unnest(['2026-08', '2026-09', '2026-10']) as periods (period), unnest([
    'billed_cost', 'unpriced_usage', 'untracked_traffic', 'duplicates', 'other_cogs_left_out', 'metering_residual', 'residual'
]) as lines (line)
"""
LINE = (
    "update reconciliation_by_provider_month set amount = {amount} "
    "where fiscal_period = '{period}' and bridge_line = '{line}'"
)
FAULTS = {
    "usage_is_priced": (
        "insert into fct_usage values "
        "('2026-09-07', 'openai', 'x', 'output', 'tokens', 5, 'unpriced', true, null, 'chat', null, "
        "'p', 'k', 'u4', 'r', null, null)"
    ),
    "cost_has_an_owner": (
        "insert into fct_allocated_costs values "
        "('2026-10-06', 'openai', 'm', 'unallocated', 'metered', 112.000000000001, 'USD', null, null)"
    ),
    "cloud_charges_name_a_service": (
        "insert into ingestion_outcomes values "
        "('focus_files', 'loaded', 2, null, null, null, 'focus/azure.csv', 2, 7, 'cost_and_usage')"
    ),
    "accruals_have_accounts": (
        "insert into accrual_journals_left_out values "
        "('2026-09', 'openai', '2026-08', 'accrued_liabilities', 'selling_and_administration', 50)"
    ),
    "accruals_are_reversed": (
        "insert into accrual_journals_not_reversed values "
        "('2026-09', 'mistral', 'le1', 'TKN-ACC-mistral-2026-09', '2026-10-01', 'not_reversed', 300)"
    ),
    "no_untracked_traffic": LINE.format(amount="3.000000000001", period="2026-10", line="untracked_traffic"),
    "no_duplicates": LINE.format(amount="-2", period="2026-09", line="duplicates"),
    "other_cogs_are_counted": LINE.format(amount="7", period="2026-10", line="other_cogs_left_out"),
    "residuals_within_policy": LINE.format(amount="-5.000000000001", period="2026-10", line="residual"),
}


def write_small_marts(connection: duckdb.DuckDBPyConnection, *faults: str) -> None:
    """Into schema ``marts``, which becomes the current one; ``faults`` are names in :data:`FAULTS` or statements."""
    connection.execute("create schema marts; set schema = 'marts'")
    for name, columns in TABLES.items():
        connection.execute(f"create table {name} ({columns})")
    connection.execute(CLEAN)
    for fault in faults:
        connection.execute(FAULTS.get(fault, fault))
