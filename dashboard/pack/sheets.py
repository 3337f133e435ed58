"""The sheets of the workbook: what each asks of the marts, and what the marts say it must sum to.

A sheet selects and groups; a metric is never computed here. ``sums`` is asked apart from the rows, so that the workbook can
show that nothing was lost on the way.
"""

from dataclasses import dataclass

from dashboard.figures import Column


@dataclass(frozen=True)
class Sheet:
    """``id``: name of the Excel table; ``name``: of the tab, at most 31 characters; ``reads``: the published tables, the one
    whose columns are described first. Each ``?`` in ``query`` and ``sums`` is the as-of day. ``sums``: the totals of the
    columns that are totalled, by name, from the marts. ``codes``: columns that are shown in words.
    """

    id: str
    name: str
    asks: str
    reads: str
    columns: tuple[Column, ...]
    query: str
    empty: str
    sums: str | None = None
    codes: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return self.reads.split()[0]


DEPARTMENTS = "(select department_id, name from dim_departments where is_current) as departments"
PRODUCTS = "(select product_id, name from dim_products where is_current) as products"
INITIATIVES = "(select initiative_id, name from dim_initiatives where is_current) as initiatives"
MARGIN_COLUMNS = (
    Column("compared_revenue", "Revenue", "money", True),
    Column("compared_ai_cogs", "AI cost of goods sold", "money", True),
    Column("compared_other_cogs", "Other cost of goods sold", "money", True),
    Column("gross_profit", "Gross profit", "money", True),
    Column("gross_margin_ratio", "Gross margin", "ratio"),
    Column("target_gross_margin_ratio", "Target", "ratio"),
    Column("is_below_target", "Below target", "flag"),
    Column("gross_margin_null_reason", "Why no margin"),
    Column("margin_basis", "Margin basis"),
    Column("other_cogs_basis", "Other cost basis"),
    Column("days_compared", "Days compared", "count"),
    Column("revenue", "Revenue of all days", "money", True),
    Column("ai_cogs", "AI cost of all days", "money", True),
    Column("other_cogs", "Other cost of all days", "money", True),
)
OF_INITIATIVES = ("compared_other_cogs", "days_compared")
"""Columns that the margin of an initiative has not: it is before other cost of goods sold."""
MARGIN_CODES = ("gross_margin_null_reason", "margin_basis", "other_cogs_basis")
RUN_RATE = """
    {table}.daily_allocated_cost, {table}.run_rate_monthly, {table}.run_rate_low, {table}.run_rate_high, {table}.run_rate_annual,
    {table}.days_observed, {table}.growth_30d_ratio, {table}.stability_status
from {table}"""


def _margin(by: str, of: str, table: str, identity: str, name: str, join: str, dimension: str) -> Sheet:
    columns = tuple(one for one in MARGIN_COLUMNS if by != "initiative" or one.name not in OF_INITIATIVES)
    sums = ", ".join(f"sum({one.name}) as {one.name}" for one in columns if one.is_total)
    return Sheet(
        f"margin_by_{by}",
        f"Margin by {by}",
        f"What did each {of} earn each month, with AI as its own line?",
        f"{table} {dimension}",
        (Column("fiscal_period", "Month"), Column(identity, f"{name} id"), Column("name", name), *columns),
        f"select margins.*, {join.rpartition(' as ')[2]}.name as name from {table} as margins "
        f"left join {join} using ({identity}) order by margins.fiscal_period desc, margins.revenue desc nulls last, {identity}",
        f"No {of} has revenue or cost of goods sold yet.",
        f"select {sums} from {table}",
        MARGIN_CODES,
    )


