"""Data health: how fresh each source is, and everything that no figure contains: refused rows, days without data, usage without
a price or without tokens, cost without an owner. Each with what to do about it.
"""

from dashboard.charts import Drawer
from dashboard.figures import Column, Figure, Page, Section, Table, Verdict, shown
from dashboard.publication import Publication, Row
from dashboard.scale import MONTH, RECENT, with_others
from orchestration.glossary import in_words
from orchestration.summary.open_amounts import (
    OWNER_REMEDY,
    PRICE_REMEDY,
    REJECTED_REMEDY,
    UNMEASURED_REMEDY,
    price_remedy,
)

MOST = 50
STALE_DAYS = 2
"""A source that vouches for nothing of so many days before the as-of day is told as late."""

SOURCES = """
select
    source, stream, count(*) as loads, sum("rows") as row_count, max(loaded_at) as loaded_at,
    max(watermark_at) as complete_to, sum(left_out_rows) as left_out_rows, sum(left_out_amount) as left_out_amount,
    sum(unnamed_rows) as unnamed_rows, sum(unnamed_amount) as unnamed_amount,
    case when max(watermark_at) is not null
        then greatest(date_diff('day', cast(max(watermark_at) as date), cast(? as date)), 0)
    end as days_behind
from ingestion_outcomes
where stream <> 'rejected_rows'
group by all order by source, stream
"""

GAPS = (
    "select source, provider, status, first_date, last_date, days from source_day_gaps order by last_date desc, source"
)

REJECTED = """
select
    source, file, currency, count(*) as row_count, sum(amount) as amount, count(*) - count(amount) as without_amount,
    min(line) as first_line, min_by(column_name, line) as column_name, min_by(reason, line) as reason
from (
    select
        source, file, line, any_value(amount) as amount, any_value(currency) as currency,
        min_by(column_name, reason) as column_name, min(reason) as reason
    from rejected_rows group by source, file, line
)
group by source, file, currency order by amount desc nulls last, source, file
"""

UNPRICED = f"""
select
    days.fiscal_period as period, usage.provider, usage.model_id, usage.unit, usage.department_id,
    sum(usage.quantity) as quantity, min(usage.usage_date) as first_date, max(usage.usage_date) as last_date,
    case
        when bool_and(usage.list_unit_price_per_million is not null) then any_value(usage.list_price_currency)
    end as without_rate
from fct_usage as usage
inner join dim_dates as days on usage.usage_date = days.calendar_date
where usage.is_counted and usage.pricing_status = 'unpriced' and usage.token_class <> 'request'
    and usage.usage_date <= cast(? as date) and days.fiscal_period in {RECENT}
group by all order by period desc, quantity desc nulls last, usage.provider, usage.model_id
"""

UNMEASURED = f"""
select
    days.fiscal_period as period, usage.provider, usage.model_id, usage.department_id, sum(usage.requests) as requests,
    min(usage.usage_date) as first_date, max(usage.usage_date) as last_date
from fct_usage as usage
inner join dim_dates as days on usage.usage_date = days.calendar_date
where usage.is_counted and usage.pricing_status = 'unmeasured' and usage.usage_date <= cast(? as date)
    and days.fiscal_period in {RECENT}
group by all order by period desc, requests desc nulls last, usage.provider, usage.model_id
"""

UNALLOCATED = f"""
select
    days.fiscal_period as period, costs.provider, costs.model_id, costs.cost_basis,
    sum(costs.allocated_cost) as allocated_cost
from fct_allocated_costs as costs
inner join dim_dates as days on costs.cost_date = days.calendar_date
where costs.allocation_method = 'unallocated' and costs.cost_date <= cast(? as date) and days.fiscal_period in {RECENT}
group by all having sum(costs.allocated_cost) <> 0
order by period desc, abs(sum(costs.allocated_cost)) desc, costs.provider, costs.model_id
"""

UNMETERED = f"""
select
    days.fiscal_period as period, round.kind, sum(round.amount) as amount, count(*) - count(round.amount) as without_amount,
    sum(round.requests) as requests, sum(round.tokens) as tokens
from unmetered_usage_by_owner as round
inner join dim_dates as days on round.usage_date = days.calendar_date
where round.usage_date <= cast(? as date) and days.fiscal_period in {RECENT}
group by all order by period desc, amount desc nulls last, round.kind
"""

USED = "select exists (select 1 from fct_usage where is_counted and usage_date <= cast(? as date)) as is_known"

