"""Collect the summary from ``HOME/published``: one plain dictionary, money as exact text, ready for JSON.

Every answer is a query on promised columns of published tables. A table that is not published leaves its answer
empty, and its name in ``missing_tables``; nothing is guessed.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration import utc_duckdb
from orchestration.publish.evidence import plain
from orchestration.publish.snapshot import ALARMS
from orchestration.published import read_manifest
from orchestration.summary.names import make_names
from orchestration.summary.open_amounts import (
    LEFT_OUT,
    NOT_REVERSED,
    NOT_REVERSED_REMEDIES,
    OWNER_REMEDY,
    REJECTED,
    REJECTED_REMEDY,
    UNMEASURED,
    UNMEASURED_REMEDY,
    UNPRICED,
    account_remedy,
    bridge_as_json,
    owner_remedy,
    price_remedy,
    read_bridge,
    read_shares,
    share_as_json,
)
from orchestration.summary.periods import Periods, read_periods
from orchestration.summary.standing_budgets import Standing, is_news, read_standing

TOP = 5


class NotPublished(Exception):
    """There is no publication in this home, or none that this version reads."""


def collect(published: Path) -> dict[str, Any]:
    """The summary of the publication at ``published``; raises :class:`NotPublished` when there is none."""
    folder = published.resolve()
    manifest = read_manifest(folder)
    if manifest is None:
        raise NotPublished(f"nothing is published in {published.parent}; run: tokenomics run")
    try:
        return _collect(folder, manifest)
    except duckdb.BinderException:
        raise NotPublished(
            f"{published} was published by another version of tokenomics, whose tables have other columns; "
            "run: tokenomics run"
        ) from None


def _collect(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    as_of, alarms = manifest["as_of"], _alarms(manifest)
    day = date.fromisoformat(as_of)
    with utc_duckdb.connect(folder / "marts.duckdb", read_only=True) as connection:
        missing: set[str] = set()

        def holds(*tables: str) -> bool:
            absent = set(tables) - set(manifest["tables"])
            missing.update(absent)
            return not absent

        def query(tables: str, text: str, *values: Any) -> list[dict[str, Any]]:
            return _rows(connection, text, list(values)) if holds(*tables.split()) else []

        def known(table: str, read: Callable[..., list[Any]], ratio: str) -> list[Any]:
            return read(connection, day, alarms[ratio]) if holds(table) else []

        make_names(connection, holds)
        periods = read_periods(connection, day, holds)
        shares = known("fct_allocated_costs", read_shares, "unallocated_alarm_ratio")
        bridge = known("reconciliation_by_provider_month", read_bridge, "residual_alarm_ratio")
        spans = [as_of, periods.first, periods.previous_first, periods.previous_last, periods.compared_last]
        gates = query("graduation_readiness graduation_gates", GATES, as_of)
        return {
            "company_id": manifest["company_id"],
            "company_name": manifest.get("company_name") or manifest["company_id"],
            "as_of": as_of,
            "run_id": manifest["run_id"],
            "published_at": manifest["published_at"],
            "is_simulated": bool(manifest.get("is_simulated", False)),
            "reporting_currency": _one(query("fct_allocated_costs", CURRENCY), "reporting_currency"),
            "periods": periods.as_json(),
            "spend": query("fct_allocated_costs", SPEND, periods.previous_first),
            "spend_by_provider": query("fct_allocated_costs", SPEND_COMPARED, *spans),
            "spend_year_to_date": _one(query("fct_allocated_costs", YEAR_TO_DATE, periods.year_first, as_of), "spend"),
            "margin_by_product": query("gross_margin_by_product_month", MARGIN, as_of),
            "other_cogs_without_product": query(
                "fct_ledger_entries", OTHER_COGS_WITHOUT_PRODUCT, periods.previous_first, as_of
            ),
            "budgets": query("budget_status_by_department_month fct_allocated_costs", BUDGETS, *_of(periods)),
            "budgeted_months": [
                row["fiscal_period"] for row in query("budget_status_by_department_month", BUDGETED_MONTHS)
            ],
            "projection": query("month_end_projection", PROJECTION, as_of),
            "run_rate": query("run_rate_by_company_day run_rate_by_department_day", RUN_RATE, as_of, as_of),
            "unpriced": [
                {**row, "remedy": price_remedy(row["without_rate"])}
                for row in query("fct_usage", f"{UNPRICED} limit {TOP}")
            ],
            "unmeasured": _with_remedy(query("fct_usage", UNMEASURED), UNMEASURED_REMEDY),
            "unallocated": _with_remedy(
                query("fct_allocated_costs", UNALLOCATED, periods.previous_first), OWNER_REMEDY
            ),
            "unallocated_share": [share_as_json(one) for one in shares],
            "open_amounts": [bridge_as_json(one) for one in bridge],
            "journals_left_out": [
                {**row, "remedy": account_remedy(row["missing_roles"])}
                for row in query("accrual_journals_left_out", LEFT_OUT)
            ],
            "accruals_not_reversed": [
                {**row, "remedy": NOT_REVERSED_REMEDIES[row["finding"]]}
                for row in query("accrual_journals_not_reversed", NOT_REVERSED)
            ],
            "changed_after_close": _with_remedy(
                query("period_adjustments", CHANGED_AFTER_CLOSE, periods.fiscal_period), CHANGED_REMEDY
            ),
            "unowned_usage": [
                {**row, "remedy": owner_remedy(row["provider"], row["owned_by_source"])}
                for row in query("fct_usage", UNOWNED)
            ],
            "budget_alerts": [_as_json(one) for one in read_standing(connection, day, holds) if is_news(one, day)],
            "core_demotions": [
                {**row, "remedy": RETURN_REMEDY.format(**row)}
                for row in query("core_demotions_by_initiative", DEMOTIONS)
            ],
            "initiatives": [
                {**row, "gates_in_the_way": [gate for gate in gates if gate["initiative_id"] == row["initiative_id"]]}
                for row in query("graduation_readiness graduation_gates", INITIATIVES, as_of, as_of)
            ],
            "missing_days": [
                {**row, "remedy": DAYS_REMEDY[row["status"]]}
                for row in (
                    *query(
                        "source_day_gaps fct_allocated_costs fct_billed_costs",
                        MISSING_DAYS,
                        periods.previous_first,
                        as_of,
                    ),
                    *query("source_day_gaps fct_billed_costs", LATE_ACCOUNTS, as_of),
                )
            ],
            "incidents": _with_remedy(query("incidents", INCIDENTS, periods.previous_first), INCIDENT_REMEDY),
            "rejected_rows": _with_remedy(query("rejected_rows", REJECTED), REJECTED_REMEDY),
            "ingestion": query("ingestion_outcomes", INGESTION),
            "reads": query("ingestion_outcomes", READS),
            "missing_tables": sorted(missing),
            "pages_not_written": manifest.get("pages_not_written", {}),
        }


def _of(periods: Periods) -> list[Any]:
    return [periods.fiscal_period, periods.first, periods.as_of]


RETURN_REMEDY = (
    "lower its cost per unit, or return it: tokenomics budget return {initiative_id} AMOUNT --approver EMAIL"
)

CHANGED_REMEDY = (
    "book it in the open month: the tables of a closed month stay as they were closed; row by row it stands in "
    "period_adjustments and on the reconciliation page"
)
CHANGED_AFTER_CLOSE = """
select
    closed_period, booked_period,
    sum(amount) filter (where table_name = 'fct_allocated_costs' and column_name = 'allocated_cost') as cost,
    sum(amount) filter (where table_name = 'fct_revenue' and column_name = 'revenue') as revenue
