"""Reconciliation: from metered list cost through the bill to the ledger, line by line; what stays open; accruals."""

from decimal import Decimal
from itertools import groupby

from dashboard.charts import Drawer, waterfall
from dashboard.figures import Block, Chart, Column, Figure, Page, Section, Table, shown
from dashboard.publication import Publication, Row
from dashboard.scale import MONTH, RECENT
from orchestration.glossary import in_words
from orchestration.policy.open_amounts import OPEN_LINES
from orchestration.summary.open_amounts import NOT_REVERSED_REMEDIES, REMEDIES, account_remedy

PROVIDERS = 6
SHOWN_PERIODS = 6
CENT = Decimal("0.01")

BRIDGE = f"""
select fiscal_period as period, provider, leg, line_order, bridge_line, amount, is_total, is_memo, cost_basis
from reconciliation_by_provider_month
where fiscal_period in {RECENT}
order by period desc, provider, line_order, bridge_line
"""

JOURNALS = f"""
select
    fiscal_period as period, provider, journal_id, posting_date, is_reversal, sum(debit_amount) as debit_amount,
    sum(credit_amount) as credit_amount, string_agg(distinct account_number, ', ' order by account_number) as accounts
from accrual_journal_lines
where fiscal_period in {RECENT}
group by all order by posting_date desc, provider, journal_id
"""

LEFT_OUT = """
select fiscal_period as period, provider, service_period, credit_role, missing_roles, amount
from accrual_journals_left_out order by period desc, provider, service_period
"""

NOT_REVERSED = """
select fiscal_period as period, provider, journal_id, reversal_date, finding, amount
from accrual_journals_not_reversed order by period desc, provider, journal_id
"""

ADJUSTMENTS = """
select closed_period, booked_period, table_name, column_name, entity, amount, reason from period_adjustments
order by booked_period desc, abs(amount) desc
"""

FILTERS = {"period": "period"}


def reconciliation(publication: Publication, drawer: Drawer) -> Page:
    rows = publication.rows("reconciliation_by_provider_month dim_dates", BRIDGE, [publication.provenance.as_of])
    for row in rows:
        row["line"] = in_words(row["bridge_line"])
        row["kind"] = "total" if row["is_total"] else "beside the sums" if row["is_memo"] else "step"
    still_open = _open(rows)
    return Page(
        "reconciliation",
        "Reconciliation",
        "Whether what was metered, what was billed and what the books say is the same money.",
        (
            Section("Still open", (*_figures(publication, rows, still_open), _open_table(rows, still_open))),
            Section("Meter to bill to ledger", (*_charts(publication, drawer, rows), _bridge(rows))),
            Section("Month-end journals", (_journals(publication), _left_out(publication), _not_reversed(publication))),
            Section("Closed periods", (_adjustments(publication),)),
        ),
    )


def _open(rows: list[Row]) -> list[Row]:
    found = [
        {**row, "remedy": REMEDIES.get(row["bridge_line"], ""), "size": abs(row["amount"])}
        for row in rows
        if row["bridge_line"] in OPEN_LINES and abs(row["amount"]) >= CENT
    ]
    return sorted(found, key=lambda row: (row["period"], row["size"]), reverse=True)


def without_bill(billed: Decimal | None, metered: Decimal | None) -> str:
    """What to add where ``metered`` of what counts as billed is usage at its price, since its provider has no bill."""
    if not metered:
        return ""
    return f", {'all' if metered == billed else shown(metered, 'money')} of it metered, for want of a bill"


def _figures(publication: Publication, rows: list[Row], still_open: list[Row]) -> tuple[Figure, ...]:
    month, currency = publication.provenance.month, publication.provenance.currency
    if not rows:
        return ()
    figures = []
    for line, label in (("billed_cost", "Billed"), ("ledger_posting", "Posted in the ledger")):
        found = [row for row in rows if row["period"] == month and row["bridge_line"] == line]
        now = [row["amount"] for row in found]
        amount = sum(now[1:], now[0]) if now else None
        metered = sum((row["amount"] for row in found if row["cost_basis"] == "metered"), Decimal(0))
        beside = "" if amount is None or line != "billed_cost" else without_bill(amount, metered).removeprefix(", ")
        figures.append(
            Figure(
                f"{label}, {month} to date",
                amount,
                "money",
                f"The line {in_words(line)} of every provider.",
                "reconciliation_by_provider_month",
                says="nothing yet" if amount is None else beside,
            )
        )
    is_known = any(row["period"] == month for row in rows)
    dear = max((row for row in still_open if row["period"] == month), key=lambda row: row["size"], default=None)
    figures.append(
        Figure(
            f"Open lines, {month}",
            sum(row["period"] == month for row in still_open) if is_known else None,
            "count",
            "Lines of the bridge that say what nothing explains or what somebody has to settle, with an amount.",
            "reconciliation_by_provider_month",
            verdict="watch" if dear else "good" if is_known else "unknown",
            says=f"the largest: {dear['provider']}, {dear['line']}, {currency} {shown(dear['amount'], 'money')}"
            if dear
            else "everything is explained"
            if is_known
            else "nothing yet",
        )
    )
    return tuple(figures)


