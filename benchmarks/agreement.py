"""Do a home's published figures and the yardstick's say the same, to the last decimal?

Usage by day, key, person, team, provider, model and token class; cost by day, model and owner; margin by product and day;
run-rate by day. A fast wrong answer is no result.
"""

from pathlib import Path

import duckdb

_ANSWERS = {
    "usage": (
        "fct_usage",
        "usage_date, api_key_id, actor_id, team_id, provider, model_id, token_class",
        "sum(quantity) as quantity, coalesce(sum(list_cost), 0) as list_cost",
        "quantity > 0",
    ),
    "allocated": (
        "fct_allocated_costs",
        "cost_date, provider, model_id, initiative_id, department_id, product_id",
        "sum(allocated_cost) as allocated_cost",
        "allocated_cost <> 0",
    ),
    "margin": (
        "gross_margin_by_product_day",
        "margin_date, product_id",
        "sum(revenue) as revenue, sum(ai_cogs) as ai_cogs, sum(gross_profit) as gross_profit",
        "revenue is not null",
    ),
    "run_rate": (
        "run_rate_by_company_day",
        "as_of_date",
        "sum(run_rate_monthly) as run_rate_monthly",
        "days_observed = 28",
    ),
}
"""Published table, grain, figures and which published rows are meant, by answer of the yardstick."""


def differences(published: Path, yardstick: Path) -> dict[str, int]:
    """How many rows of each answer, at its grain, one side has and the other has not."""
    found = {}
    with duckdb.connect() as connection:
        for answer, (table, grain, figures, meant) in _ANSWERS.items():
            ours = f"select {grain}, {figures} from read_parquet('{published}/{table}/*.parquet') where {meant} group by all"
            theirs = ours.replace(f"'{published}/{table}/*.parquet'", f"'{yardstick}/{answer}.parquet'")
            theirs = theirs.replace(f" where {meant}", "")
            rows = connection.execute(
                f"select count(*) from (({ours} except all {theirs}) union all ({theirs} except all {ours}))"
            ).fetchone()
            assert rows is not None
            found[answer] = rows[0]
    return found


def totals(yardstick: Path) -> str:
    """What was answered, in a line."""
    query = (
        "select count(*), sum(quantity) filter (where token_class = 'request'), "
        f"sum(quantity) filter (where token_class <> 'request'), sum(list_cost) from '{yardstick}/usage.parquet'"
    )
    groups, requests, tokens, cost = duckdb.sql(query).fetchone() or (0, 0, 0, 0)
    return f"{requests or 0:,.0f} requests, {tokens or 0:,.0f} tokens, USD {cost or 0:,.6f} in {groups:,} groups"
