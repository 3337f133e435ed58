with

allocated as (

    select
        *,
        case when allocation_method <> 'unallocated' then cost_date end as classified_date
    from {{ ref('int_costs_allocated') }}

),

classes as (

    select * from {{ ref('int_cost_classes_decided') }}

)

select
    allocated.cost_date,
    allocated.provider,
    allocated.source,
    allocated.model_id,
    allocated.initiative_id,
    allocated.department_id,
    allocated.product_id,
    allocated.customer_id,
    allocated.actor_id,
    classes.cost_class,
    classes.budget_class,
    allocated.allocation_method,
    allocated.allocation_rule_id,
    allocated.cost_basis,
    {{ fine_money('sum(allocated.allocated_cost)') }} as allocated_cost
from allocated
left join classes
    on allocated.classified_date = classes.cost_date
    and allocated.initiative_id is not distinct from classes.initiative_id
    and allocated.department_id is not distinct from classes.department_id
    and allocated.product_id is not distinct from classes.product_id
    and allocated.customer_id is not distinct from classes.customer_id
group by all
