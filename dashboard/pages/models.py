"""Model use: which tiers and models the work ran on, what a cheaper one would save, and what changes have saved."""

from decimal import Decimal

from dashboard.charts import Drawer, stacked_months
from dashboard.figures import Block, Chart, Column, Figure, Page, Section, Table, Verdict, shown
from dashboard.names import read_names
from dashboard.publication import Publication, Row
from dashboard.scale import MONTH, RECENT, with_others
from orchestration.files import counted
from orchestration.glossary import in_words

MOST = 40
NO_TIER = "no tier"

SPEND = f"""
select
    days.fiscal_period as period, coalesce(models.tier, '{NO_TIER}') as tier, coalesce(models.tier_rank, 99) as tier_rank,
    costs.provider, costs.model_id, costs.department_id, costs.product_id, sum(costs.allocated_cost) as allocated_cost
from fct_allocated_costs as costs
inner join dim_dates as days on costs.cost_date = days.calendar_date
left join dim_models as models on costs.model_id = models.model_id and costs.provider = models.provider
where costs.cost_date <= cast(? as date) and days.fiscal_period in {RECENT}
group by all having sum(costs.allocated_cost) <> 0
order by period desc, allocated_cost desc, costs.provider, costs.model_id
"""

SIZING = f"""
select
    sizing.fiscal_period as period, sizing.initiative_id, initiatives.department_id, initiatives.product_id,
    sizing.actual_cost, sizing.higher_tier_cost, sizing.saving_low, sizing.saving_high
from model_right_sizing_by_initiative_month as sizing
left join (select initiative_id, department_id, product_id from dim_initiatives where is_current) as initiatives
    on sizing.initiative_id = initiatives.initiative_id
where sizing.fiscal_period in {RECENT} and sizing.higher_tier_cost <> 0
order by period desc, sizing.saving_high desc nulls last, sizing.initiative_id
"""

REALISED = f"""
select
    realised.fiscal_period as period, realised.initiative_id, initiatives.department_id, initiatives.product_id,
    realised.baseline_period, realised.baseline_higher_tier_ratio, realised.higher_tier_ratio, realised.scale_basis,
    realised.cost_at_earlier_mix, realised.actual_cost, realised.realised_saving, realised.claimed_saving_low,
    realised.claimed_saving_high, realised.status
from model_right_sizing_realised_by_initiative_month as realised
left join (select initiative_id, department_id, product_id from dim_initiatives where is_current) as initiatives
    on realised.initiative_id = initiatives.initiative_id
where realised.fiscal_period in {RECENT}
order by period desc, realised.realised_saving desc nulls last, realised.initiative_id
"""

AGAINST_CLAIM = {"below_claim": "watch", "within_claim": "good", "above_claim": "good"}
FILTERS = {"period": "period", "department": "department_id", "product": "product_id"}
RANGE = (
    "What spend on tiers dearer than the work needs would have cost at the reference model of the tier allowed. At most: the "
    "same tokens, times 0.9. At least: cache reads lost on the switch, times 1.3. Never below zero."
)


def models(publication: Publication, drawer: Drawer) -> Page:
    run = publication.provenance
    names = read_names(publication)
    spend = publication.rows("fct_allocated_costs dim_models dim_dates", SPEND, [run.as_of, run.as_of])
    sizing = publication.rows("model_right_sizing_by_initiative_month dim_initiatives dim_dates", SIZING, [run.as_of])
    realised = publication.rows(
        "model_right_sizing_realised_by_initiative_month dim_initiatives dim_dates", REALISED, [run.as_of]
    )
    for row in (*sizing, *realised):
        row["initiative"] = names.initiative(row["initiative_id"])
    tiers = _tiers(spend)
    return Page(
        "models",
        "Models",
        "Which models the work runs on, what a cheaper one would save, and what changes have saved.",
        (
            Section("Tiers and models", (*_tier_blocks(publication, drawer, tiers), _models(spend))),
            Section("What a cheaper tier would save", (*_saving(sizing, run.month), _sizing(sizing)), RANGE),
            Section("What changes have saved", (*_saved(realised), _realised(realised))),
        ),
    )


def _tiers(spend: list[Row]) -> list[Row]:
    """The cost of each tier and period, the dearest tier first."""
    summed: dict[tuple[str, int, str], Decimal] = {}
    for row in spend:
        key = (row["period"], row["tier_rank"], row["tier"])
        summed[key] = summed.get(key, Decimal(0)) + row["allocated_cost"]
    return [{"period": key[0], "tier": key[2], "cost": cost} for key, cost in sorted(summed.items())]


