{# Every cent is allocated: per provider and day the billed basis equals effective cost, difference exactly zero. #}
with

effective as (

    select provider, cost_date, sum(effective_cost) as effective_cost
    from {{ ref('fct_billed_costs') }}
    group by provider, cost_date

),

allocated as (

    select provider, cost_date, sum(allocated_cost) as allocated_cost
    from {{ ref('fct_allocated_costs') }}
    where cost_basis = 'billed'
    group by provider, cost_date

)

select
    coalesce(effective.provider, allocated.provider) as provider,
    coalesce(effective.cost_date, allocated.cost_date) as cost_date,
    effective.effective_cost,
    allocated.allocated_cost
from effective
full outer join allocated
    on effective.provider = allocated.provider and effective.cost_date = allocated.cost_date
where coalesce(effective.effective_cost, 0) <> coalesce(allocated.allocated_cost, 0)
