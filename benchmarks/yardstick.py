"""The least work a correct answer needs, written by hand: ``python -m benchmarks.yardstick COMPANY FOLDER``.

Read the exported logs, keep each request once, tell its token classes apart, price them by day and model in decimal, sum them
by day, give the cost to its owner, set it against revenue, take the run-rate of every day, and write each answer as a
Parquet file: ``usage``, ``allocated``, ``margin``, ``run_rate``. No landing area, no tests, no history: what a careful
analyst would run once. Failed calls are free; a success without token evidence counts as a request of unknown size.

Of equal request ids the row with more tokens counts, then the earlier start, as in the product. What the product must do
and this does not, because the generated company has none of it: prices by size of context, several currencies, shares,
bills, other cost of goods sold. Hours, which the product publishes beside the days, are not asked here either.
"""

import argparse
import tempfile
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import duckdb
import yaml

from benchmarks.company import LOG_FOLDER
from benchmarks.traffic import PRICES

MEMORY_LIMIT = "2GB"
RUN_RATE_DAYS = 28
_REPEATED = """
create temp table repeated as
select hash(request_id) as request_hash
from read_parquet({files}) where status = 'success' group by 1 having count(*) > 1"""

_USAGE = """
create table usage as
with logs as not materialized (
    select
        request_id, api_key, "user", team_id, model, custom_llm_provider, prompt_tokens, completion_tokens, "startTime",
        metadata
    from read_parquet({files})
    where status = 'success'
),
counted as not materialized (
    select * from logs anti join repeated on hash(request_id) = request_hash
    union all
    select logs.* from logs semi join repeated on hash(request_id) = request_hash
    qualify row_number() over (
        partition by request_id order by prompt_tokens + completion_tokens desc, "startTime"
    ) = 1
),
once as not materialized (
    select
        *, cast("startTime" as date) as usage_date,
        json_extract_string(
            metadata, ['$.usage_object.cache_read_input_tokens', '$.usage_object.cache_creation_input_tokens']
        ) as cache
    from counted
),
summed as (
    select
        usage_date, api_key, "user", team_id, model, custom_llm_provider, count(*) as requests,
        sum(prompt_tokens) as prompt,
        sum(coalesce(cast(cache[1] as bigint), 0)) as cache_read,
        sum(coalesce(cast(cache[2] as bigint), 0)) as cache_write,
        sum(completion_tokens) as output
    from once group by all
),
priced as (
    select summed.*, prices.* exclude (model, valid_from)
    from summed asof join prices on summed.model = prices.model and summed.usage_date >= prices.valid_from
)
select
    usage_date, api_key as api_key_id, "user" as actor_id, team_id, custom_llm_provider as provider, model as model_id,
    class.name as token_class,
    cast(class.quantity as decimal(38, 0)) as quantity,
    cast(cast(class.quantity as decimal(20, 0)) * class.price * 0.000001 as decimal(38, 12)) as list_cost
from priced, unnest([
    {{name: 'input_uncached', quantity: prompt - cache_read - cache_write, price: input_price}},
    {{name: 'cache_read', quantity: cache_read, price: read_price}},
    {{name: 'cache_write_other', quantity: cache_write, price: write_price}},
    {{name: 'output', quantity: output, price: output_price}},
    {{name: 'request', quantity: requests, price: 0}}
]) as classes (class)
where class.quantity > 0"""

_ALLOCATED = """
create table allocated as
select
    usage_date as cost_date, provider, model_id, initiatives.initiative_id,
    coalesce(initiatives.department_id, teams.department_id) as department_id, initiatives.product_id,
    cast(sum(list_cost) as decimal(38, 12)) as allocated_cost
from usage
left join keys using (api_key_id)
left join initiatives on keys.initiative_id = initiatives.initiative_id
left join teams on keys.initiative_id is null and usage.team_id = teams.team_id
group by all
having sum(list_cost) <> 0"""

