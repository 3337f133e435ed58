"""Margin: from revenue through AI and other cost of goods sold to gross profit, by product, customer and initiative.

Every sum is of the rows shown whose gross profit is known; what is not known stands in a table of its own with its reason.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from dashboard.charts import Drawer, waterfall
from dashboard.figures import Block, Chart, Column, Figure, Note, Page, Section, Table, shown
from dashboard.fiscal import UNKNOWN, Period, read_period
from dashboard.pages.margins import judged, left_out, margin_notes, margin_ratio
from dashboard.publication import Publication, Row
from orchestration.files import counted
from orchestration.glossary import in_words

BY = """
select {columns}, margins.*,
    case when margins.is_below_target then 'bad' when not margins.is_below_target then 'good' else 'none' end as verdict
from {mart} as margins
{joined}
where margins.fiscal_period in (select fiscal_period from dim_dates where calendar_date <= cast(? as date))
order by margins.fiscal_period desc, margins.revenue desc nulls last, margins.ai_cogs desc, 1
"""
PRODUCT = """left join (select product_id, name from dim_products where is_current) as named
    on margins.product_id = named.product_id"""
CUSTOMER = "left join dim_customers as named on margins.customer_id = named.customer_id"
INITIATIVE = (
    "left join (select * from dim_initiatives where is_current) as named on margins.initiative_id = named.initiative_id"
)
SENSITIVITY = """
select
    margins.fiscal_period, margins.product_id, coalesce(named.name, margins.product_id, 'no product') as product,
    margins.classification, margins.ai_cogs, margins.gross_margin_ratio, margins.gross_margin_null_reason
from gross_margin_sensitivity_by_product_month as margins
left join (select product_id, name from dim_products where is_current) as named
    on margins.product_id = named.product_id
