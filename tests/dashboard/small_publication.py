"""A publication of a few rows, written by hand: two months of two departments, one refused row, one experiment that is ready."""

import json
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publish.evidence import evidence_packs, pack_name, pack_text

MANIFEST: dict[str, Any] = {
    "run_id": "run-1",
    "as_of": "2026-10-28",
    "company_id": "acme",
    "is_simulated": True,
    "published_at": "2026-10-29T06:30:00.000000Z",
    "version": "0.1.0",
}
TABLES = (
    """create table dim_departments as from (values
        ('eng', 'Engineering', true), ('ops', 'Operations', true), ('ops', 'Old name', false)
    ) as t (department_id, name, is_current)""",
    """create table dim_initiatives as from (values
        ('triage', 'Ticket <triage>', 'internal_workflow', 'o@acme.example', 'ops', null, true),
        ('triage', 'Old triage', 'internal_workflow', 'then@acme.example', 'ops', null, false)
    ) as t (initiative_id, name, kind, owner, department_id, product_id, is_current)""",
    """create table fct_allocated_costs as
    select cast(day as date) as cost_date, provider, 'openai' as source, model as model_id, initiative_id, department_id,
        budget_class, cost_class, method as allocation_method, 'billed' as cost_basis,
        cast(cost as decimal(38, 12)) as allocated_cost, 'USD' as reporting_currency
    from (values
        ('2026-09-30', 'openai', 'gpt', null, 'eng', 'core', 'research_and_development', 'direct', '1000000.123456789012'),
        ('2026-10-01', 'openai', 'gpt', 'triage', 'ops', 'experimentation', 'selling_and_administration', 'direct', '0.10'),
        ('2026-10-02', 'openai', 'gpt', 'triage', 'ops', 'experimentation', 'selling_and_administration', 'direct', '0.20'),
        ('2026-10-02', 'openai', 'gpt', null, null, null, 'selling_and_administration', 'unallocated', '2.5')
    ) as t (day, provider, model, initiative_id, department_id, budget_class, cost_class, method, cost)""",
    """create table rejected_rows as
    select 'ledgers' as source, file, line, column_name, value, reason, cast(amount as decimal(38, 9)) as amount,
        'USD' as currency
    from (values
        ('budgets.csv', 2, 'amount', '=1+cmd|calc', 'no decimal', null),
        ('budgets.csv', 3, 'amount', '+1', 'no decimal', '707.81'),
        ('budgets.csv', 4, 'amount', '-x', 'no decimal', null),
        ('budgets.csv', 5, 'amount', '@SUM(A1)', 'no decimal', null)
    ) as t (file, line, column_name, value, reason, amount)""",
    """create table budget_status_by_initiative as
    select as_of_date, initiative_id, cast(a as decimal(38, 9)) as allocated_amount, cast(s as decimal(38, 12)) as spent_amount,
        cast(r as decimal(38, 12)) as remaining_amount, 0.28 as burn_ratio, date '2027-01-14' as projected_exhaustion_date,
        date '2026-09-29' as starts_on, date '2026-12-15' as expires_on, 'ok' as status
    from (values (date '2026-10-27', 'triage', '220', '60', '160'), (date '2026-10-28', 'triage', '220', '61.5', '158.5'))
        as t (as_of_date, initiative_id, a, s, r)""",
    "create table dim_dates as from (values (4, 1), (5, 2)) as t (calendar_month, fiscal_month_number)",
    """create table graduation_readiness as
    select 'triage' as initiative_id, date '2026-10-28' as as_of_date, true as is_ready, date '2026-10-26' as first_ready_date,
        '' as blocking_gates, cast('62' as decimal(38, 9)) as verified_run_rate,
        cast('57.5' as decimal(38, 9)) as verified_run_rate_low,
        cast('65.75' as decimal(38, 9)) as verified_run_rate_high, cast('0.04' as decimal(38, 9)) as verified_unit_cost,
        'USD' as reporting_currency""",
    """create table graduation_gates as
    select 'triage' as initiative_id, date '2026-10-28' as as_of_date, number as gate_number, name as gate_name, status,
        cast(metric as decimal(38, 9)) as metric_value, cast(threshold as decimal(38, 9)) as threshold_value, unit, reason,
        'e' || number as evidence_id, 'p1' as policy_version
    from (values
        (4, 'stability', 'pass', '0.061', '0.2', 'growth_30d_ratio_bound', 'growth_uncertain, cap_bound; 30 days'),
        (5, 'graduation', 'insufficient', '0', '1', 'approval_movements', 'awaiting_approval: ready, no approval is booked')
    ) as t (number, name, status, metric, threshold, unit, reason)""",
)


def write_small_publication(folder: Path, *without: str) -> dict[str, Any]:
    """Tables and evidence of a publication in ``folder``; its manifest. ``without``: tables that are not published."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        for statement in TABLES:
            connection.execute(statement)
        for name in without:
            connection.execute(f"drop table {name}")
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        for pack in evidence_packs(connection):
            file = folder / "evidence" / pack_name(pack["initiative_id"])
            file.parent.mkdir(exist_ok=True)
            file.write_text(pack_text(pack))
    manifest = {**MANIFEST, "tables": {name: {} for name in sorted(names)}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return manifest
