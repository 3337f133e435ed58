"""Reconciliation: from metered list cost through the bill to what the ledger says, line by line."""

from decimal import Decimal
from itertools import groupby

from dashboard.charts import Drawer, waterfall
from dashboard.figures import Chart, Column, Page, Section, Table
from dashboard.publication import Publication

BRIDGE = """
select fiscal_period as period, provider, leg, line_order, bridge_line, amount, is_total, is_memo
from reconciliation_by_provider_month
order by period desc, provider, line_order, bridge_line
"""


def reconciliation(publication: Publication, drawer: Drawer) -> Page:
    rows = publication.rows("reconciliation_by_provider_month", BRIDGE)
    for row in rows:
        row["line"] = row["bridge_line"].replace("_", " ")
        row["kind"] = "total" if row["is_total"] else "memo" if row["is_memo"] else "step"
    table = Table(
        "bridge",
        "The bridge from meter to bill to ledger",
        "reconciliation_by_provider_month",
        (
            Column("period", "Month"),
            Column("provider", "Provider"),
            Column("line", "Line"),
            Column("kind", "Kind"),
            Column("amount", "Amount", "money"),
        ),
        rows,
        "Nothing was metered or billed yet.",
        "Lines that are neither total nor memo add up from one total to the next.",
        filters={"period": "period"},
    )
    return Page(
        "reconciliation",
        "Reconciliation",
        "Whether what was metered, what was billed and what the books say is the same money.",
        (Section("Meter to bill to ledger", (*_charts(publication, drawer, rows), table)),),
    )


def _charts(publication: Publication, drawer: Drawer, rows: list[dict]) -> list[Chart]:
    run = publication.provenance
    now = [row for row in rows if row["period"] == run.month and not row["is_memo"]]
    charts = []
    for provider, lines in groupby(now, key=lambda row: row["provider"]):
        steps = [
            (row["line"], row["amount"], row["is_total"])
            for row in lines
            if row["is_total"] or row["amount"].quantize(Decimal("0.01"))
        ]
        said = ", ".join(f"{label} {amount:.2f}" for label, amount, _ in steps)
        charts.append(
            Chart(
                f"{provider}, {run.month}", drawer.svg(waterfall(steps, run.currency)), f"{provider}: {said}.", "bridge"
            )
        )
    return charts
