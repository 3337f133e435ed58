{# One row per row of int_usage_valued with the dimensions that its key stands for: the usage that costs, audits and
   marts read. #}
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
