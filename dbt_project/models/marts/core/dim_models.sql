with

usage as (

    select distinct model_id, provider from {{ ref('int_usage_owned') }}
    where model_id is not null

),

model_tiers as (

    select * from {{ ref('int_model_tiers_matched') }}

)

select
    usage.model_id,
    usage.provider,
    model_tiers.tier,
    model_tiers.tier_rank
from usage
left join model_tiers on usage.model_id = model_tiers.model_id
