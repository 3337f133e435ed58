with

days as (

    select
        provider,
        {{ fiscal_period('cost_date') }} as service_period,
        cost_date,
        {{ fine_money('sum(effective_cost)') }} as cost
    from {{ ref('int_billed_costs_unioned') }}
    where charge_category <> 'tax'
    group by provider, cost_date

),

used as (

    select
        *,
        sum(cost) over (partition by provider, service_period order by cost_date) as used_by_then,
        sum(cost) over (partition by provider, service_period) as used_in_all
    from days

)

select
    used.provider,
    used.service_period,
    used.cost_date,
    {{ portion_of('costs.settlement_amount', 'used.used_by_then', 'used.used_in_all') }} as used_amount
from used
inner join {{ ref('int_period_costs_to_settle') }} as costs
    on used.provider = costs.provider and used.service_period = costs.service_period
inner join {{ ref('int_period_costs_summed') }} as summed
    on used.provider = summed.provider and used.service_period = summed.fiscal_period
where used.used_in_all > 0 and used.used_in_all = summed.effective_cost
