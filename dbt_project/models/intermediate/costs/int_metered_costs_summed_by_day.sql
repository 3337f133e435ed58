with

usage as (

    select * from {{ ref('int_usage_owned') }}

),

billing_providers as (

    select distinct provider from {{ ref('int_charges_reported') }}

)

select
    md5(concat_ws(
        chr(31), 'metered', cast(usage.usage_date as varchar)
        {%- for column in owner_columns() %}, coalesce(usage.{{ column }}, chr(30)){% endfor %}
    )) as metered_cost_key,
    usage.usage_date as cost_date,
    {% for column in owner_columns() -%}
    usage.{{ column }},
    {% endfor -%}
    {{ fine_money('sum(usage.contracted_cost)') }} as metered_cost
from usage
left join billing_providers on usage.provider = billing_providers.provider
where usage.is_counted and billing_providers.provider is null and usage.contracted_cost is not null
group by all
having sum(usage.contracted_cost) <> 0
