{# One row per combination of dimensions seen in usage and period without a change of rules, with the ownership rule
   that wins and whose it makes them. #}
with

dimensions as (

    select distinct
        owner_key,
        {{ owner_columns() | join(',\n        ') }}
    from {{ ref('int_usage_keys_numbered') }}

)

select * from ({{ owners_matched('dimensions') }})
