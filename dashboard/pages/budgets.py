"""Budgets: what departments may spend and did, how experiments use up their allocations, and every movement of the ledger.

The plan of an allocation, which its burn-down is drawn against, is even spending from its first to its last day.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import groupby

from dashboard.charts import Drawer, bars, burn_down
from dashboard.figures import Block, Chart, Column, Figure, Note, Page, Section, Table, Verdict, shown
from dashboard.fiscal import UNKNOWN, Period, read_period
from dashboard.publication import Publication, Row
from orchestration.glossary import in_words

DEPARTMENTS = """
select
    status.fiscal_period, status.department_id, coalesce(departments.name, status.department_id) as department,
    status.budget_class, status.budget_amount, status.flexible_budget_amount, status.budget_basis, status.allowance_amount,
    status.spent_amount, status.remaining_amount, status.burn_ratio, status.status
from budget_status_by_department_month as status
left join (select department_id, name from dim_departments where is_current) as departments
    on status.department_id = departments.department_id
where status.fiscal_period in (select fiscal_period from dim_dates where calendar_date <= cast(? as date))
order by status.fiscal_period desc, department, status.budget_class
"""

ALLOCATIONS = """
select
    status.as_of_date, status.initiative_id, coalesce(initiatives.name, status.initiative_id) as initiative,
    initiatives.department_id, initiatives.product_id, status.allocated_amount, status.spent_amount,
    status.remaining_amount, status.spent_after_close_amount, status.burn_ratio, status.projected_exhaustion_date,
    status.projected_exhaustion_date_early, status.starts_on, status.expires_on, status.status
from budget_status_by_initiative as status
left join (select * from dim_initiatives where is_current) as initiatives
    on status.initiative_id = initiatives.initiative_id
where status.as_of_date <= cast(? as date) and status.as_of_date >= status.starts_on
order by status.as_of_date, initiative
"""

BALANCES = """
select movements.account, departments.name as department, initiatives.name as initiative,
    any_value(movements.department_id) as department_id, sum(movements.amount) as balance
from fct_budget_movements as movements
left join (select department_id, name from dim_departments where is_current) as departments
    on split_part(movements.account, ':', -1) = departments.department_id and movements.account not like 'allocation:%'
left join (select initiative_id, name from dim_initiatives where is_current) as initiatives
    on split_part(movements.account, ':', -1) = initiatives.initiative_id and movements.account like 'allocation:%'
where movements.effective_on <= cast(? as date)
group by movements.account, departments.name, initiatives.name
order by movements.account
"""

MOVEMENTS = """
select
    movements.effective_on, movements.posted_at, movements.movement_id, movements.kind, movements.account,
    coalesce(initiatives.name, movements.initiative_id) as initiative, departments.name as department,
    movements.department_id, initiatives.product_id, movements.fiscal_period, movements.amount, movements.approver
from fct_budget_movements as movements
left join (select * from dim_initiatives where is_current) as initiatives
    on movements.initiative_id = initiatives.initiative_id
left join (select department_id, name from dim_departments where is_current) as departments
    on movements.department_id = departments.department_id
