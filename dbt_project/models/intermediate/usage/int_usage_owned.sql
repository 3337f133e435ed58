{{ config(materialized='view') }}

with

usage as (

    select * from {{ ref('int_usage_valued') }}

),

keys as (

    select * from {{ ref('int_usage_keys_numbered') }}

)

select
    usage.*,
    {% for column in usage_key_columns() -%}
    keys.{{ column }},
    {% endfor -%}
    keys.is_counted
from usage
inner join keys on usage.usage_key_id = keys.usage_key_id
