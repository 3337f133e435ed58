{{ config(materialized='view') }}

with

logged_days as (

    select distinct billing_date from {{ ref('int_gateway_usage_summed_by_hour') }}

),

activity as (

    select
        billing_date, provider, gateway_provider, api_key_id, team_id, model_id,
        cast(sum(requests) as bigint) as requests,
        cast(sum(prompt_tokens) as bigint) as prompt_tokens,
        cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
        cast(sum(cache_write_tokens) as bigint) as cache_write_tokens,
        cast(sum(completion_tokens) as bigint) as completion_tokens
    from {{ ref('stg_litellm__daily_activity') }}
    anti join logged_days using (billing_date)
    group by all

)

select
    cast(billing_date as timestamp) as usage_start_at,
    billing_date as usage_date,
    billing_date,
    'litellm' as source,
    provider,
    gateway_provider,
    cast(null as string) as account_id,
    cast(null as string) as project_id,
    api_key_id,
    cast(null as string) as actor_id,
    team_id,
    model_id,
    cast(null as string) as request_tags,
    'standard' as service_tier,
    'standard' as price_variant,
    true as is_aggregated,
    case when requests > 0 then {{ quotient('prompt_tokens', 'requests') }} else 0 end as mean_prompt_tokens,
    prompt_tokens - cache_read_tokens - cache_write_tokens as input_uncached,
    cache_read_tokens as cache_read,
    cache_write_tokens as cache_write_other,
    completion_tokens as output,
    requests as request
from activity
