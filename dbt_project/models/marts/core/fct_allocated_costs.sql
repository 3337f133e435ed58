with

costs as (

    select * from {{ ref('int_costs_classified') }}

)

select
    cost_date,
    provider,
    source,
    model_id,
    initiative_id,
    department_id,
    product_id,
    customer_id,
    actor_id,
    cost_class,
    budget_class,
    allocation_method,
    allocation_rule_id,
    cost_basis,
    allocated_cost,
    {{ reporting_currency() }} as reporting_currency
from costs
