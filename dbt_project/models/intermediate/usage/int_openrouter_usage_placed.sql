{{ config(materialized='view') }}

with

activity as (

    select
        cost_date, project_id, api_key_id, model_id,
        cast(sum(requests) as bigint) as requests,
        cast(sum(prompt_tokens) as bigint) as prompt_tokens,
        cast(sum(cached_tokens) as bigint) as cached_tokens,
        cast(sum(completion_tokens) as bigint) as completion_tokens
    from {{ ref('stg_openrouter__activity') }}
    group by all

)

select
    cast(cost_date as timestamp) as usage_start_at,
    cost_date as usage_date,
    cost_date as billing_date,
    'openrouter' as source,
    'openrouter' as provider,
    cast(null as string) as gateway_provider,
    cast(null as string) as account_id,
    project_id,
    api_key_id,
    cast(null as string) as actor_id,
    cast(null as string) as team_id,
    model_id,
    cast(null as string) as request_tags,
    'standard' as service_tier,
    'standard' as price_variant,
    true as is_aggregated,
    case when requests > 0 then {{ quotient('prompt_tokens', 'requests') }} else 0 end as mean_prompt_tokens,
    prompt_tokens - cached_tokens as input_uncached,
    cached_tokens as cache_read,
    completion_tokens as output,
    requests as request
from activity
