with

usage as (

    select * from {{ ref('int_usage_owned') }}

),

summed as (

    select
        owner_key,
        cost_date,
        {{ fine_money('sum(contracted_cost)') }} as metered_cost
    from usage
    where is_counted and cost_basis = 'metered' and contracted_cost is not null
    group by all

),

dimensions as (

    select distinct
        owner_key,
        {{ owner_columns() | join(',
        ') }}
    from {{ ref('int_usage_keys_numbered') }}

)

select
    md5(concat_ws(
        chr(31),
        'metered',
        {% for column in owner_columns() -%}
        coalesce(dimensions.{{ column }}, chr(30)),
        {% endfor -%}
        cast(summed.cost_date as string)
    )) as metered_cost_key,
    summed.cost_date,
    {% for column in owner_columns() -%}
    dimensions.{{ column }},
    {% endfor -%}
    summed.metered_cost
from summed
inner join dimensions on summed.owner_key = dimensions.owner_key
where summed.metered_cost <> 0
