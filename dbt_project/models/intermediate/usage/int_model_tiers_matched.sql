{# One row per model seen in usage with its tier: the first pattern of model_tiers.yaml that matches; tier null where none does. #}
with

models as (

    select distinct model_id from {{ ref('int_usage_unioned') }}
    where model_id is not null

),

patterns as (

    select * from {{ ref('stg_registry__model_tier_patterns') }}

),

tiers as (

    select * from {{ ref('stg_registry__model_tiers') }}

),

matched as (

    select
        models.model_id,
        min_by(patterns.tier, patterns.position) as tier
    from models
    left join patterns on regexp_full_match(models.model_id, patterns.model_pattern)
    group by models.model_id

)

select
    matched.model_id,
    matched.tier,
    tiers.tier_rank,
    tiers.reference_model
from matched
left join tiers on matched.tier = tiers.tier
