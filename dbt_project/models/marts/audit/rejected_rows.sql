with

rows_of_files as (

    select source, file, line, column_name, value, reason, amount, currency
    from {{ ref('stg_ledgers__rejected_rows') }}
    union all
    select source, file, line, column_name, value, reason, amount, currency
    from {{ ref('stg_focus_files__rejected_rows') }}

),

rows_of_logs as (

    select * from {{ ref('stg_litellm__rejected_rows') }}

),

refused_prices as (

    select * from {{ ref('stg_prices__refused_prices') }}

)

select
    source,
    file,
    line,
    column_name,
    value,
    reason,
    amount,
    currency
from rows_of_files
union all
select
    source,
    file,
    line,
    column_name,
    value,
    reason,
    amount,
    currency
from rows_of_logs
union all
select
    'prices' as source,
    price_source as file,
    cast(null as bigint) as line,
    token_class as column_name,
    listed_price as value,
    provider || ' ' || model_id || ', ' || price_variant
        || case when context_tier_start > 0 then ' above ' || context_tier_start || ' tokens' else '' end
        || coalesce(' from ' || valid_from, '') || coalesce(' before ' || valid_to, '')
        || ': ' || reason as reason,
    cast(null as decimal(38, 9)) as amount,
    cast(null as string) as currency
from refused_prices
