"""Data health: what was read and until when, what was refused, and what has no price, no tokens or no owner."""

from dashboard.charts import Drawer
from dashboard.figures import Column, Page, Section, Table
from dashboard.publication import Publication

SOURCES = """
select source, stream, count(*) as loads, sum("rows") as row_count, max(loaded_at) as loaded_at, max(watermark_at) as complete_to,
    count(*) filter (where status not in ('loaded', 'empty')) as faults, sum(left_out_rows) as left_out_rows,
    sum(left_out_amount) as left_out_amount,
    case when count(*) filter (where status not in ('loaded', 'empty')) > 0 then 'bad' else 'none' end as verdict
from ingestion_outcomes
group by all order by source, stream
"""

REJECTED = """
select source, file, line, column_name, value, reason, amount, currency from rejected_rows
order by amount desc nulls last, file, line
"""

UNPRICED = """
select strftime(usage_date, '%Y-%m') as period, provider, model_id, pricing_status, department_id, unit,
    sum(quantity) as quantity, sum(requests) as requests, min(usage_date) as first_date, max(usage_date) as last_date
from fct_usage
where is_counted and pricing_status in ('unpriced', 'unmeasured') and usage_date <= cast(? as date)
group by all order by period desc, quantity desc nulls last
"""

UNALLOCATED = """
select strftime(cost_date, '%Y-%m') as period, provider, model_id, cost_basis, sum(allocated_cost) as allocated_cost
from fct_allocated_costs
where allocation_method = 'unallocated' and cost_date <= cast(? as date)
group by all having sum(allocated_cost) <> 0 order by period desc, allocated_cost desc
"""


def health(publication: Publication, drawer: Drawer) -> Page:
    as_of = publication.provenance.as_of
    return Page(
        "health",
        "Data health",
        "Whether everything was read, and what no number on these pages contains.",
        (
            Section("Read", (_sources(publication),)),
            Section("Refused", (_rejected(publication),)),
            Section(
                "Without a price or without tokens",
                (
                    Table(
                        "unpriced",
                        "Usage that has no cost",
                        "fct_usage",
                        (
                            Column("period", "Month"),
                            Column("provider", "Provider"),
                            Column("model_id", "Model"),
                            Column("pricing_status", "Status"),
                            Column("quantity", "Quantity", "count"),
                            Column("unit", "Unit"),
                            Column("requests", "Requests", "count", True),
                            Column("first_date", "From", "date"),
                            Column("last_date", "To", "date"),
                        ),
                        publication.rows("fct_usage", UNPRICED, [as_of]),
                        "All usage has tokens and a price.",
                        "Add prices to contracts.yaml (kind: price), or wait for the next price list.",
                        filters={"period": "period", "department": "department_id"},
                    ),
                ),
            ),
            Section(
                "Without an owner",
                (
                    Table(
                        "unallocated",
                        "Cost that no rule gives to anybody",
                        "fct_allocated_costs",
                        (
                            Column("period", "Month"),
                            Column("provider", "Provider"),
                            Column("model_id", "Model"),
                            Column("cost_basis", "Basis"),
                            Column("allocated_cost", "Cost", "money", True),
                        ),
                        publication.rows("fct_allocated_costs", UNALLOCATED, [as_of]),
                        "Every cost has an owner.",
                        "Add a rule to ownership.yaml that matches it.",
                        filters={"period": "period"},
                    ),
                ),
            ),
        ),
    )


def _sources(publication: Publication) -> Table:
    return Table(
        "sources",
        "What was read",
        "ingestion_outcomes",
        (
            Column("source", "Source"),
            Column("stream", "Stream"),
            Column("loads", "Loads", "count", True),
            Column("row_count", "Rows", "count", True),
            Column("loaded_at", "Last read", "moment"),
            Column("complete_to", "Complete to", "moment"),
            Column("faults", "Failed", "count", True),
            Column("left_out_rows", "Left out", "count", True),
            Column("left_out_amount", "Worth", "money", True),
        ),
        publication.rows("ingestion_outcomes", SOURCES),
        "Nothing was read.",
        verdict="verdict",
    )


def _rejected(publication: Publication) -> Table:
    return Table(
        "rejected",
        "Rows that were refused",
        "rejected_rows",
        (
            Column("file", "File"),
            Column("line", "Line", "count"),
            Column("column_name", "Column"),
            Column("value", "Value"),
            Column("reason", "Why"),
            Column("amount", "Worth", "quantity"),
            Column("currency", "Currency"),
        ),
        publication.rows("rejected_rows", REJECTED),
        "No row was refused.",
    )
