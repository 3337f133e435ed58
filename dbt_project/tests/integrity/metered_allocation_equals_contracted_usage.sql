{# Providers without a bill: what is allocated on the metered basis is the contracted cost of their counted usage,
   difference exactly zero. #}
with

metered as (

    select usage.provider, usage.usage_date as cost_date, sum(usage.contracted_cost) as metered_cost
    from {{ ref('int_usage_owned') }} as usage
    where usage.is_counted
        and usage.provider not in (
            select provider from {{ ref('fct_billed_costs') }}
            where source <> 'contracts' and charge_category <> 'credit'
        )
    group by usage.provider, usage.usage_date

),

allocated as (

    select provider, cost_date, sum(allocated_cost) as allocated_cost
    from {{ ref('fct_allocated_costs') }}
    where cost_basis = 'metered'
    group by provider, cost_date

)

select
    coalesce(metered.provider, allocated.provider) as provider,
    coalesce(metered.cost_date, allocated.cost_date) as cost_date,
    metered.metered_cost,
    allocated.allocated_cost
from metered
full outer join allocated
    on metered.provider = allocated.provider and metered.cost_date = allocated.cost_date
where coalesce(metered.metered_cost, 0) <> coalesce(allocated.allocated_cost, 0)
