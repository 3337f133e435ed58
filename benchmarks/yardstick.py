"""The least work a correct answer needs, written by hand: ``python -m benchmarks.yardstick COMPANY OUT.parquet``.

Read the exported logs, keep each request once, price its token classes by day and model in decimal, aggregate to day
x key x model x class, write Parquet. No landing area, no tests, no marts, no history: what a careful analyst would
run once. Failed calls are free; a success without token evidence counts as a request of unknown size.
"""

import argparse
import tempfile
from pathlib import Path

import duckdb

from benchmarks.company import LOG_FOLDER
from benchmarks.traffic import PRICES

_PROGRAM = """
copy (
    with logs as (
        select
            request_id, api_key, model, status, prompt_tokens, completion_tokens,
            cast("startTime" as date) as usage_date,
            json_extract_string(
                metadata, ['$.usage_object.cache_read_input_tokens', '$.usage_object.cache_creation_input_tokens']
            ) as cache
        from read_parquet({files})
        where status = 'success'
    ),
    repeated as (
        select hash(request_id) as request_hash from logs group by 1 having count(*) > 1
    ),
    once as (
        select * from logs anti join repeated on hash(request_id) = request_hash
        union all
        select logs.* from logs semi join repeated on hash(request_id) = request_hash
        qualify row_number() over (partition by request_id) = 1
    ),
    summed as (
        select
            usage_date, api_key, model, count(*) as requests,
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
        usage_date, api_key as api_key_id, model as model_id, class.name as token_class,
        cast(class.quantity as decimal(38, 0)) as quantity,
        cast(cast(class.quantity as decimal(20, 0)) * class.price * 0.000001 as decimal(38, 12)) as list_cost
    from priced, unnest([
        {{name: 'input_uncached', quantity: prompt - cache_read - cache_write, price: input_price}},
        {{name: 'cache_read', quantity: cache_read, price: read_price}},
        {{name: 'cache_write_other', quantity: cache_write, price: write_price}},
        {{name: 'output', quantity: output, price: output_price}},
        {{name: 'request', quantity: requests, price: 0}}
    ]) as classes (class)
    where class.quantity > 0
) to {target} (format parquet, compression zstd)"""


def run(company: Path, target: Path) -> None:
    """Aggregate the logs of ``company`` into the Parquet file ``target``; its columns are those of the last select."""
    with duckdb.connect() as connection, tempfile.TemporaryDirectory(dir=target.parent) as spill:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set memory_limit = '2GB'")
        connection.execute(f"set temp_directory = '{spill}'")
        connection.execute("set preserve_insertion_order = false")
        kinds = ", ".join(f"{name}_price decimal(10, 6)" for name in ("input", "read", "write", "output"))
        connection.execute(f"create table prices (model varchar, valid_from date, {kinds})")
        connection.executemany("insert into prices values (?, ?, ?, ?, ?, ?)", [list(row) for row in PRICES])
        files = f"'{company / LOG_FOLDER}/*.parquet'"
        connection.execute(_PROGRAM.format(files=files, target=f"'{target}'"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Aggregate a company's gateway logs with the least work.")
    parser.add_argument("company", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    run(arguments.company, arguments.target)


if __name__ == "__main__":
    main()
