{# One row per day, provider, charged model, person, basis and ownership rule (null: nobody's), with whose cost it is where a rule assigns it directly. #}
with

costs as (

    select * from {{ ref('int_effective_costs_split_to_usage') }}

),

owners as (

    select * from {{ ref('int_owners_matched') }}

),

rules as (

    select * from {{ ref('stg_registry__ownership_rules') }}

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
        {{ fine_money('sum(costs.amount)') }} as amount
    from costs
    left join owners on costs.owner_key = owners.owner_key
    group by all

)

select
    ruled.*,
    rules.share_method,
    rules.initiative_id,
    coalesce(rules.department_id, initiatives.department_id) as department_id,
    coalesce(rules.product_id, initiatives.product_id) as product_id,
    coalesce(rules.customer_id, initiatives.customer_id) as customer_id
from ruled
left join rules on ruled.rule_id = rules.rule_id
left join initiatives
    on rules.initiative_id = initiatives.initiative_id
    and ruled.cost_date >= initiatives.effective_from
    and ruled.cost_date < initiatives.effective_to
