"""What needs a decision: budgets used up or running out, margins below target, cost without a price, core initiatives that
became dearer, breakers that act, runaway loops. Each with its amount and what to do about it.

What is heard of budgets is decided by the same rules as the alerts (:mod:`orchestration.policy.budget_alerts`). A table
that is not published has no risks here, and the page names it as not published.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from dashboard.figures import Column, Table, shown
from dashboard.fiscal import Period
from dashboard.names import read_names
from dashboard.pages.margins import without_cost, without_owner
from dashboard.publication import Publication, Row
from orchestration.files import counted
from orchestration.glossary import in_words, source_in_words
from orchestration.policy.budget_alerts import (
    AllocationState,
    DepartmentBudget,
    decide_crossings,
    decide_department_crossings,
)
from orchestration.summary.collect import LATE_ACCOUNTS, MISSING_DAYS

SOON = timedelta(days=30)
"""An allocation that ends within as many days is told while something is left of it."""

ALLOCATIONS = """
select
    status.initiative_id, status.starts_on, status.expires_on, status.allocated_amount, status.spent_amount, status.status,
    status.projected_exhaustion_date, status.remaining_amount, coalesce(initiatives.name, status.initiative_id) as who,
    initiatives.department_id, initiatives.product_id
from budget_status_by_initiative as status
left join (select * from dim_initiatives where is_current) as initiatives on status.initiative_id = initiatives.initiative_id
where status.as_of_date = cast(? as date)
order by status.initiative_id
"""

DEPARTMENTS = """
select
    status.department_id, status.fiscal_period, status.budget_class, status.budget_basis, status.allowance_amount,
    status.spent_amount, status.status, coalesce(departments.name, status.department_id) as who
from budget_status_by_department_month as status
left join (select * from dim_departments where is_current) as departments
    on status.department_id = departments.department_id
where status.fiscal_period = ? and status.budget_amount is not null
order by status.department_id, status.budget_class
"""

MARGINS = """
select
    coalesce(products.name, margins.product_id) as who, margins.product_id, margins.gross_margin_ratio,
    margins.target_gross_margin_ratio, margins.compared_revenue, margins.gross_profit
from gross_margin_by_product_month as margins
left join (select * from dim_products where is_current) as products on margins.product_id = products.product_id
where margins.fiscal_period = ? and margins.is_below_target
order by who
"""

OPEN_LINES = """
select provider, bridge_line, amount from reconciliation_by_provider_month
where fiscal_period = ? and bridge_line in ('unpriced_usage', 'untracked_traffic') and amount <> 0
order by provider, bridge_line
"""

DEMOTIONS = """
select
    demotions.initiative_id, coalesce(initiatives.name, demotions.initiative_id) as who, initiatives.department_id,
    initiatives.product_id, demotions.unit_cost, demotions.verified_unit_cost, demotions.days_above, rates.run_rate_monthly
from core_demotions_by_initiative as demotions
left join (select * from dim_initiatives where is_current) as initiatives
    on demotions.initiative_id = initiatives.initiative_id
left join run_rate_by_initiative_day as rates
    on demotions.initiative_id = rates.initiative_id and demotions.as_of_date = rates.as_of_date
where demotions.as_of_date = cast(? as date) and demotions.is_flagged_for_return
order by who
"""

BREAKERS = """
select
    decisions.entity, coalesce(products.name, decisions.entity) as who, products.product_id, decisions.to_state,
    decisions.reason, decisions.decided_at, margins.ai_cogs
from (
    select * from guardrail_decisions where policy = 'margin_breaker'
    qualify row_number() over (partition by entity order by decided_at desc) = 1
) as decisions
left join (select * from dim_products where is_current) as products on decisions.entity = products.product_id
left join gross_margin_by_product_month as margins
    on decisions.entity = margins.product_id and margins.fiscal_period = ?
