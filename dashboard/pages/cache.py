"""Cache: how much of the input came from it, what that saved at list prices, and what was lost where hits fell away."""

from decimal import Decimal

from dashboard.charts import Drawer, ratio_lines
from dashboard.figures import Chart, Column, Figure, Note, Page, Section, Table, shown
from dashboard.names import read_names
from dashboard.publication import Publication, Row
from dashboard.scale import MONTH, RECENT, with_others
from orchestration.glossary import in_words

LINES, MOST = 6, 50

OWNERS = f"""
select
    savings.fiscal_period as period, savings.initiative_id, savings.department_id, initiatives.product_id,
    savings.provider, savings.model_id, savings.input_tokens, savings.cache_read_tokens, savings.cache_write_tokens,
    savings.cache_hit_ratio, savings.input_list_cost, savings.saved_amount
from cache_savings_by_model_month as savings
left join (select initiative_id, product_id from dim_initiatives where is_current) as initiatives
    on savings.initiative_id = initiatives.initiative_id
where savings.fiscal_period in {RECENT}
order by period desc, savings.input_tokens desc, savings.provider, savings.model_id
"""

MODELS = f"""
select
    fiscal_period as period, provider, model_id, sum(input_tokens) as input_tokens,
    sum(cache_read_tokens) as cache_read_tokens,
    cast(sum(cache_read_tokens) as double) / nullif(cast(sum(input_tokens) as double), 0) as cache_hit_ratio
from cache_savings_by_model_month
where fiscal_period in {RECENT}
group by all order by period, input_tokens desc, provider, model_id
"""

INITIATIVES = f"""
select
    economics.fiscal_period as period, economics.initiative_id, initiatives.department_id, initiatives.product_id,
    economics.cache_hit_ratio, complacency.cache_hit_change_ratio
from unit_economics_by_initiative_month as economics
left join complacency_by_initiative_month as complacency
    on economics.initiative_id = complacency.initiative_id and economics.fiscal_period = complacency.fiscal_period
left join (select initiative_id, department_id, product_id from dim_initiatives where is_current) as initiatives
    on economics.initiative_id = initiatives.initiative_id
where economics.fiscal_period in {RECENT} and economics.cache_hit_ratio is not null
order by period desc, economics.cache_hit_ratio desc, economics.initiative_id
"""

LOSSES = """
select
    losses.changed_on, losses.provider, losses.model_id, losses.initiative_id, losses.department_id,
    initiatives.product_id, losses.cache_hit_ratio_before, losses.cache_hit_ratio_after, losses.cache_hit_ratio_latest,
    losses.lost_amount_monthly, losses.status
from cache_losses as losses
left join (select initiative_id, product_id from dim_initiatives where is_current) as initiatives
    on losses.initiative_id = initiatives.initiative_id
order by losses.status = 'lost' desc, losses.lost_amount_monthly desc nulls last, losses.changed_on desc
"""

FILTERS = {"period": "period", "department": "department_id", "product": "product_id"}
OWNER_FILTERS = {"department": "department_id", "product": "product_id"}
SAVED = (
    "The same cached tokens at the list price of uncached input, less what they cost at list price; a write to the cache that "
    "is dearer than uncached input counts against it."
)
LOST_REMEDY = (
    "Look at what changed on that day: a text that differs in each call at the beginning of the prompt, another model, a client "
    "that no longer asks for the cache, calls further apart than the cache lives."
)


def cache(publication: Publication, drawer: Drawer) -> Page:
    as_of, month = publication.provenance.as_of, publication.provenance.month
    names = read_names(publication)
    owners = publication.rows("cache_savings_by_model_month dim_initiatives dim_dates", OWNERS, [as_of])
    models = publication.rows("cache_savings_by_model_month dim_dates", MODELS, [as_of])
    tables = "unit_economics_by_initiative_month complacency_by_initiative_month dim_initiatives dim_dates"
    initiatives = publication.rows(tables, INITIATIVES, [as_of])
    losses = publication.rows("cache_losses dim_initiatives", LOSSES)
    for row in (*owners, *initiatives, *losses):
        row["owner"] = names.initiative(row["initiative_id"]) or names.department(row["department_id"]) or "no owner"
    for row in losses:
        row["standing"] = in_words(row["status"])
        row["model"] = row["model_id"] or "all its models together"
        row["verdict"] = {"lost": "bad", "recovered": "good"}.get(row["status"], "none")
    saved = _saved(owners, month)
    return Page(
        "cache",
        "Cache",
        "How much of what models read came from the cache, what that saved, and where it was lost.",
        (
            Section(
                "What it saves",
                (
                    *_figures(owners, losses, month, publication.holds("cache_losses")),
                    *_chart(publication, drawer, models),
                    saved,
                ),
            ),
            Section("What was lost", (_losses(publication, losses), *_remedy(losses))),
            Section("Hit rate", (_models(models), _initiatives(initiatives))),
        ),
    )


