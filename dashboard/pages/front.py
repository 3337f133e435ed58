"""The front page: one sheet that says what was spent, whether margin holds, what moved, what is ready and what is at risk."""

from decimal import Decimal

from dashboard.charts import Drawer, bars
from dashboard.figures import Block, Chart, Column, Figure, Note, Page, Section, Table, Verdict, shown
from dashboard.publication import Publication, Row

SPEND = """
select strftime(cost_date, '%Y-%m') as period, sum(allocated_cost) as spend
from fct_allocated_costs
where cost_date >= date_trunc('year', cast(? as date)) and cost_date <= cast(? as date)
group by all order by period
"""

BUDGETS = """
select
    status.fiscal_period as period, status.department_id, coalesce(departments.name, status.department_id) as department,
    status.budget_class, status.budget_amount, status.flexible_budget_amount, status.allowance_amount, status.spent_amount,
    status.remaining_amount, status.burn_ratio, status.status
from budget_status_by_department_month as status
left join (select department_id, name from dim_departments where is_current) as departments
    on status.department_id = departments.department_id
where status.fiscal_period <= strftime(cast(? as date), '%Y-%m')
order by period desc, status.department_id nulls last, status.budget_class
"""

MARGIN = """
select
    margins.fiscal_period as period, margins.product_id, coalesce(products.name, margins.product_id, 'no product') as product,
    margins.revenue, margins.ai_cogs, margins.other_cogs, margins.gross_profit, margins.gross_margin_ratio,
    margins.target_gross_margin_ratio, margins.is_below_target, margins.gross_margin_null_reason
from gross_margin_by_product_month as margins
left join (select product_id, name from dim_products where is_current) as products
    on margins.product_id = products.product_id
where margins.fiscal_period = strftime(cast(? as date), '%Y-%m')
order by margins.revenue desc nulls last
"""

RUN_RATE = "select * from run_rate_by_company_day where as_of_date = cast(? as date)"

MOVERS = """
select
    variance.initiative_id, coalesce(initiatives.name, variance.initiative_id) as initiative, initiatives.department_id,
    initiatives.product_id, sum(variance.amount) as change,
    max_by(variance.component, abs(variance.amount)) as why, max_by(variance.amount, abs(variance.amount)) as why_amount,
    variance.fiscal_period as period, bool_or(variance.is_partial) as is_partial
from budget_variance_by_initiative_month as variance
left join (select * from dim_initiatives where is_current) as initiatives
    on variance.initiative_id = initiatives.initiative_id
where variance.comparison = 'prior_month' and variance.fiscal_period = strftime(cast(? as date), '%Y-%m')
group by all having sum(variance.amount) <> 0
order by abs(sum(variance.amount)) desc
limit 3
"""

READY = """
select
    readiness.initiative_id, coalesce(initiatives.name, readiness.initiative_id) as initiative, initiatives.department_id,
    initiatives.product_id, readiness.first_ready_date, readiness.verified_run_rate, readiness.verified_run_rate_low,
    readiness.verified_run_rate_high
from graduation_readiness as readiness
left join (select * from dim_initiatives where is_current) as initiatives
    on readiness.initiative_id = initiatives.initiative_id
where readiness.as_of_date = cast(? as date) and readiness.is_ready
order by readiness.verified_run_rate desc nulls last
"""

OPEN = """
select
    fiscal_period as period, provider,
    sum(amount) filter (where bridge_line = 'billed_cost') as billed_cost,
    sum(amount) filter (where bridge_line = 'residual') as residual,
    sum(amount) filter (where bridge_line = 'unpriced_usage') as unpriced_usage,
    sum(amount) filter (where bridge_line = 'untracked_traffic') as untracked_traffic
from reconciliation_by_provider_month
where fiscal_period = strftime(cast(? as date), '%Y-%m')
group by all order by provider
"""


def front(publication: Publication, drawer: Drawer) -> Page:
    return Page(
        "index",
        "Overview",
        f"What AI cost, what it did to margin, and what needs a decision, as of {publication.provenance.as_of:%-d %B %Y}.",
        (_first(publication), _budgets(publication, drawer), _movers(publication), _ready(publication)),
    )


def _first(publication: Publication) -> Section:
    run = publication.provenance
    spend = publication.rows("fct_allocated_costs", SPEND, [run.as_of, run.as_of])
    month = next((row["spend"] for row in spend if row["period"] == run.month), None)
    margins = publication.rows("gross_margin_by_product_month", MARGIN, [run.as_of])
    rate = publication.one("run_rate_by_company_day", RUN_RATE, [run.as_of])
    return Section(
        "At a glance",
        (
            Figure(
                f"Spend, {run.month} to date",
                month,
                "money",
                "The sum of allocated cost from the first of the month to the as-of day; it equals what was billed or metered.",
                "fct_allocated_costs",
            ),
            _margin(margins),
            *([_run_rate(rate)] if rate else []),
            _ties_out(publication),
        ),
    )


