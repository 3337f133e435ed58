with

dimensions as (

    select distinct
        owner_key,
        {{ owner_columns() | join(',\n        ') }}
    from {{ ref('int_usage_keys_numbered') }}

)

select * from ({{ owners_matched('dimensions') }})
