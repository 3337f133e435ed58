"""The front page: one sheet that says what was spent, whether margin holds, what moved, what is ready and what is at risk.

Figures are of the fiscal period of the as-of day. Every amount is a mart's or a sum of its rows; what cannot be known has
no figure and says why.
"""

from decimal import Decimal

from dashboard.charts import Drawer
from dashboard.figures import Block, Column, Figure, Note, Page, Section, Table, Verdict, shown
from dashboard.fiscal import UNKNOWN, Period, read_period
from dashboard.pages.margins import judged, left_out, margin_notes, margin_ratio, read_margins
from dashboard.pages.reconciliation import without_bill
from dashboard.pages.risks import missing_days, risks
from dashboard.publication import Publication, Row
from orchestration.files import counted
from orchestration.glossary import in_words
from orchestration.summary.money_sections import compared_by

BUDGETS = """
select
    status.department_id, coalesce(departments.name, status.department_id) as department, status.budget_class,
    status.budget_amount, status.allowance_amount, status.spent_amount, status.remaining_amount, status.burn_ratio,
    status.status
from budget_status_by_department_month as status
left join (select department_id, name from dim_departments where is_current) as departments
    on status.department_id = departments.department_id
where status.fiscal_period = ?
order by status.spent_amount desc, status.department_id, status.budget_class
"""

SPENT = """
select
    costs.department_id, departments.name as department, costs.budget_class, sum(costs.allocated_cost) as spent_amount
from fct_allocated_costs as costs
left join (select department_id, name from dim_departments where is_current) as departments
    on costs.department_id = departments.department_id
where costs.cost_date between ? and ?
group by all
order by spent_amount desc
"""

MONTHS = """
select days.fiscal_period as period, sum(costs.allocated_cost) as spent, any_value(budgets.budgeted) as budgeted
from fct_allocated_costs as costs
inner join dim_dates as days on costs.cost_date = days.calendar_date
left join (
    select fiscal_period, sum(budget_amount) as budgeted from budget_status_by_department_month group by all
) as budgets on days.fiscal_period = budgets.fiscal_period
where costs.cost_date between ? and ?
group by all order by period desc
"""

PROJECTION = """
select projected_amount, projected_low, projected_high, days_left, days_missing
from month_end_projection where entity_type = ? and as_of_date = cast(? as date)
"""

RUN_RATE = "select * from run_rate_by_{level}_day where as_of_date = cast(? as date)"

MOVERS = """
with

spend as (
    select
        costs.initiative_id,
        coalesce(sum(costs.allocated_cost) filter (where days.fiscal_period = ?), 0) as now,
        coalesce(sum(costs.allocated_cost) filter (where days.fiscal_period <> ?), 0) as before
    from fct_allocated_costs as costs
    inner join dim_dates as days on costs.cost_date = days.calendar_date
    where days.fiscal_period in (
        select fiscal_period from dim_dates where calendar_date in (cast(? as date), cast(? as date) - 1)
    ) and costs.cost_date <= cast(? as date)
    group by all
),

variance as (
    select
        initiative_id, sum(amount) filter (where component = 'days') as days_amount,
        list({'component': component, 'amount': amount} order by abs(amount) desc)
            filter (where component <> 'days' and amount <> 0) as parts
    from budget_variance_by_initiative_month
    where comparison = 'prior_month' and fiscal_period = ?
    group by all
)

select
    spend.initiative_id, coalesce(initiatives.name, spend.initiative_id, 'no initiative') as initiative,
    initiatives.department_id, initiatives.product_id, spend.before, spend.now, spend.now - spend.before as change,
    variance.days_amount, variance.parts,
    case when variance.days_amount is not null or spend.before = 0 or spend.now = 0
        then spend.now - spend.before - coalesce(variance.days_amount, 0)
    end as like_for_like
from spend
left join variance on spend.initiative_id = variance.initiative_id
left join (select * from dim_initiatives where is_current) as initiatives on spend.initiative_id = initiatives.initiative_id
order by abs(coalesce(like_for_like, change)) desc, initiative
"""

READY = """
select
    coalesce(initiatives.name, readiness.initiative_id) as initiative, initiatives.department_id, initiatives.product_id,
    readiness.first_ready_date, readiness.verified_run_rate, readiness.verified_run_rate_low,
    readiness.verified_run_rate_high
from graduation_readiness as readiness
left join (select * from dim_initiatives where is_current) as initiatives
    on readiness.initiative_id = initiatives.initiative_id
where readiness.as_of_date = cast(? as date) and readiness.is_ready and not exists (
    select 1 from graduation_gates as gates
    where gates.initiative_id = readiness.initiative_id and gates.as_of_date = readiness.as_of_date
        and gates.gate_number = 5 and gates.status = 'pass'
)
order by readiness.verified_run_rate desc nulls last
"""