from period_adjustments
where booked_period >= ?
group by closed_period, booked_period
having cost is not null or revenue is not null
order by closed_period, booked_period
"""

DAYS_REMEDY = {
    "missing": "export these days again, then run: what they cost is in no figure, and a bill of other days is shared by the "
    "usage that is there; if nothing was used on days like these, say empty_days: zero for the source in sources.yaml",
    "incomplete": "add the newer log or bill, then run: what these days cost is in no figure; where there was nothing to bill, "
    "say complete_through for the source in sources.yaml",
}
LATE_DAYS = 2
"""So many days before the end of the as-of day a log or bill may end and is not late: the day of its last row is seldom whole."""
_ACCOUNT_GAPS = """
with days as (
    select distinct source, provider, account_id, cost_date from fct_billed_costs where account_id is not null
),
spans as (
    select
        *,
        count(*) over (
            partition by source, provider, account_id
            order by cost_date range between interval 27 days preceding and current row
        ) as days_before,
        lead(cost_date) over (partition by source, provider, account_id order by cost_date) as next_day
    from days
),
account_gaps as (
    select
        spans.source, spans.provider, spans.account_id, gaps.status, cast(spans.cost_date + 1 as date) as first_date,
        cast(spans.next_day - 1 as date) as last_date, cast(spans.next_day - spans.cost_date - 1 as bigint) as days
    from spans
    inner join source_day_gaps as gaps
        on spans.source = gaps.source and spans.provider = gaps.provider and gaps.status = 'missing'
            and gaps.first_date <= spans.cost_date + 1 and gaps.last_date >= spans.next_day - 1
    where spans.next_day > spans.cost_date + 1 and spans.days_before >= 14 and exists (
        select 1 from days
        where days.source = spans.source and days.provider = spans.provider and days.account_id <> spans.account_id
    )
),
named_days as (
    select source, provider, cast(unnest(generate_series(first_date, last_date, interval 1 day)) as date) as day
    from account_gaps
)
"""
"""What the bill of one of a provider's accounts, with charges on most of the 28 days before, leaves out."""
MISSING_DAYS = f"""
{_ACCOUNT_GAPS}
select source, provider, cast(null as varchar) as account_id, status, first_date, last_date, days
from source_day_gaps as gaps
where last_date >= cast($1 as date) and first_date <= cast($2 as date) and (
    status = 'missing' and days > (
        select count(distinct day) from named_days
        where named_days.source = gaps.source and named_days.provider = gaps.provider
            and day between gaps.first_date and gaps.last_date
    ) or status = 'incomplete' and last_date = cast($2 as date) and days > {LATE_DAYS} and not exists (
        select 1 from fct_allocated_costs as costs
        where costs.cost_date > gaps.first_date and costs.provider = coalesce(gaps.provider, gaps.source)
    )
)
union all
select source, provider, account_id, status, first_date, last_date, days from account_gaps
where last_date >= cast($1 as date) and first_date <= cast($2 as date)
order by first_date, source, provider, account_id
"""
"""Days that a source leaves out, with the account where it is one's alone, and those since the end of a log or bill of which
nothing else tells the cost.
"""
LATE_ACCOUNTS = f"""
with days as (
    select distinct source, provider, account_id, cost_date from fct_billed_costs where account_id is not null
),
ends as (
    select *, max(cost_date) over (partition by source, provider, account_id) as last_day from days
),
accounts as (
    select source, provider, account_id, last_day from ends
    where cost_date > last_day - 28
    group by all having count(*) >= 14
)
select
    accounts.source, accounts.provider, accounts.account_id, gaps.status, cast(last_day + 1 as date) as first_date,
    gaps.last_date, cast(gaps.last_date - last_day as bigint) as days
from accounts
inner join source_day_gaps as gaps
    on accounts.source = gaps.source and accounts.provider = gaps.provider and gaps.status = 'incomplete'
        and gaps.first_date <= last_day + 1 and gaps.last_date = cast($1 as date)
where gaps.last_date - last_day > {LATE_DAYS} and exists (
    select 1 from days
    where days.source = accounts.source and days.provider = accounts.provider and days.cost_date > last_day
)
order by first_date, accounts.source, accounts.provider, accounts.account_id
"""
"""Billing accounts with charges on most days, whose bill has ended while that of another account of the provider goes on."""