COST = """
select exists (
    select 1 from fct_allocated_costs as costs inner join dim_dates as days on costs.cost_date = days.calendar_date
    where days.fiscal_period = ? and costs.cost_date <= cast(? as date)
) as is_known
"""

OF_NO_DAYS = frozenset({"ledgers", "prices"})
"""Sources that are never asked how far they reach: files of finance, and the price list."""
NO_USAGE, NO_COST = "No usage was read.", "Nothing is without an owner; this month has no cost yet."

AROUND = {
    "tokens_without_cost": "Give the models their prices at the gateway; here they are priced from the price list.",
    "cost_without_tokens": "Let the gateway log the usage of streamed answers, then load its log again.",
    "billed_but_unseen": "Find who calls the provider past the gateway, and route it through.",
    "key_without_cap": "Add the keys, or their owners, to caps in guardrails.yaml.",
}


def health(publication: Publication, drawer: Drawer) -> Page:
    as_of = publication.provenance.as_of
    both = [as_of, as_of]
    sources = _judged(publication.rows("ingestion_outcomes", SOURCES, [as_of]))
    is_used = _is_known(publication.one("fct_usage", USED, [as_of]))
    gaps = publication.rows("source_day_gaps", GAPS)
    rejected = publication.rows("rejected_rows", REJECTED)
    unpriced = publication.rows("fct_usage dim_dates", UNPRICED, both)
    unmeasured = publication.rows("fct_usage dim_dates", UNMEASURED, both)
    unallocated = publication.rows("fct_allocated_costs dim_dates", UNALLOCATED, both)
    return Page(
        "health",
        "Data health",
        "Whether everything was read, and what no number on these pages contains.",
        (
            Section(
                "At a glance",
                (
                    *_read(publication, sources, gaps, rejected),
                    *_valued(publication, is_used, unpriced, unmeasured, unallocated),
                ),
            ),
            Section("Read", (_sources(sources), _gaps(publication, gaps, bool(sources)))),
            Section("Refused", (_rejected(publication, rejected),)),
            Section(
                "Without a price or without tokens", (_unpriced(unpriced, is_used), _unmeasured(unmeasured, is_used))
            ),
            Section("Without an owner", (_unallocated(publication, unallocated),)),
            Section("Past the meter or the caps", (_unmetered(publication, both),)),
        ),
    )


def _judged(rows: list[Row]) -> list[Row]:
    """Adds to each source and stream whether it is late, and what to do. A stream that states no bound is not judged."""
    for row in rows:
        late = row["days_behind"] is not None and row["days_behind"] >= STALE_DAYS
        row["verdict"] = "watch" if late else "none" if row["days_behind"] is None else "good"
        row["remedy"] = ""
        if late:
            row["remedy"] = f"Nothing vouches for the last {row['days_behind']} days: run again, or add the newer file."
        elif row["unnamed_rows"]:
            row["verdict"] = "watch"
            row["remedy"] = "Charges without a service count as AI cost: name the services in sources.yaml."
    return rows


def _is_known(found: Row | None) -> bool:
    return bool(found and found["is_known"])


def _read(publication: Publication, sources: list[Row], gaps: list[Row], rejected: list[Row]) -> tuple[Figure, ...]:
    """Green only where something was read that says so: what vouches for no day is not up to date."""
    late = sorted({row["source"] for row in sources if row["verdict"] == "watch"})
    told = any(row["days_behind"] is not None for row in sources)
    silent = sorted({row["source"] for row in sources if row["days_behind"] is None} - OF_NO_DAYS)
    missing = [row for row in gaps if row["status"] == "missing"]
    unsure = sum(row["days"] for row in gaps if row["status"] != "missing")
    up_to_date = f"how far they reach is not told by {', '.join(silent)}" if silent else "every source is up to date"
    return (
        _count(
            "Sources to look at",
            len(late),
            "ingestion_outcomes",
            ", ".join(late) or (up_to_date if told or silent else "no source says how far it reaches"),
            sources,
            is_sure=told and not silent,
        ),
        _count(
            "Days without data",
            sum(row["days"] for row in missing),
            "source_day_gaps",
            f"the latest {missing[0]['last_date']}, {missing[0]['source']}"
            if missing
            else f"none is missing; {unsure:,} not known to be whole"
            if unsure
            else "no day is missing",
            publication.holds("source_day_gaps") and sources,
            is_sure=not unsure,
        ),
        _count(
            "Refused rows",
            sum(row["row_count"] for row in rejected),
            "rejected_rows",
            f"in {len({row['file'] for row in rejected})} files"
            if rejected
            else "every row was accepted"
            if sources
            else "nothing was read",
            publication.holds("rejected_rows"),
            is_sure=bool(sources),
        ),
    )