where margins.fiscal_period in (select fiscal_period from dim_dates where calendar_date <= cast(? as date))
order by margins.fiscal_period desc, product, margins.ai_cogs
"""
TERMS = (
    Column("compared_revenue", "Revenue", "money", True),
    Column("compared_ai_cogs", "AI cost", "money", True),
    Column("compared_other_cogs", "Other cost", "money", True),
    Column("gross_profit", "Gross profit", "money", True),
    Column("gross_margin_ratio", "Margin", "ratio"),
    Column("target_gross_margin_ratio", "Target", "ratio"),
)
MOST_DRAWINGS = 60
"""Waterfalls are drawn for every month and product as long as they are no more than these."""


def margin(publication: Publication, drawer: Drawer) -> Page:
    period = read_period(publication)
    found = _rows(publication, "gross_margin_by_product_month dim_products dim_dates", PRODUCT, "product")
    known, missing = [row for row in found if row["gross_profit"] is not None], left_out(found)
    products = _products(known)
    first = () if period else (Note(UNKNOWN, "watch"),)
    return Page(
        "margin",
        "Margin",
        "What is left of revenue after what AI and everything else cost to deliver it."
        + (f" Opened at month {period.name}: {period.progress}." if period else ""),
        (
            Section(
                "From revenue to gross profit",
                (
                    *first,
                    *_figures(publication, products, found, period),
                    *_waterfalls(drawer, publication, known, period),
                ),
            ),
            Section("By product", (*_notes(found, period), products, *_left_out(missing))),
            Section("By customer", _customers(publication, period)),
            Section("By initiative", (_initiatives(publication),)),
            Section("If AI cost were classed otherwise", (_sensitivity(publication),)),
        ),
        opens_with={"period": period.name}
        if period and any(row["fiscal_period"] == period.name for row in found)
        else {},
    )


def _rows(publication: Publication, tables: str, joined: str, who: str, more: str = "") -> list[Row]:
    mart = tables.split(maxsplit=1)[0]
    none = {"product": "no product", "customer": "no customer", "initiative": "no initiative"}[who]
    name = f"coalesce(named.name, margins.{who}_id, '{none}') as {who}{more}"
    rows = publication.rows(tables, BY.format(columns=name, mart=mart, joined=joined), [publication.provenance.as_of])
    for row in rows:
        row["because"] = in_words(row["gross_margin_null_reason"], "gross_margin_null_reason")
        row["basis"] = in_words(row["margin_basis"], "margin_basis")
        row["other_basis"] = in_words(row["other_cogs_basis"], "other_cogs_basis")
        row["days"] = _days(row)
        if row["gross_profit"] is None:
            row["compared_ai_cogs"] = row["compared_other_cogs"] = None
    return rows


def _days(row: Row) -> str:
    if row.get("days_compared") is None:
        return ""
    return f"{counted(row['days_compared'], 'day')}{' that are known' if row.get('is_partial') else ''}"


def _notes(found: list[Row], period: Period | None) -> tuple[Note, ...]:
    now = [row for row in found if period and row["fiscal_period"] == period.name]
    return tuple(Note(text, "watch") for text in margin_notes(now))


def _products(rows: list[Row]) -> Table:
    return Table(
        "margin_by_product",
        "Gross margin by product and month",
        "gross_margin_by_product_month",
        (
            Column("fiscal_period", "Month"),
            Column("product", "Product"),
            *TERMS,
            Column("because", "No margin because"),
            Column("days", "Compared"),
            Column("other_basis", "Other cost is"),
        ),
        rows,
        "No product's gross profit is known: it needs revenue (ledgers/revenue*.csv) of the same days as its cost.",
        says="Margin = (revenue - AI cost - other cost) / revenue, of the same days.",
        filters={"period": "fiscal_period", "product": "product_id"},
        verdict="verdict",
        first=24,
    )


def _left_out(rows: list[Row]) -> tuple[Table, ...]:
    if not rows:
        return ()
    return (
        Table(
            "margin_left_out",
            "Left out of every sum above",
            "gross_margin_by_product_month",
            (
                Column("fiscal_period", "Month"),
                Column("product", "Product"),
                Column("because", "Because"),
                Column("revenue", "Revenue", "money"),
                Column("ai_cogs", "AI cost", "money", True),
                Column("other_cogs", "Other cost", "money"),
            ),
            [{**row, "because": row["because"] or "its gross profit is not known"} for row in rows],
            "Nothing is left out.",
            filters={"period": "fiscal_period", "product": "product_id"},
        ),
    )


def _figures(publication: Publication, table: Table, found: list[Row], period: Period | None) -> tuple[Block, ...]:
    opened = [row for row in table.rows if period is None or row["fiscal_period"] == period.name]
    of_period = [row for row in found if period is None or row["fiscal_period"] == period.name]
    verdict, says = judged(publication, of_period, period)
    if not opened:
        return ()
    ai_share = _share(opened, "compared_ai_cogs")
    lines = (
        ("Revenue", "compared_revenue", "Recognised revenue of the days compared."),
        (
            "AI cost of goods sold",
            "compared_ai_cogs",
            "Allocated AI cost whose class is cost of goods sold, of the same days.",
        ),
        (
            "Other cost of goods sold",
            "compared_other_cogs",
            "Ledger lines of that role with a product, spread over the days of their month, of the same days.",
        ),
        ("Gross profit", "gross_profit", "Revenue less AI and other cost of goods sold."),
    )
    figures = [
        Figure(
            label,
            sum((row[name] for row in opened if row[name] is not None), Decimal(0)),
            "money",
            formula,
            table.source,
            rows=table.id,
            total=name,
        )
        for label, name, formula in lines
    ]
    ratios = (
        Figure(
            "Gross margin",
            margin_ratio(opened),
            "ratio",
            "Gross profit over revenue of the rows below.",
            table.source,
            rows=table.id,
            total="gross_profit",
            over="compared_revenue",
            verdict=verdict,
            says=says,
        ),
        Figure(
            "AI cost of revenue",
            ai_share,
            "ratio",
            "AI cost of goods sold over revenue of the rows below.",
            table.source,
            rows=table.id,
            total="compared_ai_cogs",
            over="compared_revenue",
        ),
    )
    return (*figures, *ratios)


def _share(rows: Iterable[Row], name: str) -> float | None:
    kept = list(rows)
    revenue = sum((row["compared_revenue"] or Decimal(0) for row in kept), Decimal(0))
    return float(sum((row[name] or Decimal(0) for row in kept), Decimal(0)) / revenue) if revenue > 0 else None


def _waterfalls(drawer: Drawer, publication: Publication, rows: list[Row], period: Period | None) -> tuple[Chart, ...]:
    """One for what the page opens with, and one for each filter that can be set, as long as they are not too many."""
    currency = publication.provenance.currency
    months = [(name, list(of)) for name, of in groupby(rows, key=lambda row: row["fiscal_period"])]
    products = {row["product_id"]: row["product"] for row in rows if row["product_id"] is not None}
    drawn = []
    for name, of in months:
        shows = {} if period and name == period.name else {"period": name}
        drawn.append(_waterfall(drawer, currency, of, f"Month {name}", shows))
        if len(months) * (len(products) + 1) <= MOST_DRAWINGS:
            for row in of:
                if row["product_id"] is not None:
                    title = f"{row['product']}, month {name}"
                    drawn.append(_waterfall(drawer, currency, [row], title, {**shows, "product": row["product_id"]}))
    return tuple(drawn)


def _waterfall(drawer: Drawer, currency: str, rows: list[Row], title: str, shows: dict[str, str]) -> Chart:
    revenue, ai, other, profit = (
        sum((row[name] or Decimal(0) for row in rows), Decimal(0))
        for name in ("compared_revenue", "compared_ai_cogs", "compared_other_cogs", "gross_profit")
    )
    steps = [
        ("Revenue", revenue, True),
        ("AI cost of goods sold", -ai, False),
        ("Other cost of goods sold", -other, False),
        ("Gross profit", profit, True),
    ]
    alt = (
        f"{title}: revenue {shown(revenue, 'money')} less AI cost {shown(ai, 'money')} and other cost {shown(other, 'money')} "
        f"leaves {shown(profit, 'money')}."
    )
    return Chart(title, drawer.svg(waterfall(steps, currency)), alt, "margin_by_product", shows=shows)


def _customers(publication: Publication, period: Period | None) -> tuple[Block, ...]:
    rows = _rows(publication, "gross_margin_by_customer_month dim_customers dim_dates", CUSTOMER, "customer")
    for row in rows:
        if row["customer_id"] == "(unattributed)":
            row["customer"] = in_words(row["customer_id"]).capitalize()
    table = Table(
        "margin_by_customer",
        "Gross margin by customer and month",
        "gross_margin_by_customer_month",
        (
            Column("fiscal_period", "Month"),
            Column("customer", "Customer"),
            *TERMS[:-1],
            Column("because", "No margin because"),
            Column("days", "Compared"),
            Column("ai_cogs", "AI cost of all days", "money"),
        ),
        rows,
        "No customer has revenue or cost of goods sold yet.",
        filters={"period": "fiscal_period"},
        first=24,
    )
    now = [
        row for row in rows if period and row["fiscal_period"] == period.name and row["customer_id"] == "(unattributed)"
    ]
    cost = sum(((row["ai_cogs"] or 0) + (row["other_cogs"] or 0) for row in now), Decimal(0))
    if not cost:
        return (table,)
    of = f"{shown(cost, 'money')} of the cost of month {now[0]['fiscal_period']}"
    text = f"{of} belongs to no customer: margins of customers are before it."
    return (Note(text, "watch"), table)


def _initiatives(publication: Publication) -> Table:
    more = ", named.product_id, named.department_id"
    rows = _rows(
        publication, "gross_margin_by_initiative_month dim_initiatives dim_dates", INITIATIVE, "initiative", more
    )
    return Table(
        "margin_by_initiative",
        "Gross margin by initiative and month",
        "gross_margin_by_initiative_month",
        (
            Column("fiscal_period", "Month"),
            Column("initiative", "Initiative"),
            *(replace(column, is_total=False) for column in TERMS if column.name != "compared_other_cogs"),
            Column("because", "No margin because"),
            Column("basis", "Rests on"),
            Column("ai_cogs", "AI cost of all days", "money", True),
        ),
        rows,
        "No initiative has revenue or cost of goods sold yet.",
        says="An initiative without revenue of its own carries the margin of its product. A margin of its own is before other "
        "cost of goods sold.",
        filters={"period": "fiscal_period", "product": "product_id", "department": "department_id"},
        verdict="verdict",
        first=24,
    )


def _sensitivity(publication: Publication) -> Table:
    tables = "gross_margin_sensitivity_by_product_month dim_products dim_dates"
    rows = publication.rows(tables, SENSITIVITY, [publication.provenance.as_of])
    for row in rows:
        row["class"] = in_words(row["classification"], "classification")
        row["because"] = in_words(row["gross_margin_null_reason"], "gross_margin_null_reason")
    return Table(
        "margin_sensitivity",
        "The same margin under other classifications",
        "gross_margin_sensitivity_by_product_month",
        (
            Column("fiscal_period", "Month"),
            Column("product", "Product"),
            Column("class", "Counted as cost of goods sold"),
            Column("ai_cogs", "AI cost", "money"),
            Column("gross_margin_ratio", "Margin", "ratio"),
            Column("because", "No margin because"),
        ),
        rows,
        "No product has a margin yet.",
        filters={"period": "fiscal_period", "product": "product_id"},
        first=24,
    )