INCIDENT_REMEDY = "see the guardrails page for what each did, and cap such keys under caps in guardrails.yaml"
INCIDENTS = """
select
    kind, api_key_id, names.name as key_name, department_id, started_at, ended_at, incident_cost, cost_per_hour, reason
from incidents
left join (select id, max(name) as name from key_names group by id) as names on api_key_id = names.id
where ended_at is null or cast(ended_at at time zone 'UTC' as date) >= cast(? as date)
order by ended_at is not null, incident_cost desc, started_at, api_key_id
"""
"""Those that go on, then those of this month and the one before, the dearest first."""

CURRENCY = "select max(reporting_currency) as reporting_currency from fct_allocated_costs"

SPEND = """
select
    fiscal_period as month,
    provider,
    sum(allocated_cost) as spend,
    sum(case when allocation_method = 'unallocated' then allocated_cost else 0 end) as unallocated
from fct_allocated_costs
inner join period_days on cost_date = calendar_date
where cost_date >= cast(? as date)
group by all order by month, provider
"""

SPEND_COMPARED = """
with days as (select cast(? as date) as as_of, cast(? as date) as first, cast(? as date) as previous_first,
    cast(? as date) as previous_last, cast(? as date) as compared_last)
select
    provider,
    coalesce(sum(allocated_cost) filter (where cost_date between previous_first and previous_last), 0) as previous_spend,
    coalesce(sum(allocated_cost) filter (where cost_date between previous_first and compared_last), 0) as compared_spend,
    coalesce(sum(allocated_cost) filter (where cost_date between first and as_of), 0) as spend,
    coalesce(sum(allocated_cost) filter (
        where cost_date between previous_first and previous_last and allocation_method = 'unallocated'), 0
    ) as previous_unallocated,
    coalesce(sum(allocated_cost) filter (
        where cost_date between previous_first and compared_last and allocation_method = 'unallocated'), 0
    ) as compared_unallocated,
    coalesce(sum(allocated_cost) filter (where cost_date between first and as_of and allocation_method = 'unallocated'), 0)
        as unallocated
from fct_allocated_costs
cross join days
where cost_date between previous_first and as_of
group by provider order by provider
"""

