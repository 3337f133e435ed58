{{ config(materialized='view') }}

with

usage as (

    select * from {{ ref('int_usage_valued') }}

),

keys as (

    select * from {{ ref('int_usage_keys_numbered') }}

),

counted as (

    select * from {{ ref('int_usage_counted_by_day') }}

)

select
    usage.*,
    {% for column in usage_key_columns() -%}
    keys.{{ column }},
    {% endfor -%}
    keys.usage_key_text,
    keys.owner_key,
    counted.is_counted,
    counted.cost_basis,
    case when counted.cost_basis = 'billed' then usage.billing_date else usage.usage_date end as cost_date
from usage
inner join keys on usage.usage_key_id = keys.usage_key_id
inner join counted
    on keys.provider = counted.provider
    and keys.source = counted.source
    and keys.account_id is not distinct from counted.account_id
    and usage.billing_date = counted.billing_date
