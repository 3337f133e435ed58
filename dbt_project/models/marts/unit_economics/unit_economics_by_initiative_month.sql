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
        sum(costs.allocated_cost) filter (where covered.initiative_id is not null) as compared_cost,
        cast(date_trunc('month', min(costs.cost_date)) as date) as month_start
    from {{ ref('fct_allocated_costs') }} as costs
    left join covered
        on costs.initiative_id = covered.initiative_id
        and costs.cost_date between covered.covered_from and covered.covered_to
    where costs.initiative_id is not null
    group by {{ fiscal_period('costs.cost_date') }}, costs.initiative_id

),

compared as (

    select
        costs.fiscal_period,
        costs.initiative_id,
        sum(greatest(
            {{ days_between(
                'greatest(covered.covered_from, costs.month_start)',
                'least(covered.covered_to, last_day(costs.month_start), run_parameters.as_of_date)'
            ) }} + 1,
            0
        )) as days_compared
    from costs
    cross join run_parameters
    inner join covered on costs.initiative_id = covered.initiative_id
    group by costs.fiscal_period, costs.initiative_id

),

tokens as (

    select * from {{ ref('int_initiative_tokens_summed_by_month') }}

),

units as (

    select
        {{ fiscal_period('metric_date') }} as fiscal_period,
        initiative_id,
        case when count(units_null_reason) = 0 and count(distinct unit_of_work) < 2 then sum(units) end as units,
        case when count(distinct unit_of_work) > 1 then 'unit_changed' else max(units_null_reason) end
            as units_null_reason
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
    case when units.units is not null then cast(coalesce(compared.days_compared, 0) as bigint) end as days_compared,
    case when units.units is not null
        then coalesce(compared.days_compared, 0) < extract(day from last_day(costs.month_start))
    end as is_partial
from costs
left join compared
    on costs.fiscal_period = compared.fiscal_period and costs.initiative_id = compared.initiative_id
left join tokens
    on costs.fiscal_period = tokens.fiscal_period and costs.initiative_id = tokens.initiative_id
left join units
    on costs.fiscal_period = units.fiscal_period and costs.initiative_id = units.initiative_id