def _open_table(rows: list[Row], still_open: list[Row]) -> Table:
    return Table(
        "open",
        "Open amounts, and what to do",
        "reconciliation_by_provider_month",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("line", "What"),
            Column("amount", "Amount", "money"),
            Column("remedy", "What to do"),
        ),
        still_open,
        "Everything that was billed is metered, priced and explained."
        if rows
        else "Nothing was metered or billed yet.",
        "Amounts under a hundredth are left out here; the bridge has every line.",
        filters=FILTERS,
        first=15,
    )


def _bridge(rows: list[Row]) -> Table:
    return Table(
        "bridge",
        "The bridge, every line",
        "reconciliation_by_provider_month",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("line_order", "Line", "count"),
            Column("line", "What"),
            Column("kind", "Kind"),
            Column("amount", "Amount", "money"),
        ),
        rows,
        "Nothing was metered or billed yet.",
        "Steps add up from one total to the next; lines beside the sums explain a part of another line.",
        filters=FILTERS,
        is_folded=True,
    )


def _charts(publication: Publication, drawer: Drawer, rows: list[Row]) -> list[Block]:
    """A waterfall of each of the largest providers: of the latest period, and under its filter of each before."""
    currency = publication.provenance.currency
    steps_of = {
        key: [row for row in lines if not row["is_memo"] and (row["is_total"] or round(row["amount"], 2))]
        for key, lines in groupby(rows, key=lambda row: (row["period"], row["provider"]))
    }
    charts: list[Block] = []
    for number, period in enumerate(sorted({period for period, _ in steps_of}, reverse=True)[:SHOWN_PERIODS]):
        shows = {"period": period} if number else {}
        found = [(provider, steps) for (month, provider), steps in steps_of.items() if month == period and steps]
        found.sort(key=lambda one: max(abs(row["amount"]) for row in one[1]), reverse=True)
        for provider, steps in found[:PROVIDERS]:
            if not any(row["amount"] for row in steps):
                continue
            said = ", ".join(f"{row['line']} {shown(row['amount'], 'money')}" for row in steps)
            drawn = [(row["line"], row["amount"], row["is_total"]) for row in steps]
            svg = drawer.svg(waterfall(drawn, currency))
            alt = f"{provider} in {period}: {said}."
            charts.append(Chart(f"{provider}, {period}", svg, alt, "bridge", shows=shows))
    return charts


def _journals(publication: Publication) -> Table:
    rows = publication.rows("accrual_journal_lines dim_dates", JOURNALS, [publication.provenance.as_of])
    for row in rows:
        row["kind"] = "reversal" if row["is_reversal"] else "accrual"
    return Table(
        "journals",
        "Proposed accruals and their reversals",
        "accrual_journal_lines",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("kind", "Kind"),
            Column("posting_date", "Posted on", "date"),
            Column("debit_amount", "Debit", "money", True),
            Column("credit_amount", "Credit", "money", True),
            Column("accounts", "Accounts"),
            Column("journal_id", "Journal"),
        ),
        rows,
        "No month has ended with cost that the books do not hold yet."
        if publication.holds("accrual_journal_lines")
        else "Journals are not published here.",
        "Files for QuickBooks, Xero and NetSuite stand in journals/ of the publication. Closing a month makes them final.",
        filters=FILTERS,
        first=15,
    )


def _left_out(publication: Publication) -> Table:
    rows = publication.rows("accrual_journals_left_out", LEFT_OUT)
    for row in rows:
        row["credit"] = in_words(row["credit_role"])
        row["missing"] = in_words(row["missing_roles"])
        row["remedy"] = account_remedy(row["missing_roles"])
        row["verdict"] = "watch"
    return Table(
        "left_out",
        "Journals that could not be proposed",
        "accrual_journals_left_out",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("service_period", "Used in"),
            Column("amount", "Not proposed", "money", True),
            Column("missing", "Without an account"),
            Column("remedy", "What to do"),
        ),
        rows,
        "Every journal has its accounts.",
        filters=FILTERS,
        verdict="verdict",
    )


def _not_reversed(publication: Publication) -> Table:
    rows = publication.rows("accrual_journals_not_reversed", NOT_REVERSED)
    for row in rows:
        row["remedy"] = NOT_REVERSED_REMEDIES[row["finding"]]
        row["finding"] = in_words(row["finding"])
        row["verdict"] = "watch"
    return Table(
        "not_reversed",
        "Accruals that the ledger has not reversed, or not as posted",
        "accrual_journals_not_reversed",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("journal_id", "Journal"),
            Column("finding", "Found"),
            Column("amount", "Amount", "money", True),
            Column("reversal_date", "Reversal due", "date"),
            Column("remedy", "What to do"),
        ),
        rows,
        "Every accrual that came back through the ledger was reversed when it was due.",
        filters=FILTERS,
        verdict="verdict",
    )


def _adjustments(publication: Publication) -> Table:
    rows = publication.rows("period_adjustments", ADJUSTMENTS)
    for row in rows:
        row["what"] = f"{row['table_name']}.{row['column_name']}"
    return Table(
        "adjustments",
        "What changed after a period was closed, and where it was booked",
        "period_adjustments",
        (
            Column("closed_period", "Closed month"),
            Column("booked_period", "Booked in"),
            Column("what", "Of"),
            Column("entity", "Whose"),
            Column("amount", "Amount", "money"),
            Column("reason", "Why"),
        ),
        rows,
        "Nothing changed in a closed period.",
        filters={"period": "booked_period"},
    )
