with

costs as (

    select * from {{ ref('int_costs_classified') }}

),

graduated as (

    select distinct initiative_id from {{ ref('stg_budget__graduations') }}

)

select
    costs.product_id,
    costs.initiative_id,
    costs.cost_date,
    {{ fine_money('sum(costs.allocated_cost)') }} as core_ai_cogs
from costs
inner join graduated on costs.initiative_id = graduated.initiative_id
where costs.cost_class = 'cost_of_goods_sold'
    and costs.product_id is not null
    and costs.budget_class is distinct from 'experimentation'
group by costs.product_id, costs.initiative_id, costs.cost_date