def _tier_blocks(publication: Publication, drawer: Drawer, tiers: list[Row]) -> tuple[Block, ...]:
    table = Table(
        "tiers",
        "Cost by tier and month",
        "fct_allocated_costs",
        (MONTH, Column("tier", "Tier"), Column("cost", "Cost", "money", True)),
        list(reversed(tiers)),
        "Nothing was spent yet.",
        "Tiers are those of model_tiers.yaml; what no pattern there matches has none, as have charges that name no model.",
        filters={"period": "period"},
        is_folded=True,
    )
    if not tiers:
        return (table,)
    said = ", ".join(f"{row['period']} {row['tier']} {shown(row['cost'], 'money')}" for row in tiers)
    svg = drawer.svg(stacked_months(tiers, "period", "tier", "cost", publication.provenance.currency))
    return (Chart("Cost by tier and month", svg, f"Cost by tier: {said}.", "tiers"), table)


def _models(rows: list[Row]) -> Table:
    return Table(
        "models",
        "Cost by model",
        "fct_allocated_costs",
        (
            MONTH,
            Column("tier", "Tier"),
            Column("provider", "Provider"),
            Column("model_id", "Model"),
            Column("department_id", "Department"),
            Column("allocated_cost", "Cost", "money", True),
        ),
        with_others(rows, MOST, "model_id", ("allocated_cost",), ("department_id", "product_id")),
        "Nothing was spent yet.",
        filters=FILTERS,
        is_folded=True,
    )


def _saving(rows: list[Row], month: str) -> tuple[Figure, ...]:
    now = [row for row in rows if row["period"] == month]
    if not rows:
        return ()
    known = [row for row in now if row["saving_high"] is not None]
    low, high = (sum((row[name] or Decimal(0) for row in known), Decimal(0)) for name in ("saving_low", "saving_high"))
    unknown = sum(row["saving_high"] is None for row in now)
    untold = f"; {counted(unknown, 'initiative')} with a reference model without a price" if unknown else ""
    return (
        Figure(
            f"Could be saved, {month} to date",
            high if known or not now else None,
            "money",
            RANGE,
            "model_right_sizing_by_initiative_month",
            verdict="watch" if high else "unknown" if unknown else "good" if known else "none",
            says=f"at most; at least {shown(low, 'money')}{untold}"
            if known
            else untold.removeprefix("; ") or "no cost on dearer tiers in this month",
        ),
    )


def _sizing(rows: list[Row]) -> Table:
    return Table(
        "right_sizing",
        "By initiative and month",
        "model_right_sizing_by_initiative_month",
        (
            MONTH,
            Column("initiative", "Initiative"),
            Column("actual_cost", "Cost at list", "money", True),
            Column("higher_tier_cost", "On dearer tiers", "money", True),
            Column("saving_low", "Saves at least", "money", True),
            Column("saving_high", "Saves at most", "money", True),
        ),
        with_others(
            rows,
            MOST,
            "initiative",
            ("actual_cost", "higher_tier_cost", "saving_low", "saving_high"),
            ("department_id", "product_id"),
        ),
        "No work ran on a tier dearer than it needs.",
        "Initiatives with work on dearer tiers than their complexity allows.",
        filters=FILTERS,
        first=15,
    )


def _saved(rows: list[Row]) -> tuple[Figure, ...]:
    if not rows:
        return ()
    known = [row["realised_saving"] for row in rows if row["realised_saving"] is not None]
    total = sum(known, Decimal(0)) if known else None
    untold = len(rows) - len(known)
    left_out = f"without {counted(untold, 'month')} of an initiative whose work is not known" if untold else ""
    return (
        Figure(
            "Saved by changes so far",
            total,
            "money",
            "Cost at the mix of models before the change, scaled to the work of each month since, less what that month cost.",
            "model_right_sizing_realised_by_initiative_month",
            rows="realised",
            total="realised_saving",
            verdict=_saved_verdict(total, untold),
            says="less than nothing: the change cost more" if total and total < 0 else left_out,
        ),
    )


def _saved_verdict(total: Decimal | None, untold: int) -> Verdict:
    """Good only where every month is known."""
    if total is not None and total < 0:
        return "bad"
    return "unknown" if total is None or untold else "good" if total else "none"


def _realised(rows: list[Row]) -> Table:
    for row in rows:
        row["standing"] = in_words(row["status"])
        row["verdict"] = AGAINST_CLAIM.get(row["status"], "unknown")
    return Table(
        "realised",
        "Claimed beside saved",
        "model_right_sizing_realised_by_initiative_month",
        (
            MONTH,
            Column("initiative", "Initiative"),
            Column("baseline_period", "Mix before, of"),
            Column("cost_at_earlier_mix", "At the earlier mix", "money", True),
            Column("actual_cost", "Cost", "money", True),
            Column("realised_saving", "Saved", "money", True),
            Column("claimed_saving_low", "Claimed at least", "money", True),
            Column("claimed_saving_high", "Claimed at most", "money", True),
            Column("standing", "Standing"),
        ),
        rows,
        "No initiative has moved to cheaper models since its audit, so there is no saving to show yet.",
        filters=FILTERS,
        verdict="verdict",
    )