BRIDGE = """
select
    sum(amount) filter (where bridge_line = 'billed_cost') as billed,
    sum(amount) filter (where bridge_line = 'billed_cost' and cost_basis = 'metered') as not_billed,
    coalesce(sum(abs(amount)) filter (where bridge_line in ('residual', 'metering_residual')), 0) as unexplained,
    coalesce(sum(abs(amount)) filter (where bridge_line in ('unpriced_usage', 'untracked_traffic')), 0) as unmetered,
    coalesce(-sum(amount) filter (where bridge_line = 'unposted_accrual'), 0) as unposted,
    count(*) as lines
from reconciliation_by_provider_month where fiscal_period = ?
"""


def front(publication: Publication, drawer: Drawer) -> Page:
    run = publication.provenance
    period = read_period(publication)
    asks = f"What AI cost, what it did to margin, and what needs a decision, as of {run.as_of:%-d %B %Y}"
    if period is None:
        sections: tuple[Section, ...] = (Section("", (Note(UNKNOWN, "watch"), risks(publication, None))),)
        return Page("index", "Overview", f"{asks}.", sections)
    budgets, months = _budgets(publication, period), _months(publication, period)
    sections = (
        Section("", _first(publication, period, budgets, months)),
        Section("", (budgets, *_ready(publication)), is_half=True),
        Section("", (*_margin(publication, period), _movers(publication, period)), is_half=True),
        Section("", (risks(publication, period), months)),
    )
    return Page("index", "Overview", f"{asks}. Month {period.name}: {period.progress}.", sections)


def _first(publication: Publication, period: Period, budgets: Table, months: Table) -> tuple[Block, ...]:
    gaps = sum(row["days"] for row in missing_days(publication, period.starts_on))
    return (
        _spend(period, budgets, gaps),
        _projection(publication, budgets, gaps),
        _year(period, months),
        _margin_figure(publication, period),
        _run_rate(publication),
        _ties_out(publication, period, gaps),
    )


def _spend(period: Period, budgets: Table, gaps: int) -> Figure:
    """Not good while days are missing: ``gaps``, of all sources, whose cost would come on top."""
    budgeted, allowed = budgets.total("budget_amount"), budgets.total("allowance_amount")
    inside = sum((row["spent_amount"] for row in budgets.rows if row["allowance_amount"] is not None), Decimal(0))
    within: Verdict = "watch" if gaps else "good"
    verdict: Verdict = "none" if not budgeted else within if inside <= allowed else "bad"
    days = f"{period.days_elapsed} of {period.days} days{_lacking(gaps)}"
    says = f"{days}; {shown(budgeted, 'money')} budgeted" if budgeted else f"{days}; no budget is stated"
    return Figure(
        "Spend, month to date",
        budgets.total("spent_amount") if budgets.rows else None,
        "money",
        "Allocated cost from the first day of the fiscal month to the as-of day; it equals what was billed or metered. It is "
        "compared with what is allowed so far: what was funded, and where the units of core work are known, their budget grows "
        "with them. Spend without a budget is compared with none.",
        "fct_allocated_costs",
        rows=budgets.id,
        total="spent_amount",
        verdict=verdict,
        says=says,
    )


def _lacking(gaps: int) -> str:
    return f"; {counted(gaps, 'day')} of a source missing" if gaps else ""


def _projection(publication: Publication, budgets: Table, gaps: int) -> Figure:
    level = "department" if publication.provenance.department else "company"
    found = publication.one("month_end_projection", PROJECTION, [level, publication.provenance.as_of])
    known = found if found and found["projected_amount"] is not None else None
    budgeted, verdict, says = budgets.total("budget_amount"), "none", "no forecast yet: under a week of cost"
    if known and known["days_missing"]:
        above = bool(budgeted) and known["projected_low"] > budgeted
        verdict = "bad" if above else "watch"
        least, lacking = shown(known["projected_low"], "money"), counted(known["days_missing"], "day")
        says = f"at least {least}{', above budget' if above else ''}; cost of {lacking} is missing and comes on top"
    elif known:
        says = f"{shown(known['projected_low'], 'money')} to {shown(known['projected_high'], 'money')}"
        if budgeted:
            above, below = known["projected_low"] > budgeted, known["projected_high"] <= budgeted
            verdict = "bad" if above else "good" if below and not gaps else "watch"
            says += ", above budget" if above else ", within budget" if below else ", may exceed budget"
        says += _lacking(gaps)
    return Figure(
        "Month end, projected",
        known["projected_amount"] if known else None,
        "money",
        "Spent so far and the daily forecast of the days left. At least four of five months are expected to end inside the "
        "interval. Without an upper end where days of the month are missing.",
        "month_end_projection",
        verdict=verdict if known else "unknown",  # type: ignore[arg-type]
        says=says,
    )


