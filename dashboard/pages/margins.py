"""Gross margin of one fiscal period by product, as the front page and the margin page read it."""

from decimal import Decimal

from dashboard.figures import Verdict, shown
from dashboard.fiscal import Period
from dashboard.publication import Publication, Row
from orchestration.glossary import in_words
from orchestration.policy.open_amounts import OwnerlessShare, ownerless_share
from orchestration.summary.collect import OTHER_COGS_WITHOUT_PRODUCT
from orchestration.summary.money_sections import is_early

MARGINS = """
select
    margins.product_id, coalesce(products.name, margins.product_id, 'no product') as product, margins.revenue,
    margins.ai_cogs, margins.other_cogs, margins.compared_revenue, margins.compared_ai_cogs, margins.compared_other_cogs,
    margins.gross_profit,
    margins.gross_margin_ratio, margins.target_gross_margin_ratio, margins.is_below_target,
    margins.gross_margin_null_reason, margins.days_compared, margins.other_cogs_basis, margins.posted_other_cogs,
    margins.posted_revenue, margins.revenue_basis,
    case when margins.is_below_target then 'bad' when not margins.is_below_target then 'good' else 'none' end as verdict
from gross_margin_by_product_month as margins
left join (select product_id, name from dim_products where is_current) as products
    on margins.product_id = products.product_id
where margins.fiscal_period = ?
order by margins.revenue desc nulls last, product
"""

UNOWNED = """
select
    sum(allocated_cost) as spend,
    coalesce(sum(allocated_cost) filter (where allocation_method = 'unallocated'), 0) as unallocated
from fct_allocated_costs where cost_date between ? and ?
"""

UNPRICED_LINES = """
select distinct provider from reconciliation_by_provider_month
where fiscal_period = ? and bridge_line = 'unpriced_usage' and amount <> 0
"""

