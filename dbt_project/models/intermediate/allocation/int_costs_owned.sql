with

costs as (

    select * from {{ ref('int_effective_costs_split_to_usage') }}

),

owners as (

    select * from {{ ref('int_owners_matched') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

ruled as (

    select
        costs.cost_date,
        costs.source,
        costs.provider,
        costs.charged_model_id as model_id,
        costs.actor_id,
        costs.cost_basis,
        owners.rule_id,
        owners.share_method,
        owners.initiative_id,
        owners.department_id,
        owners.product_id,
        owners.customer_id,
        {{ fine_money('sum(costs.amount)') }} as amount,
        {{ fine_money('sum(coalesce(costs.credit_amount, 0))') }} as credit_amount
    from costs
    left join owners
        on costs.owner_key = owners.owner_key
        and costs.cost_date >= owners.effective_from
        and costs.cost_date < owners.effective_to
    group by all

)

select
    {{ all_but(['department_id', 'product_id', 'customer_id'], 'ruled') }},
    coalesce(ruled.department_id, initiatives.department_id) as department_id,
    coalesce(ruled.product_id, initiatives.product_id) as product_id,
    coalesce(ruled.customer_id, initiatives.customer_id) as customer_id
from ruled
left join initiatives
    on ruled.initiative_id = initiatives.initiative_id
    and ruled.cost_date >= initiatives.effective_from
    and ruled.cost_date < initiatives.effective_to