SHEETS = (
    Sheet(
        "spend_by_department",
        "Spend by department",
        "What was spent, month by month, and whose cost is it?",
        "fct_allocated_costs dim_departments",
        (
            Column("period", "Month"),
            Column("department_id", "Department id"),
            Column("name", "Department"),
            Column("budget_class", "Budget"),
            Column("cost_class", "Cost class"),
            Column("cost_basis", "Basis"),
            Column("allocated_cost", "Spend", "money", True),
        ),
        f"""
select strftime(costs.cost_date, '%Y-%m') as period, costs.department_id, departments.name, costs.budget_class,
    costs.cost_class, costs.cost_basis, sum(costs.allocated_cost) as allocated_cost
from fct_allocated_costs as costs left join {DEPARTMENTS} using (department_id)
group by all order by period desc, costs.department_id nulls last, allocated_cost desc, budget_class, cost_class, cost_basis""",
        "Nothing was spent yet.",
        "select sum(allocated_cost) as allocated_cost from fct_allocated_costs",
        ("budget_class", "cost_class", "cost_basis"),
    ),
    Sheet(
        "budget_by_department",
        "Budget by department",
        "How much of each department's budget is spent?",
        "budget_status_by_department_month dim_departments",
        (
            Column("fiscal_period", "Month"),
            Column("department_id", "Department id"),
            Column("name", "Department"),
            Column("budget_class", "Budget"),
            Column("budget_amount", "Budget amount", "money", True),
            Column("flexible_budget_amount", "Flexible budget", "money", True),
            Column("budget_basis", "Judged by"),
            Column("spent_amount", "Spent", "money", True),
            Column("remaining_amount", "Remaining", "money", True),
            Column("burn_ratio", "Used", "ratio"),
            Column("status", "Status"),
        ),
        f"""
select status.*, departments.name from budget_status_by_department_month as status left join {DEPARTMENTS} using (department_id)
order by status.fiscal_period desc, department_id nulls last, status.budget_class""",
        "No department has a budget or spend.",
        "select sum(budget_amount) as budget_amount, sum(flexible_budget_amount) as flexible_budget_amount, "
        "sum(spent_amount) as spent_amount, sum(remaining_amount) as remaining_amount from budget_status_by_department_month",
        ("budget_class", "budget_basis", "status"),
    ),
    Sheet(
        "budget_by_initiative",
        "Experiment budgets",
        "How much of each experiment's allocation is spent, and until when does it last?",
        "budget_status_by_initiative dim_initiatives",
        (
            Column("initiative_id", "Initiative id"),
            Column("name", "Initiative"),
            Column("allocated_amount", "Allocated", "money", True),
            Column("spent_amount", "Spent", "money", True),
            Column("remaining_amount", "Remaining", "money", True),
            Column("burn_ratio", "Used", "ratio"),
            Column("starts_on", "Starts", "date"),
            Column("expires_on", "Expires", "date"),
            Column("projected_exhaustion_date", "Runs out", "date"),
            Column("status", "Status"),
        ),
        f"""
select status.*, initiatives.name from budget_status_by_initiative as status left join {INITIATIVES} using (initiative_id)
where status.as_of_date = cast(? as date) order by status.burn_ratio desc nulls last, initiative_id""",
        "No experiment holds an allocation.",
        "select sum(allocated_amount) as allocated_amount, sum(spent_amount) as spent_amount, "
        "sum(remaining_amount) as remaining_amount from budget_status_by_initiative where as_of_date = cast(? as date)",
        ("status",),
    ),
    _margin("product", "product", "gross_margin_by_product_month", "product_id", "Product", PRODUCTS, "dim_products"),
    _margin(
        "customer",
        "customer",
        "gross_margin_by_customer_month",
        "customer_id",
        "Customer",
        "(select customer_id, name from dim_customers) as customers",
        "dim_customers",
    ),
    _margin(
        "initiative",
        "initiative",
        "gross_margin_by_initiative_month",
        "initiative_id",
        "Initiative",
        INITIATIVES,
        "dim_initiatives",
    ),
    Sheet(
        "run_rate",
        "Run-rate",
        "What does a month cost from now on, and how sure is that?",
        "run_rate_by_initiative_day run_rate_by_department_day run_rate_by_company_day dim_departments dim_initiatives",
        (
            Column("level", "Level"),
            Column("entity_id", "Id"),
            Column("name", "Name"),
            Column("daily_allocated_cost", "Cost of the day", "money"),
            Column("run_rate_monthly", "A month", "money"),
            Column("run_rate_low", "A month from", "money"),
            Column("run_rate_high", "A month to", "money"),
            Column("run_rate_annual", "A year", "money"),
            Column("days_observed", "Days observed", "count"),
            Column("growth_30d_ratio", "Growth in 30 days", "ratio"),
            Column("stability_status", "Stability"),
        ),
        f"""
select 1 as rank, 'company' as level, company_id as entity_id, company_id as name,
    {RUN_RATE.format(table="run_rate_by_company_day")} where as_of_date = cast(? as date)
union all
select 2, 'department', department_id, departments.name, {RUN_RATE.format(table="run_rate_by_department_day")}
left join {DEPARTMENTS} using (department_id) where as_of_date = cast(? as date)
union all
select 3, 'initiative', initiative_id, initiatives.name, {RUN_RATE.format(table="run_rate_by_initiative_day")}
left join {INITIATIVES} using (initiative_id) where as_of_date = cast(? as date)
order by rank, run_rate_monthly desc nulls last, entity_id""",
        "No run-rate is known for the as-of day.",
        codes=("stability_status",),
    ),
    Sheet(
        "variance",
        "Variance",
        "What changed against the month before and against budget, and by what?",
        "budget_variance_by_initiative_month dim_initiatives",
        (
            Column("fiscal_period", "Month"),
            Column("initiative_id", "Initiative id"),
            Column("name", "Initiative"),
            Column("comparison", "Against"),
            Column("component", "By"),
            Column("amount", "Change", "money", True),
            Column("is_partial", "Month to date", "flag"),
        ),
        f"""
select variance.*, initiatives.name from budget_variance_by_initiative_month as variance
left join {INITIATIVES} using (initiative_id)
order by variance.fiscal_period desc, variance.comparison, initiative_id, variance.component""",
        "There is no earlier month and no budget to compare with.",
        "select sum(amount) as amount from budget_variance_by_initiative_month",
        ("comparison", "component"),
    ),
    Sheet(
        "reconciliation",
        "Reconciliation",
        "Does the meter tie to the bill, and the bill to the ledger?",
        "reconciliation_by_provider_month",
        (
            Column("fiscal_period", "Month"),
            Column("provider", "Provider"),
            Column("cost_basis", "Basis"),
            Column("metered", "Metered at list price", "money", True),
            Column("to_bill", "Explained to the bill", "money", True),
            Column("billed", "Billed or metered", "money", True),
            Column("to_ledger", "Explained to the ledger", "money", True),
            Column("posted", "Posted in the ledger", "money", True),
        ),
        """
select fiscal_period, provider, string_agg(distinct cost_basis, ',' order by cost_basis) as cost_basis,
    sum(amount) filter (where bridge_line = 'metered_list_cost') as metered,
    sum(amount) filter (where leg = 1 and not is_total and not is_memo) as to_bill,
    sum(amount) filter (where bridge_line = 'billed_cost') as billed,
    sum(amount) filter (where leg = 2 and not is_total and not is_memo) as to_ledger,
    sum(amount) filter (where bridge_line = 'ledger_posting') as posted
from reconciliation_by_provider_month group by all order by fiscal_period desc, provider""",
        "Nothing was metered or billed yet.",
        """
select sum(amount) filter (where bridge_line = 'metered_list_cost') as metered,
    sum(amount) filter (where leg = 1 and not is_total and not is_memo) as to_bill,
    sum(amount) filter (where bridge_line = 'billed_cost') as billed,
    sum(amount) filter (where leg = 2 and not is_total and not is_memo) as to_ledger,
    sum(amount) filter (where bridge_line = 'ledger_posting') as posted
from reconciliation_by_provider_month""",
        ("cost_basis",),
    ),
    Sheet(
        "bridge",
        "Bridge lines",
        "By what do meter, bill and ledger differ? Lines that are neither total nor memo add up from one total to the next.",
        "reconciliation_by_provider_month",
        (
            Column("fiscal_period", "Month"),
            Column("provider", "Provider"),
            Column("line_order", "Order", "count"),
            Column("bridge_line", "Line"),
            Column("is_total", "Total", "flag"),
            Column("is_memo", "Memo", "flag"),
            Column("cost_basis", "Basis"),
            Column("amount", "Amount", "money"),
        ),
        "select * from reconciliation_by_provider_month order by fiscal_period desc, provider, line_order, bridge_line",
        "Nothing was metered or billed yet.",
        codes=("bridge_line", "cost_basis"),
    ),
    Sheet(
        "accruals",
        "Accruals",
        "Which month-end journals are proposed, with their reversals?",
        "accrual_journal_lines",
        (
            Column("fiscal_period", "Month"),
            Column("journal_id", "Journal"),
            Column("journal_line_number", "Line", "count"),
            Column("posting_date", "Posted on", "date"),
            Column("account_number", "Account"),
            Column("department_id", "Department id"),
            Column("cost_class", "Cost class"),
            Column("provider", "Provider"),
            Column("debit_amount", "Debit", "money", True),
            Column("credit_amount", "Credit", "money", True),
            Column("is_reversal", "Reversal", "flag"),
            Column("memo", "Memo"),
        ),
        "select * from accrual_journal_lines order by fiscal_period desc, journal_id, journal_line_number",
        "No ended month has anything to accrue.",
        "select sum(debit_amount) as debit_amount, sum(credit_amount) as credit_amount from accrual_journal_lines",
        ("cost_class",),
    ),
    Sheet(
        "budget_movements",
        "Budget movements",
        "Who moved budget money, when and under which approval? Each movement sums to zero.",
        "fct_budget_movements",
        (
            Column("effective_on", "Effective", "date"),
            Column("kind", "Kind"),
            Column("account", "Account"),
            Column("initiative_id", "Initiative id"),
            Column("department_id", "Department id"),
            Column("fiscal_period", "Month"),
            Column("amount", "Amount", "money", True),
            Column("approver", "Approved by"),
            Column("posted_at", "Booked (UTC)", "moment"),
            Column("movement_id", "Movement"),
            Column("posting_number", "Posting", "count"),
            Column("evidence_id", "Evidence"),
        ),
        "select * from fct_budget_movements order by effective_on desc, movement_id, posting_number",
        "No budget movement is booked.",
        "select sum(amount) as amount from fct_budget_movements",
        ("kind",),
    ),
    Sheet(
        "adjustments",
        "Adjustments",
        "What changed of months that are closed, and where was it booked?",
        "period_adjustments",
        (
            Column("closed_period", "Closed month"),
            Column("booked_period", "Booked in"),
            Column("table_name", "Table"),
            Column("column_name", "Column"),
            Column("entity", "Of"),
            Column("amount", "Amount", "money"),
            Column("reason", "Why"),
        ),
        "select * from period_adjustments order by closed_period desc, table_name, column_name, entity, booked_period",
        "No closed month has changed since it was closed.",
    ),
    Sheet(
        "rejected_rows",
        "Rejected rows",
        "Which rows of the finance files were refused, and what are they worth?",
        "rejected_rows",
        (
            Column("source", "Source"),
            Column("file", "File"),
            Column("line", "Line", "count"),
            Column("column_name", "Column"),
            Column("value", "Value"),
            Column("reason", "Why"),
            Column("amount", "Amount in its currency", "number"),
            Column("currency", "Currency"),
        ),
        "select * from rejected_rows order by source, file, line, column_name",
        "No row was refused.",
    ),
    Sheet(
        "unallocated",
        "Unallocated",
        "Which cost has no owner yet?",
        "fct_allocated_costs",
        (
            Column("period", "Month"),
            Column("provider", "Provider"),
            Column("source", "Source"),
            Column("model_id", "Model"),
            Column("cost_basis", "Basis"),
            Column("allocated_cost", "Unallocated", "money", True),
        ),
        """
select strftime(cost_date, '%Y-%m') as period, provider, source, model_id, cost_basis, sum(allocated_cost) as allocated_cost
from fct_allocated_costs where allocation_method = 'unallocated'
group by all order by period desc, allocated_cost desc, provider, source, model_id, cost_basis""",
        "Every cost has an owner.",
        "select sum(allocated_cost) as allocated_cost from fct_allocated_costs where allocation_method = 'unallocated'",
        ("cost_basis",),
    ),
    Sheet(
        "unpriced",
        "Unpriced",
        "Which counted usage has no list price, or no measured tokens?",
        "fct_usage",
        (
            Column("period", "Month"),
            Column("provider", "Provider"),
            Column("model_id", "Model"),
            Column("token_class", "Kind of token"),
            Column("pricing_status", "Why"),
            Column("unit", "Unit"),
            Column("quantity", "Quantity", "count", True),
            Column("requests", "Requests", "count", True),
        ),
        """
select strftime(usage_date, '%Y-%m') as period, provider, model_id, token_class, pricing_status, unit,
    sum(quantity) as quantity, sum(requests) as requests
from fct_usage where is_counted and pricing_status in ('unpriced', 'unmeasured')
group by all order by period desc, quantity desc nulls last, provider, model_id, token_class, pricing_status, unit""",
        "All counted usage has a price.",
        "select sum(quantity) as quantity, sum(requests) as requests from fct_usage "
        "where is_counted and pricing_status in ('unpriced', 'unmeasured')",
        ("token_class", "pricing_status", "unit"),
    ),
    Sheet(
        "right_sizing",
        "Right-sizing",
        "What would the same work have cost on the cheaper model that it needs?",
        "model_right_sizing_by_initiative_month dim_initiatives",
        (
            Column("fiscal_period", "Month"),
            Column("initiative_id", "Initiative id"),
            Column("name", "Initiative"),
            Column("actual_cost", "Cost", "money", True),
            Column("higher_tier_cost", "On dearer models than needed", "money", True),
            Column("saving_low", "Saving from", "money", True),
            Column("saving_high", "Saving to", "money", True),
        ),
        f"""
select sizing.*, initiatives.name from model_right_sizing_by_initiative_month as sizing
left join {INITIATIVES} using (initiative_id)
order by sizing.fiscal_period desc, sizing.saving_high desc nulls last, initiative_id""",
        "No model was dearer than its work needs.",
        "select sum(actual_cost) as actual_cost, sum(higher_tier_cost) as higher_tier_cost, sum(saving_low) as saving_low, "
        "sum(saving_high) as saving_high from model_right_sizing_by_initiative_month",
    ),
)
MEANINGS = {
    "period": "The calendar month of the day of the cost or usage, YYYY-MM.",
    "name": "The name as it stands today; empty where it has none.",
    "level": "Company, department or initiative; a level holds the same money as the one above it.",
    "entity_id": "The id of the company, department or initiative.",
    "metered": "Bridge line metered_list_cost: counted usage at list price.",
    "to_bill": "All lines between metered and billed: discounts, unpriced usage, untracked traffic, credits, residual.",
    "billed": "Bridge line billed_cost: what the provider billed; where no bill is read, what was metered at contracted prices.",
    "to_ledger": "All lines between billed and posted: tax, currency, prepaid, cut-off, open accruals, residual.",
    "posted": "Bridge line ledger_posting: what the general ledger holds for the provider in the month.",
}
"""What columns mean that no published column describes."""