_MARGIN = """
create table margin as
with costs as (
    select cost_date, product_id, sum(allocated_cost) as ai_cogs from allocated where product_id is not null group by all
)
select
    revenue_date as margin_date, revenue.product_id, amount as revenue, coalesce(ai_cogs, 0) as ai_cogs,
    cast(amount - coalesce(ai_cogs, 0) as decimal(38, 12)) as gross_profit
from revenue left join costs on revenue.product_id = costs.product_id and revenue_date = cost_date
where revenue_date <= (select max(cost_date) from allocated)"""


def run(company: Path, folder: Path) -> None:
    """Answer for ``company`` and write the answers to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection, tempfile.TemporaryDirectory(dir=folder) as spill:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"set temp_directory = '{spill}'")
        connection.execute("set preserve_insertion_order = false")
        _read_company(connection, company)
        files = f"'{company / LOG_FOLDER}/*.parquet'"
        for statement in (_REPEATED.format(files=files), _USAGE.format(files=files), _ALLOCATED, _MARGIN):
            connection.execute(statement)
        _run_rate(connection)
        for answer in ("usage", "allocated", "margin", "run_rate"):
            target = folder / f"{answer}.parquet"
            connection.execute(f"copy {answer} to '{target}' (format parquet, compression zstd)")


def _read_company(connection: duckdb.DuckDBPyConnection, company: Path) -> None:
    kinds = ", ".join(f"{name}_price decimal(10, 6)" for name in ("input", "read", "write", "output"))
    connection.execute(f"create table prices (model varchar, valid_from date, {kinds})")
    connection.executemany("insert into prices values (?, ?, ?, ?, ?, ?)", [list(row) for row in PRICES])
    tables = {"keys": "api_key_id varchar, initiative_id varchar", "teams": "team_id varchar, department_id varchar"}
    tables["initiatives"] = "initiative_id varchar, department_id varchar, product_id varchar"
    for name, columns in tables.items():
        connection.execute(f"create table {name} ({columns})")
    for rule in yaml.safe_load((company / "ownership.yaml").read_text())["rules"]:
        key, team = rule["match"].get("api_key_id"), rule["match"].get("team_id")
        if key:
            connection.execute("insert into keys values (?, ?)", [key, rule["assign"]["initiative_id"]])
        else:
            connection.execute("insert into teams values (?, ?)", [team, rule["assign"]["department_id"]])
    for one in yaml.safe_load((company / "initiatives.yaml").read_text())["initiatives"]:
        row = [one["initiative_id"], one["department_id"], one.get("product_id")]
        connection.execute("insert into initiatives values (?, ?, ?)", row)
    kinds = "{'revenue_date': 'date', 'product_id': 'varchar', 'amount': 'decimal(38, 9)', 'currency': 'varchar'}"
    ledger = company / "ledgers" / "revenue.csv"
    connection.execute(f"create table revenue as select * from read_csv('{ledger}', columns = {kinds})")


def _run_rate(connection: duckdb.DuckDBPyConnection) -> None:
    """A month's cost at the mean of the last 28 days, for every day that has them."""
    costs = connection.execute(
        "select cost_date, cast(sum(allocated_cost) as decimal(38, 12)) from allocated group by 1 order by 1"
    ).fetchall()
    connection.execute("create table run_rate (as_of_date date, run_rate_monthly decimal(38, 9))")
    for last in range(RUN_RATE_DAYS, len(costs) + 1):
        mean = sum((cost for _, cost in costs[last - RUN_RATE_DAYS : last]), Decimal(0)) / RUN_RATE_DAYS
        monthly = (mean * Decimal("365.25") / 12).quantize(Decimal("1e-9"), ROUND_HALF_EVEN)
        connection.execute("insert into run_rate values (?, ?)", [costs[last - 1][0], monthly])


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer from a company's gateway logs with the least work.")
    parser.add_argument("company", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    run(arguments.company, arguments.folder)


if __name__ == "__main__":
    main()
