with recursive

stated as (

    select * from {{ ref('int_sharing_weights_stated') }}

),

expanded as (

    select
        rule_id, shared_date, target_key, initiative_id, department_id, product_id, customer_id, pool_id,
        weight, share_ratio, false as is_stepped_down
    from stated
    where not {{ text_begins('rule_id', "'pool:'") }}
    union all
    select
        expanded.rule_id, expanded.shared_date, expanded.target_key || '>' || stated.target_key as target_key,
        stated.initiative_id, stated.department_id, stated.product_id, stated.customer_id, stated.pool_id,
        stated.weight, expanded.share_ratio * stated.share_ratio as share_ratio, true as is_stepped_down
    from expanded
    inner join stated
        on 'pool:' || expanded.pool_id = stated.rule_id and expanded.shared_date = stated.shared_date

),

final_targets as (

    select
        expanded.*,
        bool_or(is_stepped_down or pool_id is not null) over (partition by rule_id, expanded.shared_date) as feeds_pools
    from expanded
    left join (select distinct rule_id as pool_rule_id, shared_date from stated) as shareable_pools
        on 'pool:' || expanded.pool_id = shareable_pools.pool_rule_id
        and expanded.shared_date = shareable_pools.shared_date
    where expanded.pool_id is null or shareable_pools.pool_rule_id is null

)

select
    rule_id,
    shared_date,
    target_key,
    initiative_id,
    department_id,
    product_id,
    customer_id,
    case
        when pool_id is not null then 'unallocated'
        when is_stepped_down then 'step_down'
    end as method_override,
    case when feeds_pools then {{ as_whole('round(share_ratio * 1e15)') }} else weight end as weight,
    share_ratio
from final_targets
where share_ratio > 0