def _year(period: Period, months: Table) -> Figure:
    budgeted = months.total("budgeted")
    first = min((row["period"] for row in months.rows), default=None)
    since = f"since {period.year_starts_on}" if first else "no cost yet"
    return Figure(
        "Year to date",
        months.total("spent") if months.rows else None,
        "money",
        f"Allocated cost from {period.year_starts_on}, the first day of the fiscal year, to the as-of day; the first cost on "
        f"record is of {first or 'no month'}. Budgeted is the sum of the whole months shown below.",
        "fct_allocated_costs",
        rows=months.id,
        total="spent",
        says=f"{since}; {shown(budgeted, 'money')} budgeted" if budgeted else f"{since}; no budget is stated",
    )


def _margin_figure(publication: Publication, period: Period) -> Figure:
    rows = read_margins(publication, period)
    known = [row for row in rows if row["gross_profit"] is not None]
    verdict, says = judged(publication, rows, period)
    return Figure(
        "Gross margin",
        margin_ratio(known),
        "ratio",
        "Gross profit over revenue of the products whose revenue is known, of the same days: revenue less AI cost of goods "
        "sold and other cost of goods sold. Products that are left out are named.",
        "gross_margin_by_product_month",
        rows="margins" if known else None,
        total="gross_profit" if known else None,
        over="compared_revenue" if known else None,
        verdict=verdict,
        says=says,
    )


def _run_rate(publication: Publication) -> Figure:
    level = "department" if publication.provenance.department else "company"
    source = f"run_rate_by_{level}_day"
    rate = publication.one(source, RUN_RATE.format(level=level), [publication.provenance.as_of])
    known = rate if rate and rate["run_rate_monthly"] is not None else None
    says, verdict = "under a week of complete days", "unknown"
    if known:
        says = (
            f"{shown(known['run_rate_low'], 'money')} to {shown(known['run_rate_high'], 'money')}; {stability(known)}"
        )
        verdict = {"stable": "good", "fail": "watch"}.get(known["stability_status"], "unknown")
    return Figure(
        "Run-rate a month",
        known["run_rate_monthly"] if known else None,
        "money",
        "The mean daily cost of up to 28 complete days, as an average month; the interval is where a month at this level ends "
        "in four of five cases. Stable means that growth and variation were shown to lie within their limits.",
        source,
        verdict=verdict,  # type: ignore[arg-type]
        says=says,
    )


def stability(rate: Row) -> str:
    """Whether a run-rate is stable, in words, with what stands against it."""
    reasons = in_words(rate["stability_reasons"], "stability_reasons")
    if rate["stability_status"] == "stable":
        return "stable"
    what = "not stable" if rate["stability_status"] == "fail" else "not known whether stable"
    return f"{what}: {reasons}" if reasons else what


def _ties_out(publication: Publication, period: Period, gaps: int) -> Figure:
    found = publication.one("reconciliation_by_provider_month", BRIDGE, [period.name])
    bridge = found if found and found["lines"] else None
    alarm = publication.provenance.residual_alarm_ratio
    says, verdict = "no bill to compare with", "unknown"
    if bridge:
        billed = bridge["billed"] or Decimal(0)
        says = f"of {shown(billed, 'money')} billed{without_bill(billed, bridge['not_billed'])}; "
        says += f"{shown(bridge['unposted'], 'money')} not posted yet" if bridge["unposted"] else "all of it is posted"
        if bridge["unmetered"]:
            says += f"; {shown(bridge['unmetered'], 'money')} billed without priced usage"
        is_over = alarm is not None and bridge["unexplained"] > alarm * abs(billed)
        says += _lacking(gaps)
        verdict = "bad" if is_over else "watch" if bridge["unmetered"] or gaps or alarm is None else "good"
    return Figure(
        "Not tied out",
        bridge["unexplained"] if bridge else None,
        "money",
        "What remains of the difference between metered usage and the bill, and between the bill and the ledger, once every "
        "known cause is taken off, without regard to sign, over all providers. The causes are on the reconciliation page.",
        "reconciliation_by_provider_month",
        verdict=verdict,  # type: ignore[arg-type]
        says=says,
    )


