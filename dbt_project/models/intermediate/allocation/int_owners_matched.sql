with

dimensions as (

    select distinct
        owner_key,
        {{ owner_columns() | join(',\n        ') }}
    from {{ ref('int_effective_costs_split_to_usage') }}
    where owner_key not in (select owner_key from {{ ref('int_usage_keys_numbered') }})

)

select * from {{ ref('int_usage_owners_matched') }}
union all
select * from ({{ owners_matched('dimensions') }})
