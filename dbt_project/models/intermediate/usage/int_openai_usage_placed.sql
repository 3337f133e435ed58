{{ config(materialized='view') }}

with

usage as (

    select * from {{ ref('stg_openai__usage_completions') }}

),

quarter_hours as (

    select * from {{ ref('int_quarter_hours') }}

),

organization as (

    select max(account_id) as account_id from {{ ref('stg_openai__costs') }}

)

select
    usage.usage_start_at,
    quarter_hours.usage_date,
    quarter_hours.billing_date,
    'openai' as source,
    'openai' as provider,
    cast(null as string) as gateway_provider,
    organization.account_id,
    usage.project_id,
    usage.api_key_id,
    usage.user_id as actor_id,
    cast(null as string) as team_id,
    usage.model_id,
    cast(null as string) as request_tags,
    usage.service_tier,
    usage.price_variant,
    true as is_aggregated,
    case when usage.requests > 0 then {{ quotient(
        'usage.input_tokens', 'usage.requests'
    ) }} else 0 end as mean_prompt_tokens,
    usage.input_uncached_tokens - usage.input_audio_tokens - usage.input_image_tokens as input_uncached,
    usage.input_cached_tokens - usage.input_cached_audio_tokens - usage.input_cached_image_tokens as cache_read,
    usage.input_cache_write_tokens as cache_write_other,
    usage.input_audio_tokens as audio_input,
    usage.input_cached_audio_tokens as audio_cache_read,
    usage.input_image_tokens as image_input,
    usage.input_cached_image_tokens as image_cache_read,
    usage.output_tokens - usage.output_audio_tokens - usage.output_image_tokens as output,
    usage.output_audio_tokens as audio_output,
    usage.output_image_tokens as image_output,
    usage.requests as request
from usage
inner join quarter_hours
    on {{ quarter_hour('usage.usage_start_at') }} = quarter_hours.quarter_hour
cross join organization
