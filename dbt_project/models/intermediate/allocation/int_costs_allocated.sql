{% set shared_key = ['cost_date', 'source', 'provider', 'model_id', 'actor_id', 'cost_basis', 'rule_id'] -%}

with

owned as (

    select * from {{ ref('int_costs_owned') }}

),

weights as (

    select * from {{ ref('int_sharing_weights_by_day') }}

),

direct as (

    select
        cost_date, source, provider, model_id, actor_id, cost_basis, initiative_id, department_id, product_id,
        customer_id,
        'direct' as allocation_method, rule_id as allocation_rule_id, amount as allocated_cost, credit_amount
    from owned
    where rule_id is not null and share_method is null

),

shared as (

    select
        owned.cost_date, owned.source, owned.provider, owned.model_id, owned.actor_id, owned.cost_basis, owned.rule_id,
        owned.share_method, owned.amount, owned.credit_amount,
        weights.target_key, weights.initiative_id, weights.department_id,
        weights.product_id, weights.customer_id, weights.method_override, weights.weight
    from owned
    inner join weights
        on owned.rule_id = weights.rule_id and owned.cost_date = weights.shared_date
    where owned.share_method is not null

),

split as (

    select
        {{ all_but(['part_amount']) }},
        part_amount as allocated_cost
    from ({{ largest_remainder('shared', shared_key, 'target_key') }}) as parts

),

-- by the same weights: a day whose credits pay it whole costs nothing, and its credits are shared all the same
credits_split as (

    {{ largest_remainder('split', shared_key, 'target_key', amount='credit_amount') }}

),

unallocated as (

    select
        owned.cost_date, owned.source, owned.provider, owned.model_id, owned.actor_id, owned.cost_basis,
        cast(null as string) as initiative_id, cast(null as string) as department_id,
        cast(null as string) as product_id, cast(null as string) as customer_id,
        'unallocated' as allocation_method, owned.rule_id as allocation_rule_id, owned.amount as allocated_cost,
        owned.credit_amount
    from owned
    left join (select distinct rule_id, shared_date from weights) as shareable
        on owned.rule_id = shareable.rule_id and owned.cost_date = shareable.shared_date
    where owned.rule_id is null or (owned.share_method is not null and shareable.rule_id is null)

)

select * from direct
union all
select
    cost_date, source, provider, model_id, actor_id, cost_basis, initiative_id, department_id, product_id, customer_id,
    coalesce(method_override, share_method) as allocation_method, rule_id as allocation_rule_id, allocated_cost,
    cast(part_amount as decimal(38, 12)) as credit_amount
from credits_split
union all
select * from unallocated
