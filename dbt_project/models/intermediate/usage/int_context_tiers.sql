with

starts as (

    select distinct
        provider,
        model_id,
        context_tier_start
    from {{ ref('stg_prices__price_book') }}
    where context_tier_start > 0

)

select
    provider,
    model_id,
    context_tier_start,
    coalesce(
        lead(context_tier_start) over (partition by provider, model_id order by context_tier_start),
        9223372036854775807
    ) as last_prompt_tokens
from starts
