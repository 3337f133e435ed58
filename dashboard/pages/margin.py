"""Margin: from revenue through AI and other cost of goods sold to gross profit, by product, customer and initiative."""

from decimal import Decimal
from typing import Any

from dashboard.charts import Drawer, waterfall
from dashboard.figures import Chart, Column, Page, Section, Table
from dashboard.publication import Publication

BY = """
select {columns}, margins.fiscal_period as period, margins.revenue, margins.ai_cogs, margins.other_cogs,
    margins.gross_profit, margins.gross_margin_ratio, margins.target_gross_margin_ratio, margins.gross_margin_null_reason,
    case when margins.is_below_target then 'bad' when not margins.is_below_target then 'good' else 'none' end as verdict
from {mart} as margins
{joined}
where margins.fiscal_period <= strftime(cast(? as date), '%Y-%m')
order by period desc, margins.revenue desc nulls last, 1
"""
PRODUCT = """left join (select product_id, name from dim_products where is_current) as named
    on margins.product_id = named.product_id"""
CUSTOMER = "left join dim_customers as named on margins.customer_id = named.customer_id"
INITIATIVE = (
    "left join (select * from dim_initiatives where is_current) as named on margins.initiative_id = named.initiative_id"
)


def margin(publication: Publication, drawer: Drawer) -> Page:
    products = _table(
        publication,
        "product",
        "gross_margin_by_product_month",
        "coalesce(named.name, margins.product_id, 'no product') as product, margins.product_id",
        PRODUCT,
        {"period": "period", "product": "product_id"},
    )
    customers = _table(
        publication,
        "customer",
        "gross_margin_by_customer_month",
        "coalesce(named.name, margins.customer_id, 'no customer') as customer, margins.customer_id",
        CUSTOMER,
        {"period": "period"},
    )
    initiatives = _table(
        publication,
        "initiative",
        "gross_margin_by_initiative_month",
        "coalesce(named.name, margins.initiative_id) as initiative, margins.initiative_id, named.product_id, "
        "named.department_id",
        INITIATIVE,
        {"period": "period", "product": "product_id", "department": "department_id"},
    )
    return Page(
        "margin",
        "Margin",
        "What is left of revenue after what AI and everything else cost to deliver it.",
        (
            Section("From revenue to gross profit", (*_waterfall(publication, drawer, products), products)),
            Section("By customer", (customers,)),
            Section("By initiative", (initiatives,)),
        ),
    )


def _table(publication: Publication, who: str, mart: str, columns: str, joined: str, filters: dict[str, str]) -> Table:
    text = BY.format(columns=columns, mart=mart, joined=joined)
    return Table(
        f"margin_by_{who}",
        f"Gross margin by {who} and month",
        mart,
        (
            Column("period", "Month"),
            Column(who, who.capitalize()),
            Column("revenue", "Revenue", "money", True),
            Column("ai_cogs", "AI cost", "money", True),
            Column("other_cogs", "Other cost", "money", True),
            Column("gross_profit", "Gross profit", "money", True),
            Column("gross_margin_ratio", "Margin", "ratio"),
            Column("target_gross_margin_ratio", "Target", "ratio"),
            Column("gross_margin_null_reason", "No margin because"),
        ),
        publication.rows(mart, text, [publication.provenance.as_of]),
        f"No {who} has revenue or cost of goods sold yet.",
        filters=filters,
        verdict="verdict",
    )


def _waterfall(publication: Publication, drawer: Drawer, table: Table) -> tuple[Chart, ...]:
    run = publication.provenance
    rows: list[dict[str, Any]] = [
        row for row in table.rows if row["period"] == run.month and row["gross_profit"] is not None
    ]
    if not rows:
        return ()
    sums = {
        name: sum((row[name] or Decimal(0) for row in rows), Decimal(0))
        for name in ("revenue", "ai_cogs", "other_cogs", "gross_profit")
    }
    steps = [
        ("Revenue", sums["revenue"], True),
        ("AI cost of goods sold", -sums["ai_cogs"], False),
        ("Other cost of goods sold", -sums["other_cogs"], False),
        ("Gross profit", sums["gross_profit"], True),
    ]
    alt = (
        f"Revenue {sums['revenue']:.2f} less AI cost {sums['ai_cogs']:.2f} and other cost {sums['other_cogs']:.2f} "
        f"leaves {sums['gross_profit']:.2f}."
    )
    return (
        Chart(
            f"{run.month} to date, products whose margin is known",
            drawer.svg(waterfall(steps, run.currency)),
            alt,
            table.id,
        ),
    )
