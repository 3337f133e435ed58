{{ config(materialized='view') }}

with

usage as (

    select * from {{ ref('int_usage_owned') }}
    where is_counted

),

weights as (

    select * from {{ ref('int_sharing_weights_by_day') }}

)

select
    usage_key_id, usage_date, billing_date, provider, model_id, actor_id, token_class, unit, price_variant,
    context_tier_start, initiative_id, department_id,
    cast(1 as decimal(10, 9)) as share,
    cast(quantity as decimal(38, 9)) as quantity,
    list_cost
from usage
where share_method is null
union all
select
    usage.usage_key_id, usage.usage_date, usage.billing_date, usage.provider, usage.model_id, usage.actor_id,
    usage.token_class, usage.unit, usage.price_variant, usage.context_tier_start, weights.initiative_id,
    weights.department_id,
    cast(coalesce(weights.share_ratio, 1) as decimal(10, 9)) as share,
    cast(
        cast(usage.quantity as decimal(19, 0)) * cast(coalesce(weights.share_ratio, 1) as decimal(10, 9))
        as decimal(38, 9)
    ) as quantity,
    {{ fine_money('usage.list_cost * cast(coalesce(weights.share_ratio, 1) as decimal(10, 9))') }} as list_cost
from usage
left join weights on usage.rule_id = weights.rule_id and usage.usage_date = weights.shared_date
where usage.share_method is not null
