with

models as (

    select distinct model_id from {{ ref('int_usage_owned') }}
    where model_id is not null

),

patterns as (

    select * from {{ ref('stg_registry__model_tier_patterns') }}

),

tiers as (

    select model_tiers.*
    from {{ ref('stg_registry__model_tiers') }} as model_tiers
    cross join {{ ref('stg_run__parameters') }} as run_parameters
    where {{ in_force('model_tiers', on='run_parameters.as_of_date') }}

),

matched as (

    select
        models.model_id,
        min_by(patterns.tier, patterns.position) as tier
    from models
    left join patterns on {{ names_model('models.model_id', 'patterns.model_pattern') }}
    group by models.model_id

)

select
    matched.model_id,
    matched.tier,
    tiers.tier_rank,
    tiers.reference_model
from matched
left join tiers on matched.tier = tiers.tier
