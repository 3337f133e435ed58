with

objects as (

    select distinct
        cost_date,
        initiative_id,
        department_id,
        product_id,
        customer_id
    from {{ ref('int_costs_allocated') }}
    where allocation_method <> 'unallocated'

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

departments as (

    select * from {{ ref('int_departments_effective') }}

),

rules as (

    select * from {{ ref('stg_registry__cost_class_rules') }}

),

described as (

    select
        objects.*,
        objects.initiative_id is null
        and (objects.product_id is not null or objects.customer_id is not null) as is_customer_facing_core,
        case when is_customer_facing_core then 'customer_facing' else initiatives.kind end as kind,
        case when is_customer_facing_core then 'core' else initiatives.stage end as stage,
        departments.function
    from objects
    left join initiatives
        on objects.initiative_id = initiatives.initiative_id
        and objects.cost_date >= initiatives.effective_from
        and objects.cost_date < initiatives.effective_to
    left join departments
        on objects.department_id = departments.department_id
        and objects.cost_date >= departments.effective_from
        and objects.cost_date < departments.effective_to

)

select
    described.cost_date,
    described.initiative_id,
    described.department_id,
    described.product_id,
    described.customer_id,
    case when described.stage = 'experimentation' then 'experimentation' else 'core' end as budget_class,
    min_by(rules.cost_class, rules.position) as cost_class
from described
left join rules
    on (rules.kind is null or rules.kind = described.kind)
    and (rules.stage is null or rules.stage = described.stage)
    and (rules.department_id is null or rules.department_id = described.department_id)
    and (rules.function is null or rules.function = described.function)
    and {{ in_force('rules', on='described.cost_date') }}
group by all