order by movements.effective_on desc, movements.movement_id, movements.posting_number
"""

BAD = ("exhausted", "over_budget")
MOST_DRAWINGS = 12
PLACES = Decimal("1E-12")
"""A plan has as many places as allocated cost, so that its sum is exact."""


def budgets(publication: Publication, drawer: Drawer) -> Page:
    period = read_period(publication)
    as_of, currency = publication.provenance.as_of, publication.provenance.currency
    tables = "budget_status_by_department_month dim_departments dim_dates"
    months = _months(publication.rows(tables, DEPARTMENTS, [as_of]))
    history = publication.rows("budget_status_by_initiative dim_initiatives", ALLOCATIONS, [as_of])
    asks = "What each department may spend and did, how fast experiments use up their money, and where it came from."
    first: tuple[Block, ...] = (*_figures(months, period), *_bars(drawer, currency, months, period)) if period else ()
    return Page(
        "budgets",
        "Budgets",
        asks + (f" Opened at month {period.name}: {period.progress}." if period else ""),
        (
            Section("Departments", (*first, months) if period else (Note(UNKNOWN, "watch"),)),
            Section(
                "Experiments",
                (*_burn_downs(drawer, currency, history), _allocations(history, as_of), _days(history)),
                "Dashed: the plan, which is even spending from the first to the last day of the allocation.",
            ),
            Section("The budget ledger", (_balances(publication), _movements(publication))),
        ),
        opens_with={"period": period.name}
        if period and any(row["fiscal_period"] == period.name for row in months.rows)
        else {},
    )


def _months(rows: list[Row]) -> Table:
    for row in rows:
        row["class"] = in_words(row["budget_class"], "budget_class")
        row["basis"] = in_words(row["budget_basis"], "budget_basis")
        row["says"] = in_words(row["status"], "status")
        row["verdict"] = "bad" if row["status"] in BAD else "watch" if row["status"] == "alert_80" else "none"
    return Table(
        "budget_months",
        "Budgets by department and month",
        "budget_status_by_department_month",
        (
            Column("fiscal_period", "Month"),
            Column("department", "Department"),
            Column("class", "Budget"),
            Column("budget_amount", "Budgeted", "money", True),
            Column("flexible_budget_amount", "Flexible budget", "money", True),
            Column("allowance_amount", "Allowed", "money", True),
            Column("spent_amount", "Spent", "money", True),
            Column("remaining_amount", "Left", "money", True),
            Column("burn_ratio", "Used", "ratio"),
            Column("basis", "Allowed is"),
            Column("says", "Status"),
        ),
        rows,
        "No budget is stated; put one into the ledger file budgets.csv.",
        says="A flexible budget is the verified cost of a unit of work times the units done: it grows with the work. Without "
        "known units spend is judged by what was funded, and without a budget by nothing.",
        filters={"period": "fiscal_period", "department": "department_id"},
        verdict="verdict",
        first=30,
    )


def _figures(table: Table, period: Period) -> tuple[Figure, ...]:
    opened = {"period": period.name}
    is_stated = any(row["status"] != "no_budget" for row in table.rows if table.stands(row, opened))
    lines = (
        ("Budgeted", "budget_amount", "What was funded for the whole month, from the budgets ledger and graduations."),
        (
            "Allowed",
            "allowance_amount",
            "Core: the flexible budget of the work done so far, or what was funded where units of work are not known. "
            "Experiments: what was funded.",
        ),
        ("Spent", "spent_amount", "Allocated cost of the month that falls into these budgets."),
        ("Left", "remaining_amount", "Allowed less spent, of budgets that were funded."),
    )
    return tuple(
        Figure(
            label,
            table.known_total(name, opened),
            "money",
            formula,
            table.source,
            rows=table.id,
            total=name,
            verdict="none"
            if name != "remaining_amount"
            else _left(table.known_total(name, opened))
            if is_stated
            else "unknown",
            says="" if is_stated or name == "spent_amount" else "no budget is stated",
        )
        for label, name, formula in lines
    )


def _left(amount: Decimal | None) -> Verdict:
    return "unknown" if amount is None else "bad" if amount < 0 else "good"


def _bars(drawer: Drawer, currency: str, table: Table, period: Period) -> tuple[Chart, ...]:
    rows = [row for row in table.rows if row["fiscal_period"] == period.name and row["spent_amount"] is not None]
    drawn = [{**row, "name": f"{row['department']}, {row['class']}"} for row in rows]
    drawn.sort(key=lambda row: -row["spent_amount"])
    if not drawn:
        return ()
    kept = drawn[:MOST_DRAWINGS]
    fields = ("name", "spent_amount", "allowance_amount")
    title = f"Spent in {period.name}, the mark is what is allowed"
    return (
        Chart(
            title if len(kept) == len(drawn) else f"{title}; the {len(kept)} largest of {len(drawn)}",
            drawer.svg(
                bars(
                    [{name: row[name] for name in fields} for row in kept],
                    "name",
                    "spent_amount",
                    currency,
                    mark="allowance_amount",
                )
            ),
            "; ".join(
                f"{row['name']}: {shown(row['spent_amount'], 'money')}"
                + (
                    ", no budget"
                    if row["allowance_amount"] is None
                    else f" of {shown(row['allowance_amount'], 'money')}"
                )
                for row in kept
            ),
            table.id,
        ),
    )


def _plan(row: Row) -> Decimal | None:
    """What would be left under even spending, at the end of the row's day."""
    days = (row["expires_on"] - row["starts_on"]).days + 1
    over = min(max((row["as_of_date"] - row["starts_on"]).days + 1, 0), days)
    if row["allocated_amount"] is None:
        return None
    return (row["allocated_amount"] * (days - over) / days).quantize(PLACES)


