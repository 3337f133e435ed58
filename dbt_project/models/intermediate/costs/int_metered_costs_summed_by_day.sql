with

usage as (

    select * from {{ ref('int_usage_owned') }}

)

select
    md5(concat_ws(
        chr(31),
        'metered',
        {% for column in owner_columns() -%}
        coalesce(usage.{{ column }}, chr(30)),
        {% endfor -%}
        cast(usage.cost_date as varchar)
    )) as metered_cost_key,
    usage.cost_date,
    {% for column in owner_columns() -%}
    usage.{{ column }},
    {% endfor -%}
    {{ fine_money('sum(usage.contracted_cost)') }} as metered_cost
from usage
where usage.is_counted and usage.cost_basis = 'metered' and usage.contracted_cost is not null
group by all
having sum(usage.contracted_cost) <> 0