def _figures(owners: list[Row], losses: list[Row], month: str, is_told: bool) -> tuple[Figure, ...]:
    now = [row for row in owners if row["period"] == month]
    if not owners:
        return ()
    unknown = sum(row["saved_amount"] is None for row in now)
    lost = [row for row in losses if row["status"] == "lost"]
    figures = [
        Figure(
            f"Saved, {month} to date",
            _sum(now, "saved_amount"),
            "money",
            SAVED,
            "cache_savings_by_model_month",
            says=f"and an unknown amount where {unknown} of {len(now)} rows have no price" if unknown else "",
        )
    ]
    figures.append(
        Figure(
            "Lost a month since hits fell",
            _sum(lost, "lost_amount_monthly") if lost else Decimal(0) if is_told else None,
            "money",
            "Tokens that would have been read from the cache at the hit rate before, at what a read saved then, in an average "
            "month. Falls that have recovered, or whose use has ended, are not in it.",
            "cache_losses",
            verdict="bad" if lost else "good" if is_told else "unknown",
            says=f"{len(lost)} falls that last"
            if lost
            else "no hit rate has fallen for long"
            if is_told
            else "not published here",
        )
    )
    return tuple(figures)


def _sum(rows: list[Row], name: str) -> Decimal | None:
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known, Decimal(0)) if known else None


def _chart(publication: Publication, drawer: Drawer, models: list[Row]) -> tuple[Chart, ...]:
    months = sorted({row["period"] for row in models})
    if len(months) < 2:
        return ()
    used: dict[str, Decimal] = {}
    for row in models:
        row["model"] = row["model_id"]
        used[row["model"]] = used.get(row["model"], Decimal(0)) + row["input_tokens"]
    largest = sorted(used, key=lambda name: -used[name])[:LINES]
    drawn = [row for row in models if row["model"] in largest and row["cache_hit_ratio"] is not None]
    said = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{row['period']} {shown(row['cache_hit_ratio'], 'ratio')}" for row in drawn if row["model"] == name
        )
        for name in largest
    )
    points = [{name: row[name] for name in ("period", "model", "cache_hit_ratio")} for row in drawn]
    return (
        Chart(
            "Input from the cache, by month",
            drawer.svg(ratio_lines(points, "period", "model", "cache_hit_ratio")),
            f"Cache hit rate. {said}.",
            "models",
            "" if len(used) <= LINES else f"The {LINES} models with the most input.",
        ),
    )


def _saved(rows: list[Row], month: str) -> Table:
    return Table(
        "savings",
        "What caching saved, by owner and model",
        "cache_savings_by_model_month",
        (
            MONTH,
            Column("owner", "Owner"),
            Column("model_id", "Model"),
            Column("cache_hit_ratio", "From cache", "ratio"),
            Column("input_tokens", "Input tokens", "count", True),
            Column("cache_read_tokens", "Read from cache", "count", True),
            Column("cache_write_tokens", "Written to cache", "count", True),
            Column("input_list_cost", "Input at list", "money", True),
            Column("saved_amount", "Saved", "money", True),
        ),
        with_others(
            rows,
            MOST,
            "owner",
            ("input_tokens", "cache_read_tokens", "cache_write_tokens", "input_list_cost", "saved_amount"),
            ("department_id", "product_id"),
        ),
        "No model was given any input yet.",
        SAVED,
        filters=FILTERS,
        is_folded=True,
    )


def _losses(publication: Publication, rows: list[Row]) -> Table:
    return Table(
        "losses",
        "Where the hit rate fell",
        "cache_losses",
        (
            Column("changed_on", "Since", "date"),
            Column("owner", "Owner"),
            Column("model", "Model"),
            Column("cache_hit_ratio_before", "From", "ratio"),
            Column("cache_hit_ratio_after", "To", "ratio"),
            Column("cache_hit_ratio_latest", "Now", "ratio"),
            Column("lost_amount_monthly", "Costs a month", "money"),
            Column("standing", "Standing"),
        ),
        rows,
        "No hit rate fell by more than ten percentage points for seven days."
        if publication.holds("cache_losses")
        else "Cache hits by day are not published here.",
        filters=OWNER_FILTERS,
        verdict="verdict",
    )


def _remedy(losses: list[Row]) -> tuple[Note, ...]:
    return (Note(LOST_REMEDY, "watch"),) if any(row["status"] == "lost" for row in losses) else ()


def _models(rows: list[Row]) -> Table:
    return Table(
        "models",
        "By model",
        "cache_savings_by_model_month",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("model_id", "Model"),
            Column("cache_hit_ratio", "From cache", "ratio"),
            Column("input_tokens", "Input tokens", "count", True),
            Column("cache_read_tokens", "Read from cache", "count", True),
        ),
        with_others(rows, MOST, "model_id", ("input_tokens", "cache_read_tokens")),
        "No model was given any input yet.",
        filters={"period": "period"},
        is_folded=True,
    )


def _initiatives(rows: list[Row]) -> Table:
    return Table(
        "initiatives",
        "By initiative",
        "unit_economics_by_initiative_month",
        (
            MONTH,
            Column("owner", "Initiative"),
            Column("cache_hit_ratio", "From cache", "ratio"),
            Column("cache_hit_change_ratio", "Change on the month before", "ratio"),
        ),
        rows,
        "No initiative has input yet.",
        filters=FILTERS,
        first=15,
    )