def _burn_downs(drawer: Drawer, currency: str, history: list[Row]) -> tuple[Chart, ...]:
    """What is left of all allocations, of each department's, and of each."""
    rows = [
        {**row, "day": row["as_of_date"], "left": row["remaining_amount"], "plan": plan}
        for row in history
        if (plan := _plan(row)) is not None and row["status"] not in ("expired", "graduated")
    ]
    drawn = _burn_down(drawer, currency, rows, "all allocations", {})
    departments: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["department_id"] is not None:
            departments[row["department_id"]].append(row)
    for department, of in list(departments.items())[:MOST_DRAWINGS]:
        drawn += _burn_down(drawer, currency, of, "its allocations", {"department": department})
    initiatives = {row["initiative"] for row in rows}
    if 1 < len(initiatives) <= MOST_DRAWINGS:
        fields = ("day", "left", "plan", "initiative")
        drawn.append(
            Chart(
                "Left of each allocation",
                drawer.svg(
                    burn_down([{name: row[name] for name in fields} for row in rows], currency, by="initiative")
                ),
                "A small drawing for each experiment: what is left by day, and the plan.",
                "allocation_days",
            )
        )
    return tuple(drawn)


def _burn_down(drawer: Drawer, currency: str, rows: Iterable[Row], who: str, shows: dict[str, str]) -> list[Chart]:
    by_day: list[Row] = []
    for day, of in groupby(rows, key=lambda row: row["day"]):
        kept = list(of)
        sums = {name: sum((row[name] for row in kept), Decimal(0)) for name in ("left", "plan")}
        by_day.append({"day": day, **sums})
    if len(by_day) < 2:
        return []
    last = by_day[-1]
    left, plan = shown(last["left"], "money"), shown(last["plan"], "money")
    alt = f"Of {who} {left} are left on {last['day']}; by plan it would be {plan}."
    return [
        Chart(
            f"Left of {who}: {left}, by plan {plan}",
            drawer.svg(burn_down(by_day, currency)),
            alt,
            "allocations",
            "It rises where an allocation is granted.",
            shows=shows,
        )
    ]


