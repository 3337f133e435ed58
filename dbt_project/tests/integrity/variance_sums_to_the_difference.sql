{# The components against the month before sum to the difference of the two months' allocated cost, to half a minor
   unit. #}
{{ config(tags=['after_statistics']) }}

with

costs as (

    select
        initiative_id,
        date_trunc('month', cost_date) as cost_month,
        sum(allocated_cost) as allocated_cost
    from {{ ref('fct_allocated_costs') }}
    where initiative_id is not null
    group by all

),

explained as (

    select
        initiative_id,
        cast(concat(fiscal_period, '-01') as date) as cost_month,
        sum(amount) as amount
    from {{ ref('budget_variance_by_initiative_month') }}
    where comparison = 'prior_month'
    group by all

)

select
    explained.initiative_id,
    explained.cost_month,
    explained.amount,
    coalesce(later.allocated_cost, 0) - coalesce(earlier.allocated_cost, 0) as difference
from explained
cross join {{ ref('stg_run__parameters') }} as run_parameters
left join costs as later
    on explained.initiative_id = later.initiative_id and explained.cost_month = later.cost_month
left join costs as earlier
    on explained.initiative_id = earlier.initiative_id
    and explained.cost_month - interval 1 month = earlier.cost_month
where abs(explained.amount - (coalesce(later.allocated_cost, 0) - coalesce(earlier.allocated_cost, 0)))
    > {{ from_minor_units("cast(0.0000000005 as decimal(10, 10))") }}
