with

costs as (

    select
        {{ fiscal_period('cost_date') }} as fiscal_period,
        initiative_id,
        sum(allocated_cost) as allocated_cost
    from {{ ref('fct_allocated_costs') }}
    where initiative_id is not null
    group by all

),

tokens as (

    select * from {{ ref('int_initiative_tokens_summed_by_month') }}

),

units as (

    select
        {{ fiscal_period('metric_date') }} as fiscal_period,
        initiative_id,
        case when count(units_null_reason) = 0 then sum(units) end as units,
        max(units_null_reason) as units_null_reason
    from {{ ref('int_initiative_units_matched') }}
    group by all

)

select
    costs.fiscal_period,
    costs.initiative_id,
    {{ fine_money('costs.allocated_cost') }} as allocated_cost,
    {{ money('units.units') }} as units,
    {{ cost_per('costs.allocated_cost', 'units.units') }} as cost_per_unit,
    {{ cost_per('costs.allocated_cost * 1000000', 'tokens.tokens') }} as cost_per_million_tokens,
    case when tokens.input_tokens > 0
        then cast(tokens.cache_read_tokens as double) / cast(tokens.input_tokens as double)
    end as cache_hit_ratio,
    case when tokens.input_tokens > 0
        then cast(tokens.output_tokens as double) / cast(tokens.input_tokens as double)
    end as output_to_input_ratio,
    {{ reporting_currency() }} as reporting_currency,
    units.units_null_reason
from costs
left join tokens
    on costs.fiscal_period = tokens.fiscal_period and costs.initiative_id = tokens.initiative_id
left join units
    on costs.fiscal_period = units.fiscal_period and costs.initiative_id = units.initiative_id
