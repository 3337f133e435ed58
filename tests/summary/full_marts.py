"""A publication by hand of everything that the summary shows: the figures of September and of the first 20 days of October.

Machine words everywhere a table has them: codes, ids with underscores, a key that is a hash.
"""

KEY = "310b7fe6431ab3bccef2f6424a09b31c79555333f80a93d39545ab977c7de19e"
STATEMENTS = (
    "create table dim_dates as select cast(day as date) as calendar_date, strftime(day, '%Y-%m') as fiscal_period, "
    "2026 as fiscal_year from generate_series(date '2026-01-01', date '2026-12-31', interval 1 day) as days (day)",
    "create table dim_initiatives as from (values "
    "('lead_research', 'Lead research', 'person@company.example', true), ('code_helper', 'Code helper', null, true), "
    "('ticket_triage', 'Ticket triage', null, true)) as initiatives (initiative_id, name, owner, is_current)",
    "create table dim_departments as from (values ('ops', 'Operations', true), ('rnd', 'Research', true)) "
    "as departments (department_id, name, is_current)",
    "create table dim_products as from (values ('prod_desk', 'Helpdesk', true), ('prod_laws', 'Clauses', true)) "
    "as products (product_id, name, is_current)",
    "create table dim_api_keys as from (values ('openai', 'key_pilot', 'Unclaimed pilot')) as keys (provider, api_key_id, name)",
    "create table focus_cost_and_usage as select 'proj_box' as \"SubAccountId\", 'Sandbox' as \"SubAccountName\"",
    "delete from fct_allocated_costs",
    "insert into fct_allocated_costs values "
    "('2026-09-05', 'openai', 'm', 'direct', 'billed', 500, 'USD', 'ops', 'core'), "
    "('2026-09-21', 'openai', 'm', 'direct', 'billed', 700, 'USD', 'ops', 'core'), "
    "('2026-09-05', 'merge_gateway', 'm', 'unallocated', 'metered', 100, 'USD', null, null), "
    "('2026-10-05', 'openai', 'm', 'direct', 'billed', 750, 'USD', 'ops', 'core'), "
    "('2026-10-06', 'openai', 'm', 'direct', 'billed', 150, 'USD', 'rnd', 'core')",
    f"insert into fct_usage values ('2026-10-05', 'mistral', 'm', 'output', 'tokens', 10, 'priced', true, 3, null, null, "
    f"null, '{KEY}', 'u7', null, null, null), "
    "('2026-10-05', 'openai', 'm', 'output', 'tokens', 10, 'priced', true, 5, null, null, 'proj_box', "
    "'key_pilot', 'u8', null, null, null), "
    "('2026-10-06', 'openai', 'm', 'request', 'requests', 368, 'unmeasured', true, 0, 'x', null, 'p', "
    "'k', 'u4', 'r', null, null)",
    "create table gross_margin_by_product_month as from (values "
    "('prod_desk', '2026-10', 1000.005, 200.001, 50.002, 750.002, 0.74999825, 0.8, true, null, 'estimated', 20, true, "
    "1000.005, 200.001, 50.002, 60, 0, 'inferred'), "
    "('prod_laws', '2026-10', null, 10, 0, null, null, 0.7, null, 'revenue_not_reported', 'posted', 0, true, null, 0, 0, 0, 0, "
    "null), "
    "('prod_desk', '2026-09', 900, 100, 80, 720, 0.8, 0.8, false, null, 'posted', 30, false, 900, 100, 80, "
    "80, 900, 'stated')) as margins (product_id, "
    "fiscal_period, revenue, ai_cogs, other_cogs, gross_profit, gross_margin_ratio, target_gross_margin_ratio, "
    "is_below_target, gross_margin_null_reason, other_cogs_basis, days_compared, is_partial, "
    "compared_revenue, compared_ai_cogs, compared_other_cogs, posted_other_cogs, posted_revenue, revenue_basis)",
    "create table fct_billed_costs (source varchar, provider varchar, account_id varchar, cost_date date)",
    "create table source_day_gaps as from (values "
    "('litellm', null, 'missing', date '2026-10-03', date '2026-10-04', 2), "
    "('focus_files', 'aws', 'missing', date '2026-08-31', date '2026-08-31', 1), "
    "('openai', null, 'incomplete', date '2026-10-20', date '2026-10-20', 1)) as gaps (source, provider, status, first_date, "
    "last_date, days)",
    "create table incidents as from (values "
    f"(timestamptz '2026-10-14 01:00:00+00', timestamptz '2026-10-14 01:50:00+00', '{KEY}', 'growing_context', 22.1625, 7.245), "
    "(timestamptz '2026-10-20 22:30:00+00', null, 'key_pilot', 'steady_hammer', 3.5, 12.25), "
    "(timestamptz '2026-09-01 00:10:00+00', timestamptz '2026-09-01 00:30:00+00', 'key_pilot', 'velocity', 40, 90), "
    "(timestamptz '2026-08-31 22:00:00+00', timestamptz '2026-08-31 23:59:00+00', 'key_pilot', 'velocity', 500, 90)) "
    "as incidents (started_at, ended_at, api_key_id, kind, incident_cost, cost_per_hour), "
    "(select null as department_id, 'found' as reason)",
    "create table month_end_projection as from (values "
    "(date '2026-10-20', 'company', 'acme', '2026-10', 11, 900, 1300, 1250, 1400, 0), "
    "(date '2026-10-20', 'department', 'ops', '2026-10', 11, 750, 1100, 1050, 1150, 0), "
    "(date '2026-10-20', 'initiative', 'lead_research', '2026-10', 11, 1, 2, 1, 3, 0)) as projection (as_of_date, entity_type, "
    "entity_id, fiscal_period, days_left, spent_amount, projected_amount, projected_low, projected_high, days_missing)",
    "create table budget_status_by_department_month as from (values "
    "('2026-10', 'ops', 'core', 800, 'flexible', 760, 750, 0.98684, 'ok', 'USD'), "
    "('2026-10', 'ops', 'experimentation', 200, 'budget', 200, 0, 0, 'ok', 'USD'), "
    "('2026-10', 'rnd', 'core', 100, 'flexible', 120, 150, 1.25, 'over_budget', 'USD')) as budgets (fiscal_period, "
    "department_id, budget_class, budget_amount, budget_basis, allowance_amount, spent_amount, burn_ratio, status, "
    "reporting_currency)",
    "create table budget_status_by_initiative as select date '2026-10-20' as as_of_date, 'lead_research' as initiative_id, "
    "100.0 as allocated_amount, 80.0 as spent_amount, date '2026-09-01' as starts_on, date '2026-12-31' as expires_on, "
    "'alert_80' as status, null::date as projected_exhaustion_date, 'USD' as reporting_currency",
    "create table fct_budget_movements as select 'grant:lead_research:2026-10-02' as movement_id, 'grant' as kind, "
    "'pool:experimentation:ops' as account, date '2026-10-02' as effective_on, -30.5 as amount, "
    "'lead_research' as initiative_id, 'ops' as department_id, 'USD' as reporting_currency",
    "create table core_demotions_by_initiative as select 'code_helper' as initiative_id, 0.14 as unit_cost, "
    "0.11 as limit_unit_cost, 0.09 as verified_unit_cost, date '2026-09-10' as above_since, 41 as days_above, "
    "true as is_flagged_for_return",
    "create table run_rate_by_company_day as select date '2026-10-20' as as_of_date, 1350.0 as run_rate_monthly, "
    "1300.0 as run_rate_low, 1400.0 as run_rate_high, 16200.0 as run_rate_annual, 'fail' as stability_status, "
    "'growth_uncertain,cap_bound' as stability_reasons",
    "create table run_rate_by_department_day as select date '2026-10-20' as as_of_date, 'ops' as department_id, "
    "1100.0 as run_rate_monthly, null::decimal(9, 2) as run_rate_low, null::decimal(9, 2) as run_rate_high, "
    "13200.0 as run_rate_annual, 'stable' as stability_status, '' as stability_reasons",
    "create table graduation_readiness as from (values "
    "(date '2026-10-20', 'ticket_triage', true, date '2026-10-18', '', 61.71), "
    "(date '2026-10-20', 'lead_research', false, null, '3,4', null)) as readiness (as_of_date, initiative_id, is_ready, "
    "first_ready_date, blocking_gates, verified_run_rate)",
    "create table graduation_gates as from (values "
    "(date '2026-10-20', 'lead_research', 3, 'guardrail', 'fail', "
    "'cap_above_declared: 90.00 a day in force, declared 3.00; no_drill: no refused request is on record'), "
    "(date '2026-10-20', 'lead_research', 4, 'stability', 'insufficient', null)) as gates (as_of_date, initiative_id, "
    "gate_number, gate_name, status, reason)",
    "create table period_adjustments (closed_period varchar, booked_period varchar, table_name varchar, column_name varchar, "
    "entity varchar, amount decimal(38, 12), reason varchar, reporting_currency varchar)",
    "create table rejected_rows as select 'ledgers' as source, 'ledgers/revenue.csv' as file, 7 as line, "
    "'product_id' as column_name, null as value, 'is empty' as reason, 12.5 as amount, 'EUR' as currency",
    "insert into ingestion_outcomes values "
    "('ledgers', 'empty', 0, null, null, null, 'ledgers/budgets.csv', 0, 0, 'rejected_rows'), "
    "('openai', 'empty', 0, '2026-11-28 09:08:54.940571Z', null, null, '2026-10-02', 0, 0, 'usage_other'), "
    "('openai', 'loaded', 1234, '2026-11-28 09:08:51.940571Z', null, null, '2026-10-02', 0, 0, 'costs')",
)
