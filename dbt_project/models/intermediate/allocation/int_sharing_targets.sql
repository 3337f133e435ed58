{# One row per sharing rule and target, with the department and product the target belongs to. #}
with

targets as (

    select * from {{ ref('stg_registry__ownership_targets') }}

),

initiatives as (

    select
        initiative_id,
        max_by(department_id, effective_from) as department_id,
        max_by(product_id, effective_from) as product_id,
        max_by(customer_id, effective_from) as customer_id
    from {{ ref('int_initiatives_effective') }}
    group by initiative_id

)

select
    targets.rule_id,
    coalesce(targets.initiative_id, targets.department_id, targets.pool_id) as target_key,
    targets.initiative_id,
    coalesce(targets.department_id, initiatives.department_id) as department_id,
    initiatives.product_id,
    initiatives.customer_id,
    targets.weight
from targets
left join initiatives on targets.initiative_id = initiatives.initiative_id
