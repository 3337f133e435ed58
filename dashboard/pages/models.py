"""Model use: which tiers the work ran on, what a cheaper one would have cost, and how much of the context came from cache."""

from decimal import Decimal

from dashboard.charts import Drawer, stacked_months
from dashboard.figures import Chart, Column, Figure, Page, Section, Table, shown
from dashboard.publication import Publication

BY_TIER = """
select strftime(costs.cost_date, '%Y-%m') as period, coalesce(models.tier, 'no tier') as tier,
    coalesce(models.tier_rank, 99) as tier_rank, costs.provider, costs.model_id, costs.department_id, costs.product_id,
    sum(costs.allocated_cost) as allocated_cost
from fct_allocated_costs as costs
left join dim_models as models on costs.model_id = models.model_id and costs.provider = models.provider
where costs.cost_date <= cast(? as date)
group by all having sum(costs.allocated_cost) <> 0
order by period desc, tier_rank, allocated_cost desc
"""

RIGHT_SIZING = """
select sizing.fiscal_period as period, coalesce(initiatives.name, sizing.initiative_id) as initiative,
    initiatives.department_id, initiatives.product_id, sizing.actual_cost, sizing.higher_tier_cost,
    sizing.saving_low, sizing.saving_high
from model_right_sizing_by_initiative_month as sizing
left join (select * from dim_initiatives where is_current) as initiatives
    on sizing.initiative_id = initiatives.initiative_id
order by period desc, sizing.saving_high desc nulls last
"""

CACHE = """
select economics.fiscal_period as period, coalesce(initiatives.name, economics.initiative_id) as initiative,
    initiatives.department_id, initiatives.product_id, economics.cache_hit_ratio, complacency.cache_hit_change_ratio,
    economics.cost_per_million_tokens, economics.output_to_input_ratio, complacency.drift_cost, complacency.status
from unit_economics_by_initiative_month as economics
left join complacency_by_initiative_month as complacency
    on economics.initiative_id = complacency.initiative_id and economics.fiscal_period = complacency.fiscal_period
left join (select * from dim_initiatives where is_current) as initiatives
    on economics.initiative_id = initiatives.initiative_id
order by period desc, initiative
"""

FILTERS = {"period": "period", "department": "department_id", "product": "product_id"}


def models(publication: Publication, drawer: Drawer) -> Page:
    run = publication.provenance
    tiers = publication.rows("fct_allocated_costs dim_models", BY_TIER, [run.as_of])
    sizing = publication.rows("model_right_sizing_by_initiative_month dim_initiatives", RIGHT_SIZING)
    cache = publication.rows(
        "unit_economics_by_initiative_month complacency_by_initiative_month dim_initiatives", CACHE
    )
    now = [row for row in sizing if row["period"] == run.month]
    low = sum((row["saving_low"] or Decimal(0) for row in now), Decimal(0))
    high = sum((row["saving_high"] or Decimal(0) for row in now), Decimal(0))
    figure = Figure(
        f"Could be saved, {run.month} to date",
        high,
        "money",
        "What spend on tiers dearer than the work needs would have cost at the reference model of the tier allowed: at most "
        "(same tokens, times 0.9) and at least (cache reads lost on the switch, times 1.3).",
        "model_right_sizing_by_initiative_month",
        says=f"at least {shown(low, 'money')}",
    )
    by_month: dict[tuple[str, str], Decimal] = {}
    for row in sorted(tiers, key=lambda row: (row["period"], row["tier_rank"])):
        key = (row["period"], row["tier"])
        by_month[key] = by_month.get(key, Decimal(0)) + row["allocated_cost"]
    drawn = [{"period": period, "tier": tier, "cost": cost} for (period, tier), cost in by_month.items()]
    said = ", ".join(f"{one['period']} {one['tier']} {one['cost']:.2f}" for one in drawn)
    chart = (
        (
            Chart(
                "Cost by tier and month",
                drawer.svg(stacked_months(drawn, "period", "tier", "cost", run.currency)),
                f"Cost by tier: {said}.",
                "tiers",
            ),
        )
        if drawn
        else ()
    )
    return Page(
        "models",
        "Models",
        "Which models the work runs on, what a cheaper one would do, and what the cache saves.",
        (
            Section("Tiers", (figure, *chart, _tiers(tiers))),
            Section("Right-sizing", (_sizing(sizing),)),
            Section("Cache and intensity", (_cache(cache),)),
        ),
    )


def _tiers(rows: list[dict]) -> Table:
    return Table(
        "tiers",
        "Cost by model",
        "fct_allocated_costs",
        (
            Column("period", "Month"),
            Column("tier", "Tier"),
            Column("provider", "Provider"),
            Column("model_id", "Model"),
            Column("department_id", "Department"),
            Column("allocated_cost", "Cost", "money", True),
        ),
        rows,
        "Nothing was spent yet.",
        filters=FILTERS,
        is_folded=True,
    )


def _sizing(rows: list[dict]) -> Table:
    return Table(
        "right_sizing",
        "What a cheaper tier would save",
        "model_right_sizing_by_initiative_month",
        (
            Column("period", "Month"),
            Column("initiative", "Initiative"),
            Column("actual_cost", "Cost", "money", True),
            Column("higher_tier_cost", "On dearer tiers", "money", True),
            Column("saving_low", "Saves at least", "money", True),
            Column("saving_high", "Saves at most", "money", True),
        ),
        rows,
        "No work ran on a tier dearer than it needs.",
        filters=FILTERS,
    )


def _cache(rows: list[dict]) -> Table:
    return Table(
        "cache",
        "Cache hits and what drifted",
        "unit_economics_by_initiative_month",
        (
            Column("period", "Month"),
            Column("initiative", "Initiative"),
            Column("cache_hit_ratio", "From cache", "ratio"),
            Column("cache_hit_change_ratio", "Change", "ratio"),
            Column("cost_per_million_tokens", "A million tokens", "money"),
            Column("output_to_input_ratio", "Output to input", "ratio"),
            Column("drift_cost", "Cost of drift", "money", True),
            Column("status", "Status"),
        ),
        rows,
        "No initiative has usage yet.",
        filters=FILTERS,
    )
