with

usage_names as (

    select distinct
        owner_key,
        {{ owner_columns() | join(',\n        ') }}
    from {{ ref('int_usage_keys_numbered') }}

),

costs as (

    select distinct
        owner_key,
        usage_owner_key,
        {{ owner_columns() | join(',\n        ') }}
    from {{ ref('int_effective_costs_split_to_usage') }}
    where owner_key not in (select owner_key from usage_names)

),

dimensions as (

    select {{ all_but(['usage_owner_key']) }} from costs
    union
    select
        costs.owner_key,
        {% for column in owner_columns() -%}
        usage_names.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from costs
    inner join usage_names on costs.usage_owner_key = usage_names.owner_key

)

select * from {{ ref('int_usage_owners_matched') }}
union all
select * from ({{ owners_matched('dimensions') }})
