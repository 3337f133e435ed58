"""Gross margin of one fiscal period by product, as the front page and the margin page read it."""

from decimal import Decimal

from dashboard.fiscal import Period
from dashboard.publication import Publication, Row
from orchestration.glossary import in_words

MARGINS = """
select
    margins.product_id, coalesce(products.name, margins.product_id, 'no product') as product, margins.revenue,
    margins.ai_cogs, margins.other_cogs, margins.gross_profit, margins.gross_margin_ratio,
    margins.target_gross_margin_ratio, margins.is_below_target, margins.gross_margin_null_reason, margins.days_compared,
    case when margins.is_below_target then 'bad' when not margins.is_below_target then 'good' else 'none' end as verdict
from gross_margin_by_product_month as margins
left join (select product_id, name from dim_products where is_current) as products
    on margins.product_id = products.product_id
where margins.fiscal_period = ?
order by margins.revenue desc nulls last, product
"""


def read_margins(publication: Publication, period: Period) -> list[Row]:
    """One row per product; ``because`` says in words why a margin is not known."""
    rows = publication.rows("gross_margin_by_product_month dim_products", MARGINS, [period.name])
    for row in rows:
        row["because"] = (
            in_words(row["gross_margin_null_reason"], "gross_margin_null_reason") or "its gross profit is not known"
        )
    return rows


def left_out(rows: list[Row]) -> list[Row]:
    """Products that are in no sum, because their gross profit is not known."""
    return [row for row in rows if row["gross_profit"] is None]


def margin_ratio(known: list[Row]) -> float | None:
    """Gross profit over revenue of rows that have both; None without revenue."""
    revenue = sum((row["revenue"] or Decimal(0) for row in known), Decimal(0))
    profit = sum((row["gross_profit"] for row in known), Decimal(0))
    return float(profit / revenue) if revenue > 0 else None


def unjudged(known: list[Row]) -> list[str]:
    """Products with a target that their margin cannot be held against, as where there is a profit or loss and no revenue."""
    return sorted(
        {
            row["product"]
            for row in known
            if row["target_gross_margin_ratio"] is not None and row["is_below_target"] is None
        }
    )