where decisions.to_state <> 'closed'
order by who
"""

INCIDENTS = """
select entity, kind, started_at, ended_at, incident_cost, cost_per_hour, department_id from incidents
where ended_at is null or cast(ended_at at time zone 'UTC' as date) >= ? order by incident_cost desc, started_at, entity
"""

EXTEND = "Graduate it, stop, or: tokenomics budget adjust"


def risks(publication: Publication, period: Period | None) -> Table:
    """Everything at risk on the as-of day, the gravest first."""
    found = list(_all(publication, period))
    found.sort(key=lambda row: (row["verdict"] != "bad", row["amount"] is None, -abs(row["amount"] or 0)))
    return Table(
        "risks",
        "At risk",
        "budget_status_by_initiative",
        (
            Column("who", "Who"),
            Column("what", "What"),
            Column("amount", "Amount", "money"),
            Column("why", "Why"),
            Column("remedy", "What to do"),
        ),
        found,
        "" if found else _nothing(publication, period),
        filters={"department": "department_id", "product": "product_id"},
        verdict="verdict",
        first=5,
    )


JUDGED = (
    (
        "no allocation is near its end",
        "budget_status_by_initiative",
        "select 1 from budget_status_by_initiative where as_of_date = cast(? as date) limit 1",
        ("day",),
    ),
    (
        "no department is near the end of its budget",
        "budget_status_by_department_month",
        "select 1 from budget_status_by_department_month where fiscal_period = ? and status <> 'no_budget' limit 1",
        ("period",),
    ),
    (
        "no margin is below its target",
        "gross_margin_by_product_month",
        "select 1 from gross_margin_by_product_month where fiscal_period = ? and is_below_target is not null limit 1",
        ("period",),
    ),
    (
        "nothing that was used lacks a price",
        "fct_usage",
        "select 1 from fct_usage where is_counted and usage_date between ? and ? limit 1",
        ("first", "day"),
    ),
)
"""What can be said not to be at risk, and the table, statement and values by which it is known."""


def _nothing(publication: Publication, period: Period | None) -> str:
    """What was judged and is not at risk; what is not known is not said to be well."""
    moment: dict[str, object] = {"day": publication.provenance.as_of}
    if period:
        moment |= {"period": period.name, "first": period.starts_on}
    said = [
        sentence
        for sentence, table, text, needs in JUDGED
        if moment.keys() >= set(needs) and publication.one(table, text, [moment[name] for name in needs])
    ]
    return (
        f"Nothing is at risk: {', '.join(said)}."
        if said
        else "No budget, margin or usage is known that could be at risk."
    )


def _all(publication: Publication, period: Period | None) -> Iterator[Row]:
    as_of = publication.provenance.as_of
    yield from _allocations(publication, as_of)
    yield from _demotions(publication, as_of)
    if period:
        yield from _departments(publication, period)
        yield from _margins(publication, period)
        yield from _unpriced(publication, period)
        yield from _unowned(publication, period)
        yield from _missing_days(publication, period)
        yield from _breakers(publication, period)
        yield from _incidents(publication, period)


def _risk(row: Row, verdict: str, what: str, amount: Decimal | None, why: str, remedy: str) -> Row:
    return {
        "who": row["who"],
        "what": what,
        "amount": amount,
        "why": why,
        "remedy": remedy,
        "verdict": verdict,
        "department_id": row.get("department_id"),
        "product_id": row.get("product_id"),
    }


def _money(amount: Decimal) -> str:
    return shown(amount, "money")


def _allocations(publication: Publication, as_of: date) -> Iterator[Row]:
    for row in publication.rows("budget_status_by_initiative dim_initiatives", ALLOCATIONS, [as_of]):
        state = AllocationState(
            row["initiative_id"],
            row["starts_on"],
            row["expires_on"],
            row["allocated_amount"],
            row["spent_amount"],
            row["status"],
            row["projected_exhaustion_date"],
        )
        left, spent = row["remaining_amount"], f"{_money(state.spent)} of {_money(state.allocated)} spent"
        kinds = {one.kind for one in decide_crossings(state)}
        if "projected_exhaustion" in kinds:
            why = f"{spent}; lasts to {state.projected_exhaustion}, not to {state.expires_on}"
            yield _risk(row, "watch", "Runs out early", left, why, EXTEND)
        elif "exhausted" in kinds:
            yield _risk(row, "bad", "Allocation used up", left, spent, EXTEND)
        elif "expired" in kinds and as_of - state.expires_on <= SOON:
            why = f"ended on {state.expires_on} with {spent}"
            yield _risk(row, "watch", "Allocation expired", state.allocated - state.spent, why, EXTEND)
        elif "spent_80" in kinds:
            yield _risk(row, "watch", "Allocation nearly used up", left, spent, EXTEND)
        elif state.status not in ("expired", "graduated") and as_of <= state.expires_on <= as_of + SOON:
            yield _risk(row, "watch", "Allocation ends soon", left, f"ends on {state.expires_on}; {spent}", EXTEND)


def _departments(publication: Publication, period: Period) -> Iterator[Row]:
    fields = (
        "department_id",
        "fiscal_period",
        "budget_class",
        "budget_basis",
        "allowance_amount",
        "spent_amount",
        "status",
    )
    for row in publication.rows("budget_status_by_department_month dim_departments", DEPARTMENTS, [period.name]):
        budget = DepartmentBudget(*(row[name] for name in fields))
        kinds = {one.kind for one in decide_department_crossings(budget, period.as_of)}
        if budget.allowance is None:
            continue
        over, budget_class = budget.spent - budget.allowance, in_words(budget.budget_class)
        why = f"{_money(budget.spent)} spent of {_money(budget.allowance)} allowed"
        if "exceeded" in kinds:
            remedy = "See what became dearer, or fund more"
            yield _risk(row, "bad", f"Over its {budget_class} budget", over, f"{why} for the work so far", remedy)
        elif "exhausted" in kinds:
            yield _risk(
                row,
                "bad",
                f"{budget_class.capitalize()} budget used up",
                over,
                why,
                "Fund more in budgets.csv, or stop.",
            )
        elif "spent_80" in kinds:
            remedy = "Watch it, or fund more in budgets.csv."
            yield _risk(row, "watch", f"{budget_class.capitalize()} budget nearly used up", -over, why, remedy)


def _margins(publication: Publication, period: Period) -> Iterator[Row]:
    for row in publication.rows("gross_margin_by_product_month dim_products", MARGINS, [period.name]):
        target = row["target_gross_margin_ratio"]
        why = f"margin {shown(row['gross_margin_ratio'], 'ratio')}, target {shown(target, 'ratio')}"
        short = (
            Decimal(str(target)) * row["compared_revenue"] - row["gross_profit"]
            if row["compared_revenue"] and target is not None
            else None
        )
        remedy = "See which cost grew on the margin page: a cheaper model, fewer tokens, or the price of the product."
        yield _risk(row, "bad", "Below target margin", short, f"{why}; the amount is what gross profit lacks", remedy)


def _unpriced(publication: Publication, period: Period) -> Iterator[Row]:
    billed = publication.rows("reconciliation_by_provider_month", OPEN_LINES, [period.name])
    for row in billed:
        named = {"who": row["provider"]}
        if row["bridge_line"] == "unpriced_usage":
            why = "usage without a known price; the bill has an amount for it"
            yield _risk(named, "watch", "No price", row["amount"], why, "Add a price for the model to contracts.yaml.")
        else:
            why = "billed, and no source of usage saw it"
            remedy = "Declare the source that meters it in sources.yaml, or accept it as cost without usage."
            yield _risk(named, "watch", "Billed without usage", row["amount"], why, remedy)
    for row in without_cost(publication, period):
        many = "1 model" if row["models"] == 1 else f"{row['models']} models"
        why = (
            f"{shown(row['quantity'], 'count')} {in_words(row['unit'])} of {many} without a price or a bill: in no cost"
        )
        remedy = "Add a price for the model to contracts.yaml."
        yield _risk({"who": row["provider"]}, "bad", "No price", None, why, remedy)


def _demotions(publication: Publication, as_of: date) -> Iterator[Row]:
    tables = "core_demotions_by_initiative dim_initiatives run_rate_by_initiative_day"
    for row in publication.rows(tables, DEMOTIONS, [as_of]):
        cost, verified = shown(row["unit_cost"], "price"), shown(row["verified_unit_cost"], "price")
        why = f"{cost} a unit of work, verified {verified}; above the limit for {row['days_above']} days"
        remedy = "Make a unit cheaper, or: tokenomics budget return"
        yield _risk(row, "bad", "Dearer than verified", row["run_rate_monthly"], why, remedy)


def _unowned(publication: Publication, period: Period) -> Iterator[Row]:
    share = without_owner(publication, period)
    if share:
        part = "" if share.ratio is None else f"{shown(share.ratio, 'ratio')} of the month's cost"
        alarm = "" if share.alarm_ratio is None else f", above the policy's {shown(share.alarm_ratio, 'ratio')}"
        why = f"{part}{alarm}; it is in no margin and no budget"
        remedy = "Add rules to ownership.yaml; tokenomics status names the largest"
        yield _risk(
            {"who": "Nobody"}, "watch", "Cost without an owner", share.unallocated, why.removeprefix("; "), remedy
        )


def missing_days(publication: Publication, since: date) -> list[Row]:
    """Runs of days from ``since`` on of which a source gave nothing, though their cost is in nothing else."""
    as_of = publication.provenance.as_of
    return [
        *publication.rows("source_day_gaps fct_allocated_costs fct_billed_costs", MISSING_DAYS, [since, as_of]),
        *publication.rows("source_day_gaps fct_billed_costs", LATE_ACCOUNTS, [as_of]),
    ]


def _missing_days(publication: Publication, period: Period) -> Iterator[Row]:
    """Of the month and the one before, which finance can still act on."""
    month_before = (period.as_of.replace(day=1) - timedelta(days=1)).replace(day=1)
    for row in missing_days(publication, month_before):
        span = f"{row['first_date']} to {row['last_date']}" if row["days"] > 1 else f"{row['first_date']}"
        why = f"{counted(row['days'], 'day')} without data, {span}: their cost is in no figure"
        remedy = "Export them again" if row["status"] == "missing" else "Add the newer log or bill"
        yield _risk(
            {"who": source_in_words(row)}, "watch", "Days missing", None, why, f"{remedy}, then: tokenomics run"
        )


def _breakers(publication: Publication, period: Period) -> Iterator[Row]:
    tables = "guardrail_decisions dim_products gross_margin_by_product_month"
    for row in publication.rows(tables, BREAKERS, [period.name]):
        why = f"since {row['decided_at']:%Y-%m-%d %H:%M}: {row['reason']}; the amount is its AI cost of the month"
        what = f"Margin breaker: {in_words(row['to_state'])}"
        yield _risk(
            row, "bad", what, row["ai_cogs"], why, "It closes by itself once margin is above its floor; see guardrails."
        )


def _incidents(publication: Publication, period: Period) -> Iterator[Row]:
    """Those of the month, and those that go on."""
    names = read_names(publication)
    for row in publication.rows("incidents", INCIDENTS, [period.starts_on]):
        began = f"{in_words(row['kind'])}, since {row['started_at']:%Y-%m-%d %H:%M} UTC"
        if row["ended_at"] is None:
            why = f"{began}: {_money(row['cost_per_hour'])} more an hour while it goes on"
            remedy = "Stop it, or cap the key in guardrails.yaml"
        else:
            why, remedy = f"{began}, over; the amount is beyond the usual", "Cap the key in guardrails.yaml"
        named = {"who": names.entity(row["entity"]), "department_id": row["department_id"]}
        what = "Slow drip" if row["kind"] == "slow_drip" else "Runaway loop"
        yield _risk(named, "bad" if row["ended_at"] is None else "watch", what, row["incident_cost"], why, remedy)
