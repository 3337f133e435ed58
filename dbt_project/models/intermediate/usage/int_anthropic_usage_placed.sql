{{ config(materialized='view') }}

with

usage as (

    select * from {{ ref('stg_anthropic__usage') }}

),

quarter_hours as (

    select * from {{ ref('int_quarter_hours') }}

)

select
    usage.usage_start_at,
    quarter_hours.usage_date,
    quarter_hours.billing_date,
    'anthropic' as source,
    'anthropic' as provider,
    cast(null as string) as gateway_provider,
    usage.account_id,
    usage.project_id,
    usage.api_key_id,
    cast(null as string) as actor_id,
    cast(null as string) as team_id,
    usage.model_id,
    cast(null as string) as request_tags,
    usage.service_tier,
    usage.price_variant,
    true as is_aggregated,
    case
        when usage.context_window = '200k-1M' then 200001
        when usage.requests > 0
            then {{ quotient(
                'usage.uncached_input_tokens + usage.cache_creation_5m_input_tokens'
                ~ ' + usage.cache_creation_1h_input_tokens + usage.cache_read_input_tokens', 'usage.requests'
            ) }}
        else 0
    end as mean_prompt_tokens,
    usage.uncached_input_tokens as input_uncached,
    usage.cache_read_input_tokens as cache_read,
    usage.cache_creation_5m_input_tokens as cache_write_5m,
    usage.cache_creation_1h_input_tokens as cache_write_1h,
    usage.output_tokens as output,
    usage.web_search_requests as web_search,
    usage.requests as request
from usage
inner join quarter_hours
    on {{ quarter_hour('usage.usage_start_at') }} = quarter_hours.quarter_hour
