{{ config(materialized='view') }}
with

hours as (

    select * from {{ ref('int_usage_placed_by_hour') }}

),

classes as (

    {{ token_class_rows_by_hour('hours', hourly_usage_columns(), hourly_token_classes()) }}

)

select
    usage_start_at,
    {{ hourly_usage_columns() | join(',\n    ') }},
    token_class,
    quantity,
    unit,
    case when token_class = 'request' then quantity else 0 end as requests
from classes
