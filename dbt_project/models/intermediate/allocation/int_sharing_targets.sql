with

stated_targets as (

    select
        rule_id, initiative_id, department_id, pool_id, weight,
        {{ effective_bounds() }}
    from {{ ref('stg_registry__ownership_targets') }}

),

initiatives as (

    select
        initiative_id,
        max_by(department_id, effective_from) as department_id,
        max_by(product_id, effective_from) as product_id,
        max_by(customer_id, effective_from) as customer_id
    from {{ ref('int_initiatives_effective') }}
    group by initiative_id

),

pools_without_share as (

    select rule_id, effective_from, effective_to
    from {{ ref('int_sharing_rules_combined') }}
    where rule_id in (select 'pool:' || pool_id from {{ ref('stg_registry__pools') }} where share_method is null)

),

targets as (

    select * from stated_targets
    union all
    select
        pools_without_share.rule_id,
        initiatives.initiative_id,
        cast(null as varchar) as department_id,
        cast(null as varchar) as pool_id,
        cast(null as decimal(38, 9)) as weight,
        pools_without_share.effective_from,
        pools_without_share.effective_to
    from pools_without_share
    cross join initiatives

)

select
    targets.rule_id,
    coalesce(targets.initiative_id, targets.department_id, 'pool:' || targets.pool_id) as target_key,
    targets.initiative_id,
    coalesce(targets.department_id, initiatives.department_id) as department_id,
    initiatives.product_id,
    initiatives.customer_id,
    targets.pool_id,
    targets.weight,
    targets.effective_from,
    targets.effective_to
from targets
left join initiatives on targets.initiative_id = initiatives.initiative_id