def _budgets(publication: Publication, period: Period) -> Table:
    rows = publication.rows("budget_status_by_department_month dim_departments", BUDGETS, [period.name])
    spent = publication.rows("fct_allocated_costs dim_departments", SPENT, [period.starts_on, period.as_of])
    budgeted = {(row["department_id"], row["budget_class"]) for row in rows}
    blank = dict.fromkeys(("budget_amount", "allowance_amount", "remaining_amount", "burn_ratio"))
    rows += [
        {**row, **blank, "status": "no_budget"}
        for row in spent
        if (row["department_id"], row["budget_class"]) not in budgeted and row["spent_amount"]
    ]
    for row in rows:
        row["verdict"] = {"exhausted": "bad", "over_budget": "bad", "alert_80": "watch"}.get(row["status"], "none")
        department = row["department"] or row["department_id"] or "No department"
        budget_class, none = in_words(row["budget_class"], "budget_class"), in_words("no_budget", "status")
        row["budget"] = f"{department}, {budget_class or none}"
        if budget_class and row["status"] == "no_budget":
            row["budget"] += f": {none}"
    return Table(
        "budgets",
        "Spend against budget",
        "budget_status_by_department_month",
        (
            Column("budget", "Budget"),
            Column("budget_amount", "Budgeted", "money", True),
            Column("allowance_amount", "Allowed so far", "money", True),
            Column("spent_amount", "Spent", "money", True),
            Column("burn_ratio", "Used", "ratio"),
        ),
        rows,
        "No cost and no budget in this month yet; budgets are read from the ledger file budgets.csv.",
        filters={"department": "department_id"},
        verdict="verdict",
        first=8,
    )


def _months(publication: Publication, period: Period) -> Table:
    tables = "fct_allocated_costs dim_dates budget_status_by_department_month"
    return Table(
        "months",
        "Spend and budget by month",
        "fct_allocated_costs",
        (
            Column("period", "Month"),
            Column("spent", "Spent", "money", True),
            Column("budgeted", "Budgeted", "money", True),
        ),
        publication.rows(tables, MONTHS, [period.year_starts_on, period.as_of]),
        "No cost in this fiscal year yet.",
        is_folded=True,
    )


def _margin(publication: Publication, period: Period) -> tuple[Block, ...]:
    rows = read_margins(publication, period)
    known, missing = [row for row in rows if row["gross_profit"] is not None], left_out(rows)
    table = Table(
        "margins",
        "Gross margin, AI as its own line",
        "gross_margin_by_product_month",
        (
            Column("product", "Product"),
            Column("compared_revenue", "Revenue", "money", True),
            Column("compared_ai_cogs", "AI cost", "money", True),
            Column("compared_other_cogs", "Other cost", "money", True),
            Column("gross_profit", "Gross profit", "money", True),
            Column("gross_margin_ratio", "Margin", "ratio"),
            Column("target_gross_margin_ratio", "Target", "ratio"),
        ),
        known,
        "No product's gross profit is known for this month.",
        filters={"product": "product_id"},
        verdict="verdict",
        first=6,
    )
    notes = [
        Note(
            f"Left out: {row['product']}, because {row['because']}; its AI cost is {shown(row['ai_cogs'], 'money')}.",
            "watch",
        )
        for row in missing
    ]
    partial = [
        row for row in known if row.get("days_compared") is not None and row["days_compared"] < period.days_elapsed
    ]
    notes += [
        Note(
            f"{row['product']}: revenue and cost of the {row['days_compared']} of {period.days_elapsed} days whose "
            f"{compared_by(row)} known.",
            "watch",
        )
        for row in partial
    ]
    notes += [Note(text, "watch") for text in margin_notes(rows)]
    return (table, *notes)


def _movers(publication: Publication, period: Period) -> Table:
    tables = "fct_allocated_costs dim_dates budget_variance_by_initiative_month dim_initiatives"
    values = [period.name, period.name, period.as_of, period.starts_on, period.as_of, period.name]
    rows = publication.rows(tables, MOVERS, values)
    rows = [row for row in rows if row["change"]]
    for row in rows:
        row["why"] = _why(row)
    return Table(
        "movers",
        "What moved, and why",
        "budget_variance_by_initiative_month",
        (
            Column("initiative", "Initiative"),
            Column("change", "Change", "money", True),
            Column("like_for_like", "Same days", "money", True),
            Column("why", "Why"),
        ),
        rows,
        "Nothing changed on the month before, or there is no month before.",
        filters={"department": "department_id", "product": "product_id"},
        first=3,
    )


def _why(row: Row) -> str:
    if not row["before"]:
        return "new this month"
    if not row["now"]:
        return "no cost this month"
    parts = row["parts"] or []
    if not parts:
        return "number of days" if row["days_amount"] else "no units of work to explain it by"
    named = [f"{in_words(one['component'], 'component')} {one['amount']:+,.2f}" for one in parts[:2]]
    return "; ".join(named)


def _ready(publication: Publication) -> tuple[Block, ...]:
    rows = publication.rows(
        "graduation_readiness graduation_gates dim_initiatives", READY, [publication.provenance.as_of]
    )
    for row in rows:
        row["verdict"] = "good"
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
        "No experiment that passes every gate waits for approval today; what holds each back is on the graduation page.",
        filters={"department": "department_id", "product": "product_id"},
        verdict="verdict",
        first=4,
    )
    return (table, Note("Approve with: tokenomics graduate INITIATIVE --approver EMAIL", "good")) if rows else (table,)