def _valued(
    publication: Publication, is_used: bool, unpriced: list[Row], unmeasured: list[Row], unallocated: list[Row]
) -> tuple[Figure, ...]:
    """Green only where there is usage or cost of which it can be said."""
    month = publication.provenance.month
    models = {(row["provider"], row["model_id"]) for row in unpriced}
    nobodys = [row for row in unallocated if row["period"] == month]
    figures = [
        _count(
            "Models without a price",
            len(models),
            "fct_usage",
            ", ".join(str(model) for _, model in sorted(models, key=str)[:3])
            or ("everything has a price" if is_used else "no usage was read"),
            publication.holds("fct_usage"),
            is_sure=is_used,
        ),
        _count(
            "Requests without tokens",
            sum(row["requests"] or 0 for row in unmeasured),
            "fct_usage",
            "they have no cost here"
            if unmeasured
            else "every request was measured"
            if is_used
            else "no usage was read",
            publication.holds("fct_usage"),
            is_sure=is_used,
        ),
    ]
    if publication.holds("fct_allocated_costs"):
        is_spent = _has_cost(publication)
        figures.append(
            Figure(
                f"Without an owner, {month} to date",
                sum(row["allocated_cost"] for row in nobodys) if is_spent else None,
                "money",
                "Allocated cost that no rule gives to an initiative, department, product or customer.",
                "fct_allocated_costs",
                verdict="watch" if nobodys else "good" if is_spent else "unknown",
                says="" if nobodys else "every cost has an owner" if is_spent else "no cost yet",
            )
        )
    return tuple(figures)


def _has_cost(publication: Publication) -> bool:
    run = publication.provenance
    return _is_known(publication.one("fct_allocated_costs dim_dates", COST, [run.month, run.as_of]))


def _count(label: str, count: int, source: str, says: str, is_known: object, *, is_sure: bool) -> Figure:
    """``is_sure``: none is good; else nothing is known of which it could be said."""
    if not is_known:
        return Figure(label, None, "count", "Not published here.", source, verdict="unknown", says="not published here")
    verdict: Verdict = "watch" if count else "good" if is_sure else "unknown"
    return Figure(label, count, "count", says, source, verdict=verdict, says=says)


def _sources(rows: list[Row]) -> Table:
    return Table(
        "sources",
        "What was read, and how far",
        "ingestion_outcomes",
        (
            Column("source", "Source"),
            Column("stream", "Stream"),
            Column("complete_to", "Complete to", "moment"),
            Column("days_behind", "Behind", "days"),
            Column("loaded_at", "Last read", "moment"),
            Column("row_count", "Rows", "count", True),
            Column("left_out_rows", "Left out: no AI cost", "count", True),
            Column("left_out_amount", "Worth", "money", True),
            Column("unnamed_rows", "Without a service", "count", True),
            Column("remedy", "What to do"),
        ),
        rows,
        "Nothing was read.",
        "Behind is counted from the as-of day to the last day that the source vouches for; files of finance vouch for none.",
        verdict="verdict",
    )


def _gaps(publication: Publication, rows: list[Row], is_read: bool) -> Table:
    for row in rows:
        row["what"] = in_words(row["status"])
        row["verdict"] = "bad" if row["status"] == "missing" else "watch"
        row["remedy"] = (
            "Load the days again; if they were empty, say empty_days: zero for this source in sources.yaml."
            if row["status"] == "missing"
            else "Wait for the next load, or state complete_through for this source in sources.yaml."
        )
    return Table(
        "gaps",
        "Days that are not covered",
        "source_day_gaps",
        (
            Column("source", "Source"),
            Column("provider", "Provider"),
            Column("what", "What"),
            Column("first_date", "From", "date"),
            Column("last_date", "To", "date"),
            Column("days", "Days", "count", True),
            Column("remedy", "What to do"),
        ),
        rows[:MOST],
        ("No day of a source that was read is missing or partial." if is_read else "Nothing was read.")
        if publication.holds("source_day_gaps")
        else "Which days are covered is not published here.",
        "Nothing is guessed for such a day: run-rates and forecasts leave it out.",
        verdict="verdict",
    )


