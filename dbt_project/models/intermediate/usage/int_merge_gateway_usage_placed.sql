{{ config(materialized='view') }}

with

usage as (

    select
        billing_date, project_id, api_key_id, provider, gateway_provider, model_id,
        cast(sum(requests) as bigint) as requests,
        cast(sum(input_tokens) as bigint) as input_tokens,
        cast(coalesce(sum(least(cached_tokens, input_tokens)), 0) as bigint) as cached_tokens,
        cast(sum(output_tokens) as bigint) as output_tokens
    from {{ ref('stg_merge_gateway__usage') }}
    group by all

)

select
    cast(billing_date as timestamp) as usage_start_at,
    billing_date as usage_date,
    billing_date,
    'merge_gateway' as source,
    provider,
    gateway_provider,
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
    case when requests > 0 then {{ quotient(
        'coalesce(input_tokens, 0)', 'requests'
    ) }} else 0 end as mean_prompt_tokens,
    input_tokens - cached_tokens as input_uncached,
    cached_tokens as cache_read,
    output_tokens as output,
    requests as request
from usage