YEAR_TO_DATE = """
select sum(allocated_cost) as spend from fct_allocated_costs
where cost_date between cast(? as date) and cast(? as date)
"""

BUDGETS = """
with budgets as (
    select department_id, budget_class, budget_amount, budget_basis, allowance_amount, spent_amount, burn_ratio, status
    from budget_status_by_department_month where fiscal_period = ?
),
spent as (
    select department_id, budget_class, sum(allocated_cost) as spent_amount
    from fct_allocated_costs where cost_date between cast(? as date) and cast(? as date)
    group by department_id, budget_class having sum(allocated_cost) <> 0
),
shown as (
    from budgets
    union all by name
    select spent.*, 'no_budget' as status
    from spent
    left join budgets
        on spent.department_id = budgets.department_id and spent.budget_class = budgets.budget_class
    where budgets.department_id is null
)
select shown.*, names.name
from shown
left join department_names as names on shown.department_id = names.id
order by shown.department_id nulls last, budget_class nulls last
"""

BUDGETED_MONTHS = """
select distinct fiscal_period from budget_status_by_department_month where status <> 'no_budget' order by 1
"""

PROJECTION = """
select
    entity_type, entity_id, fiscal_period, days_left, spent_amount, projected_amount, projected_low, projected_high,
    days_missing
from month_end_projection where as_of_date = cast(? as date) and entity_type <> 'initiative' order by 1, 2
"""

MARGIN = """
with shown as (
    select max(fiscal_period) as period from gross_margin_by_product_month
    where fiscal_period <= (select fiscal_period from period_days where calendar_date = cast(? as date))
),
earlier as (
    select
        product_id, gross_margin_ratio as previous_ratio, is_partial as previous_is_partial,
        days_compared as previous_days_compared
    from gross_margin_by_product_month
    where fiscal_period = (select max(fiscal_period) from period_days where fiscal_period < (select period from shown))
)
select
    margins.product_id, names.name, fiscal_period, revenue, ai_cogs, other_cogs, gross_profit,
    gross_margin_ratio, target_gross_margin_ratio, is_below_target, gross_margin_null_reason, other_cogs_basis,
    days_compared, is_partial, compared_revenue, compared_ai_cogs, compared_other_cogs, posted_other_cogs, posted_revenue,
    revenue_basis, previous_ratio, previous_is_partial, previous_days_compared
from gross_margin_by_product_month as margins
left join product_names as names on margins.product_id = names.id
left join earlier on margins.product_id is not distinct from earlier.product_id
where fiscal_period = (select period from shown)
order by margins.product_id nulls last
"""

OTHER_COGS_WITHOUT_PRODUCT = """
select fiscal_period, sum(net_amount) as amount
from fct_ledger_entries
where account_role = 'other_cost_of_goods_sold' and product_id is null
    and posting_date between cast(? as date) and cast(? as date)
group by fiscal_period having sum(net_amount) <> 0 order by fiscal_period desc
"""