def _rejected(publication: Publication, rows: list[Row]) -> Table:
    for row in rows:
        row["verdict"] = "watch"
        row["remedy"] = PRICE_REMEDY if row["source"] == "prices" else REJECTED_REMEDY
    return Table(
        "rejected",
        "Refused rows by file, counted nowhere",
        "rejected_rows",
        (
            Column("file", "File"),
            Column("row_count", "Rows", "count", True),
            Column("amount", "Worth", "quantity"),
            Column("currency", "Currency"),
            Column("without_amount", "Without an amount", "count", True),
            Column("first_line", "First line", "count"),
            Column("column_name", "Its column"),
            Column("reason", "Why"),
            Column("remedy", "What to do"),
        ),
        rows[:MOST],
        "No row was refused: every line of every file counts."
        if publication.holds("rejected_rows")
        else "Refused rows are not published here.",
        verdict="verdict",
    )


def _unpriced(rows: list[Row], is_used: bool) -> Table:
    for row in rows:
        row["verdict"], row["remedy"] = "watch", price_remedy(row["without_rate"])
    return Table(
        "unpriced",
        "Usage that has no price",
        "fct_usage",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("model_id", "Model"),
            Column("quantity", "Quantity", "count"),
            Column("unit", "Unit"),
            Column("first_date", "From", "date"),
            Column("last_date", "To", "date"),
            Column("remedy", "What to do"),
        ),
        with_others(rows, MOST, "model_id", ("quantity",), ("department_id", "unit", "verdict", "remedy")),
        "All usage has a price." if is_used else NO_USAGE,
        "If it was billed, its billed cost is in every total; what it would cost at list price is not known.",
        filters={"period": "period", "department": "department_id"},
        verdict="verdict",
    )


def _unmeasured(rows: list[Row], is_used: bool) -> Table:
    for row in rows:
        row["verdict"], row["remedy"] = "watch", UNMEASURED_REMEDY
    return Table(
        "unmeasured",
        "Requests without token counts",
        "fct_usage",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("model_id", "Model"),
            Column("requests", "Requests", "count", True),
            Column("first_date", "From", "date"),
            Column("last_date", "To", "date"),
            Column("remedy", "What to do"),
        ),
        with_others(rows, MOST, "model_id", ("requests",), ("department_id", "verdict", "remedy")),
        "Every request that was served has its tokens." if is_used else NO_USAGE,
        filters={"period": "period", "department": "department_id"},
        verdict="verdict",
    )


def _unallocated(publication: Publication, rows: list[Row]) -> Table:
    for row in rows:
        row["basis"] = in_words(row["cost_basis"])
        row["verdict"], row["remedy"] = "watch", OWNER_REMEDY
    return Table(
        "unallocated",
        "Cost that no rule gives to anybody",
        "fct_allocated_costs",
        (
            MONTH,
            Column("provider", "Provider"),
            Column("model_id", "Model"),
            Column("basis", "Basis"),
            Column("allocated_cost", "Cost", "money", True),
            Column("remedy", "What to do"),
        ),
        with_others(rows, MOST, "model_id", ("allocated_cost",), ("verdict", "remedy")),
        "Every cost has an owner." if _has_cost(publication) else NO_COST,
        filters={"period": "period"},
        first=15,
        verdict="verdict",
    )


def _unmetered(publication: Publication, both: list) -> Table:
    rows = publication.rows("unmetered_usage_by_owner dim_dates", UNMETERED, both)
    for row in rows:
        row["what"] = in_words(row["kind"])
        row["remedy"] = AROUND.get(row["kind"], "")
        row["verdict"] = "watch"
        row["said"] = f"{shown(row['without_amount'], 'count')} more of unknown amount" if row["without_amount"] else ""
    return Table(
        "unmetered",
        "Use that went round the meter or the caps",
        "unmetered_usage_by_owner",
        (
            MONTH,
            Column("what", "What"),
            Column("amount", "Worth", "money"),
            Column("said", "Not valued"),
            Column("requests", "Requests", "count"),
            Column("tokens", "Tokens", "count"),
            Column("remedy", "What to do"),
        ),
        rows,
        "Nothing went round the meter or the caps.",
        "The same use may stand under several kinds, so that they are not added up.",
        filters={"period": "period"},
        verdict="verdict",
    )