WITHOUT_PRICE = """
select provider, count(distinct model_id) as models, sum(quantity) as quantity, unit
from fct_usage
where is_counted and pricing_status = 'unpriced' and token_class <> 'request' and usage_date between ? and ?
group by all order by provider, unit
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


def margin_notes(rows: list[Row]) -> list[str]:
    """What a reader of one month's rows must know: that other cost is an estimate and what of it is posted, what of it is in no
    margin yet, revenue whose days are inferred, and revenue that the ledger holds and nobody reported.
    """
    said = []
    if estimated := [row for row in rows if row["other_cogs_basis"] == "estimated"]:
        which = "" if len(estimated) == len(rows) else f" of {', '.join(row['product'] for row in estimated)}"
        posted = [
            f"{row['product']} {shown(row['posted_other_cogs'], 'money')}"
            for row in estimated
            if row["posted_other_cogs"]
        ]
        so_far = f"posted so far: {', '.join(posted)}" if posted else "nothing is posted so far"
        said.append(f"Other cost{which} is {in_words('estimated', 'other_cogs_basis')}; {so_far}.")
    if early := [row["product"] for row in rows if is_early(row)]:
        said.append(
            f"{', '.join(early)}: on target by the days whose revenue is known, not by the cost of all days; report revenue up "
            "to the last day, 0 where there is none."
        )
    if inferred := [row["product"] for row in rows if row["revenue_basis"] == "inferred"]:
        said.append(f"Revenue of {', '.join(inferred)}: {in_words('inferred', 'revenue_basis')}.")
    said += [
        f"{row['product']}: {shown(row['posted_other_cogs'], 'money')} of other cost is posted and in no margin yet: it has no "
        "whole month to take a daily rate from."
        for row in unestimated(rows)
    ]
    return said + [
        f"{row['product']}: {shown(row['posted_revenue'], 'money')} of revenue is posted in the ledger and none is reported by "
        "day: add it to ledgers/revenue*.csv."
        for row in left_out(rows)
        if row["posted_revenue"] and row["posted_revenue"] > (row["revenue"] or 0)
    ]


def unestimated(rows: list[Row]) -> list[Row]:
    """Products whose margin is before other cost that the ledger holds already."""
    return [row for row in rows if row["other_cogs_basis"] == "none" and row["posted_other_cogs"]]


def margin_ratio(known: list[Row]) -> float | None:
    """Gross profit over revenue of rows that have both; None without revenue."""
    revenue = sum((row["compared_revenue"] or Decimal(0) for row in known), Decimal(0))
    profit = sum((row["gross_profit"] for row in known), Decimal(0))
    return float(profit / revenue) if revenue > 0 else None


def without_product(publication: Publication, period: Period) -> Decimal:
    """Other cost of goods sold of the period that names no product, and so is in no margin."""
    found = publication.rows("fct_ledger_entries", OTHER_COGS_WITHOUT_PRODUCT, [period.starts_on, period.as_of])
    return sum((row["amount"] for row in found), Decimal(0))


def without_owner(publication: Publication, period: Period) -> OwnerlessShare | None:
    """Cost of the period that has no owner, and so is in no margin, where it is above what the policy lets pass."""
    found = publication.one("fct_allocated_costs", UNOWNED, [period.starts_on, period.as_of])
    if found is None or found["spend"] is None:
        return None
    alarm = publication.provenance.unallocated_alarm_ratio
    share = ownerless_share(period.name, found["spend"], found["unallocated"], alarm)
    return None if share.is_above_alarm is False or not share.unallocated else share


def without_cost(publication: Publication, period: Period) -> list[Row]:
    """Usage of the period, by provider and unit, that has neither a price nor a bill, and so is in no cost and no margin."""
    lines = publication.rows("reconciliation_by_provider_month", UNPRICED_LINES, [period.name])
    billed = {row["provider"] for row in lines}
    found = publication.rows("fct_usage", WITHOUT_PRICE, [period.starts_on, period.as_of])
    return [row for row in found if row["provider"] not in billed]


def judged(publication: Publication, rows: list[Row], period: Period | None) -> tuple[Verdict, str]:
    """What the margins ``rows`` of a period say against their targets, and why. Good only where no cost is left out of them."""
    unplaced = without_product(publication, period) if period else None
    unowned = without_owner(publication, period) if period else None
    uncosted = without_cost(publication, period) if period else []
    known = [row for row in rows if row["gross_profit"] is not None]
    if not known:
        return "unknown", _unknown(rows)
    below, open_ones = [row["product"] for row in known if row["is_below_target"]], _unjudged(known)
    targets = sorted({row["target_gross_margin_ratio"] for row in known} - {None})
    if below:
        says = f"below target: {', '.join(below)}"
    elif open_ones:
        says = f"not known to be on target: {', '.join(open_ones)}"
    elif targets:
        low, high = shown(targets[0], "ratio"), shown(targets[-1], "ratio")
        says = f"target {low}" if low == high else f"every product on its target, {low} to {high}"
    else:
        says = "no target is set"
    missing = left_out(rows)
    if missing:
        says += f"; left out: {', '.join(row['product'] for row in missing)}"
    if early := unestimated(known):
        says += f"; before other cost: {', '.join(row['product'] for row in early)}"
    if any(row["other_cogs_basis"] == "estimated" for row in known):
        says += "; other cost is estimated"
    if unplaced:
        says += f"; without {shown(unplaced, 'money')} of other cost that names no product"
    if unowned:
        says += f"; without {shown(unowned.unallocated, 'money')} of {shown(unowned.spend, 'money')} spent, which has no owner"
    if uncosted:
        says += f"; without usage of {', '.join(sorted({row['provider'] for row in uncosted}))} that has neither price nor bill"
    if below:
        return "bad", says
    is_short = missing or open_ones or unplaced or unowned or uncosted or early
    return "watch" if is_short else "good" if targets else "none", says


def _unknown(rows: list[Row]) -> str:
    if not rows:
        return "no product has revenue or cost of goods sold"
    is_billed_late = any(row["gross_margin_null_reason"] == "cost_not_reported" for row in rows)
    return f"no product's {'AI cost' if is_billed_late else 'revenue'} is known"


def _unjudged(known: list[Row]) -> list[str]:
    """Products with a target that their margin cannot be held against, as where there is a profit or loss and no revenue, or
    where revenue of few days stands against the cost of these.
    """
    return sorted(
        {
            row["product"]
            for row in known
            if row["target_gross_margin_ratio"] is not None and row["is_below_target"] is None
        }
    )