RUN_RATE = """
select
    'company' as entity_type, 'company' as entity_id, 'the company' as name,
    run_rate_monthly, run_rate_low, run_rate_high, run_rate_annual, stability_status, stability_reasons
from run_rate_by_company_day where as_of_date = cast(? as date)
union all
select
    'department', department_id, names.name,
    run_rate_monthly, run_rate_low, run_rate_high, run_rate_annual, stability_status, stability_reasons
from run_rate_by_department_day
left join department_names as names on department_id = names.id
where as_of_date = cast(? as date)
order by 1, 2
"""

UNALLOCATED = f"""
select provider, model_id, cost_basis, sum(allocated_cost) as amount
from fct_allocated_costs
where allocation_method = 'unallocated' and cost_date >= cast(? as date)
group by all having sum(allocated_cost) <> 0 order by amount desc, provider, model_id, cost_basis limit {TOP}
"""

UNOWNED = f"""
select
    u.provider, u.project_id, u.api_key_id, sum(u.list_cost) as list_cost, max(u.usage_date) as last_date,
    any_value(keys.name) as key_name, any_value(projects.name) as project_name,
    any_value(owned.source) as owned_by_source
from fct_usage u
left join (
    select provider, min(source) as source from fct_usage
    where not is_counted and allocation_rule_id is not null group by provider
) as owned on u.provider = owned.provider
left join key_names as keys on u.provider = keys.provider and u.api_key_id = keys.id
left join project_names as projects on u.project_id = projects.id
where u.is_counted and u.allocation_rule_id is null
group by u.provider, u.project_id, u.api_key_id
having sum(u.list_cost) > 0 order by list_cost desc, 1, 2, 3 limit {TOP}
"""

DEMOTIONS = """
select initiative_id, unit_cost, limit_unit_cost, verified_unit_cost, above_since, days_above, names.name
from core_demotions_by_initiative
left join initiative_names as names on initiative_id = names.id
where is_flagged_for_return order by initiative_id
"""

INITIATIVES = """
select r.initiative_id, r.is_ready, r.first_ready_date, r.blocking_gates, r.verified_run_rate,
    string_agg(g.gate_name || ': ' || coalesce(g.reason, g.status), '; ' order by g.gate_number)
        filter (where g.status <> 'pass' and g.gate_number <> 5) as why_not,
    coalesce(bool_or(g.gate_number = 5 and g.status = 'pass'), false) as is_approved,
    any_value(names.name) as name
from graduation_readiness r
left join graduation_gates g on g.initiative_id = r.initiative_id and g.as_of_date = cast(? as date)
left join initiative_names as names on r.initiative_id = names.id
where r.as_of_date = cast(? as date)
group by r.initiative_id, r.is_ready, r.first_ready_date, r.blocking_gates, r.verified_run_rate
order by r.is_ready desc, r.initiative_id
"""

GATES = """
select initiative_id, gate_name, status, reason
from graduation_gates
where as_of_date = cast(? as date) and status <> 'pass' and gate_number <> 5
order by initiative_id, gate_number
"""

INGESTION = """
select source, status, count(*) as loads, sum("rows") as "rows", max(watermark_at) as watermark_at
from ingestion_outcomes group by all order by source, status
"""

READS = """
select
    source, stream = 'rejected_rows' as is_of_refused_rows, count(*) as reads,
    count(*) filter (where status = 'empty') as empty_reads, sum("rows") as "rows", max(watermark_at) as watermark_at
from ingestion_outcomes group by all order by source, is_of_refused_rows
"""


def _rows(connection: duckdb.DuckDBPyConnection, text: str, values: list[Any]) -> list[dict[str, Any]]:
    result = connection.execute(text, values)
    names = [column[0] for column in result.description]
    return [{name: plain(value) for name, value in zip(names, row, strict=True)} for row in result.fetchall()]


def _alarms(manifest: dict[str, Any]) -> dict[str, Decimal | None]:
    """The policy's alarm ratios; None where the publication does not say them, so that nothing is judged by it."""
    said = manifest.get("alarm_ratios", {})
    return {name: Decimal(said[name]) if name in said else None for name in ALARMS}


def _one(rows: list[dict[str, Any]], column: str) -> Any:
    return rows[0][column] if rows else None


def _as_json(standing: Standing) -> dict[str, Any]:
    """Without the owner: the summary names no person."""
    return {"kind": standing.kind, "entity": standing.entity, "text": standing.crossing.text, **standing.details}


def _with_remedy(rows: list[dict[str, Any]], remedy: str) -> list[dict[str, Any]]:
    return [{**row, "remedy": remedy} for row in rows]
