{# Cost per unit sets units against the cost of the same days: those of which units are reported. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

covered as (

    select * from {{ ref('int_initiative_units_covered') }}

),

costs as (

    select
        {{ fiscal_period('costs.cost_date') }} as fiscal_period,
        costs.initiative_id,
        sum(costs.allocated_cost) as allocated_cost,
        sum(costs.allocated_cost) filter (
            where costs.cost_date between covered.covered_from and covered.covered_to
        ) as compared_cost,
        greatest(
            datediff(
                'day',
                greatest(any_value(covered.covered_from), cast(date_trunc('month', min(costs.cost_date)) as date)),
                least(
                    any_value(covered.covered_to),
                    last_day(min(costs.cost_date)),
                    any_value(run_parameters.as_of_date)
                )
            ) + 1,
            0
        ) as days_compared,
        extract(day from last_day(min(costs.cost_date))) as days_in_month
    from {{ ref('fct_allocated_costs') }} as costs
    cross join run_parameters
    left join covered on costs.initiative_id = covered.initiative_id
    where costs.initiative_id is not null
    group by {{ fiscal_period('costs.cost_date') }}, costs.initiative_id

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
    {{ cost_per('coalesce(costs.compared_cost, 0)', 'units.units') }} as cost_per_unit,
    {{ cost_per('costs.allocated_cost * 1000000', 'tokens.tokens') }} as cost_per_million_tokens,
    case when tokens.input_tokens > 0
        then cast(tokens.cache_read_tokens as double) / cast(tokens.input_tokens as double)
    end as cache_hit_ratio,
    case when tokens.input_tokens > 0
        then cast(tokens.output_tokens as double) / cast(tokens.input_tokens as double)
    end as output_to_input_ratio,
    {{ reporting_currency() }} as reporting_currency,
    units.units_null_reason,
    {{ fine_money('coalesce(costs.compared_cost, case when units.units is not null then 0 end)') }} as compared_cost,
    case when units.units is not null then costs.days_compared end as days_compared,
    case when units.units is not null then costs.days_compared < costs.days_in_month end as is_partial
from costs
left join tokens
    on costs.fiscal_period = tokens.fiscal_period and costs.initiative_id = tokens.initiative_id
left join units
    on costs.fiscal_period = units.fiscal_period and costs.initiative_id = units.initiative_id