def _allocations(history: list[Row], as_of: date) -> Table:
    rows = [{**row, "plan": _plan(row)} for row in history if row["as_of_date"] == as_of]
    for row in rows:
        row["says"] = in_words(row["status"], "status")
        runs_out = row["projected_exhaustion_date"]
        is_early = (
            runs_out is not None and runs_out <= row["expires_on"] and row["status"] not in ("expired", "graduated")
        )
        if is_early and row["status"] != "exhausted":
            row["says"] += ", runs out early"
        row["verdict"] = (
            "bad"
            if row["status"] in BAD
            else "watch"
            if is_early or row["status"] in ("alert_80", "expired")
            else "none"
        )
    return Table(
        "allocations",
        "Allocations of experiments",
        "budget_status_by_initiative",
        (
            Column("initiative", "Initiative"),
            Column("allocated_amount", "Allocated", "money", True),
            Column("spent_amount", "Spent", "money", True),
            Column("remaining_amount", "Left", "money", True),
            Column("plan", "Left by plan", "money", True),
            Column("burn_ratio", "Used", "ratio"),
            Column("projected_exhaustion_date", "Used up, likely", "date"),
            Column("projected_exhaustion_date_early", "At the earliest", "date"),
            Column("starts_on", "From", "date"),
            Column("expires_on", "Ends on", "date"),
            Column("says", "Status"),
        ),
        sorted(rows, key=lambda row: row["expires_on"]),
        "No experiment has an allocation; grants stand in initiatives.yaml.",
        filters={"department": "department_id", "product": "product_id"},
        verdict="verdict",
        first=30,
    )


def _days(history: list[Row]) -> Table:
    return Table(
        "allocation_days",
        "Allocations by day",
        "budget_status_by_initiative",
        (
            Column("as_of_date", "Day", "date"),
            Column("initiative", "Initiative"),
            Column("allocated_amount", "Allocated", "money"),
            Column("spent_amount", "Spent", "money"),
            Column("remaining_amount", "Left", "money"),
            Column("plan", "Left by plan", "money"),
        ),
        [{**row, "plan": _plan(row)} for row in reversed(history)],
        "No day of an allocation yet.",
        filters={"department": "department_id", "product": "product_id"},
        is_folded=True,
    )


def _account(row: Row) -> str:
    """The account of a movement in words."""
    kind, _, rest = row["account"].partition(":")
    name = row.get("initiative") if kind == "allocation" else row.get("department")
    owner = name or rest.rpartition(":")[2]
    words = {
        "corporate": "Company",
        "pool": f"Experimentation pool, {owner}",
        "core": f"Core, {owner}",
        "allocation": f"Allocation, {owner}",
        "consumed": f"Spent, {owner}",
    }
    return words.get(kind, str(row["account"]))


def _balances(publication: Publication) -> Table:
    tables = "fct_budget_movements dim_departments dim_initiatives"
    rows = publication.rows(tables, BALANCES, [publication.provenance.as_of])
    for row in rows:
        row["name"] = _account(row)
        row["department_id"] = None if row["account"] == "corporate" else row["department_id"]
        row["verdict"] = "bad" if row["account"].startswith("pool:") and row["balance"] < 0 else "none"
    return Table(
        "balances",
        "Balances on the as-of day",
        "fct_budget_movements",
        (Column("name", "Account"), Column("balance", "Balance", "money", True)),
        rows,
        "Nothing was booked yet; the budgets ledger file budgets.csv funds pools and core budgets.",
        says="Each is the sum of its movements; all of them together are zero. A pool below zero was granted more than it held.",
        filters={"department": "department_id"},
        verdict="verdict",
    )


def _movements(publication: Publication) -> Table:
    rows = publication.rows("fct_budget_movements dim_departments dim_initiatives", MOVEMENTS)
    for row in rows:
        row["what"], row["name"] = in_words(row["kind"], "kind"), _account(row)
        row["by"] = in_words(row["approver"]) if row["approver"] and "@" not in row["approver"] else row["approver"]
    return Table(
        "movements",
        "Movements",
        "fct_budget_movements",
        (
            Column("effective_on", "Effective", "date"),
            Column("what", "What"),
            Column("name", "Account"),
            Column("initiative", "Initiative"),
            Column("fiscal_period", "Month"),
            Column("amount", "Amount", "money", True),
            Column("by", "Approved by"),
            Column("posted_at", "Booked", "moment"),
            Column("movement_id", "Movement"),
        ),
        rows,
        "Nothing was booked yet.",
        says="Every movement takes from one account and gives to another; no row is ever changed.",
        filters={"department": "department_id", "product": "product_id"},
        is_folded=True,
    )