def _margin(rows: list[Row]) -> Figure:
    known = [row for row in rows if row["gross_profit"] is not None and row["revenue"]]
    revenue = sum((row["revenue"] for row in known), Decimal(0))
    profit = sum((row["gross_profit"] for row in known), Decimal(0))
    below = [row["product"] for row in known if row["is_below_target"]]
    verdict: Verdict = "unknown" if not known else "bad" if below else "good"
    says = "no product has a margin yet" if not known else f"below target: {', '.join(below)}" if below else "on target"
    return Figure(
        "Gross margin, month to date",
        float(profit / revenue) if revenue else None,
        "ratio",
        "Gross profit over revenue of the products whose revenue is known, of the same days: revenue less AI and other cost "
        "of goods sold.",
        "gross_margin_by_product_month",
        verdict=verdict,
        says=says,
    )


def _run_rate(rate: Row) -> Figure:
    low, high = shown(rate["run_rate_low"], "money"), shown(rate["run_rate_high"], "money")
    verdict: Verdict = {"stable": "good", "pass": "good", "fail": "watch"}.get(rate["stability_status"], "unknown")  # type: ignore[assignment]
    return Figure(
        "Run-rate a month",
        rate["run_rate_monthly"],
        "money",
        "The company's daily cost at its present level, as an average month; the interval is where a month at this level ends "
        "in four of five cases.",
        "run_rate_by_company_day",
        verdict=verdict,
        says=f"{low} to {high}",
    )


def _ties_out(publication: Publication) -> Figure:
    rows = publication.rows("reconciliation_by_provider_month", OPEN, [publication.provenance.as_of])
    names = ("residual", "unpriced_usage", "untracked_traffic")
    open_amount = sum((abs(row[name] or Decimal(0)) for row in rows for name in names), Decimal(0))
    billed = sum((row["billed_cost"] or Decimal(0) for row in rows), Decimal(0))
    verdict: Verdict = "unknown" if not rows else "good" if open_amount * 200 <= billed else "watch"
    return Figure(
        "Not explained this month",
        open_amount if rows else None,
        "money",
        "Residual, unpriced usage and untracked traffic of every provider, without regard to sign.",
        "reconciliation_by_provider_month",
        verdict=verdict,
        says=f"of {shown(billed, 'money')} billed" if rows else "no bill to compare with",
    )


def _budgets(publication: Publication, drawer: Drawer) -> Section:
    run = publication.provenance
    rows = publication.rows("budget_status_by_department_month dim_departments", BUDGETS, [run.as_of])
    for row in rows:
        row["verdict"] = {"exceeded": "bad", "alert_80": "watch"}.get(row["status"], "none")
    table = Table(
        "budgets",
        "Spend against budget",
        "budget_status_by_department_month",
        (
            Column("period", "Month"),
            Column("department", "Department"),
            Column("budget_class", "Budget"),
            Column("budget_amount", "Budgeted", "money", True),
            Column("allowance_amount", "Allowed", "money", True),
            Column("spent_amount", "Spent", "money", True),
            Column("remaining_amount", "Left", "money", True),
            Column("burn_ratio", "Used", "ratio"),
            Column("status", "Status"),
        ),
        rows,
        "No budget is stated; put one into the ledger file budgets.csv.",
        filters={"period": "period", "department": "department_id"},
        verdict="verdict",
    )
    now = [row for row in rows if row["period"] == run.month and row["department"] is not None]
    drawn = [{**row, "name": f"{row['department']}, {row['budget_class']}"} for row in now]
    blocks: list[Block] = [table]
    if drawn:
        chart = Chart(
            f"Spent in {run.month}, with what is allowed so far as a mark",
            drawer.svg(bars(drawn, "name", "spent_amount", run.currency, mark="allowance_amount")),
            f"Spend of each department budget in {run.month} against its allowance; the rows are in the table below.",
            "budgets",
        )
        blocks.insert(0, chart)
    return Section("Budgets", tuple(blocks))


def _movers(publication: Publication) -> Section:
    run = publication.provenance
    rows = publication.rows("budget_variance_by_initiative_month dim_initiatives", MOVERS, [run.as_of])
    table = Table(
        "movers",
        "The three largest changes on last month",
        "budget_variance_by_initiative_month",
        (
            Column("initiative", "Initiative"),
            Column("change", "Change", "money"),
            Column("why", "Mostly"),
            Column("why_amount", "Of it", "money"),
        ),
        rows,
        "Nothing changed on last month, or there is no month before.",
        filters={"department": "department_id", "product": "product_id"},
    )
    return Section("What moved", (table,))


def _ready(publication: Publication) -> Section:
    run = publication.provenance
    rows = publication.rows("graduation_readiness dim_initiatives", READY, [run.as_of])
    table = Table(
        "ready",
        "Ready for the core budget",
        "graduation_readiness",
        (
            Column("initiative", "Initiative"),
            Column("first_ready_date", "Ready since", "date"),
            Column("verified_run_rate", "A month", "money", True),
            Column("verified_run_rate_low", "From", "money"),
            Column("verified_run_rate_high", "To", "money"),
        ),
        rows,
        "No experiment passes every gate today.",
        filters={"department": "department_id", "product": "product_id"},
    )
    note = Note("Approve with: tokenomics graduate INITIATIVE --approver EMAIL") if rows else None
    return Section("Ready to graduate", (table, *([note] if note else [])))
