{# One row per OpenAI usage hour, its dimensions and token class. The input total holds cached, cache-write, audio and image tokens: taken apart here. #}
with

usage as (

    select * from {{ ref('stg_openai__usage_completions') }}

),

quarter_hours as (

    select * from {{ ref('int_quarter_hours') }}

),

organization as (

    select max(account_id) as account_id from {{ ref('stg_openai__costs') }}

),

hourly as (

    select
        usage.*,
        quarter_hours.usage_date,
        quarter_hours.billing_date,
        'openai' as source,
        'openai' as provider,
        organization.account_id,
        usage.user_id as actor_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as request_tags,
        case
            when usage.requests > 0 then usage.input_tokens // usage.requests
            else 0
        end as context_tier_start,
        true as is_measured,
        true as is_aggregated,
        cast(null as decimal(18, 6)) as stated_unit_price
    from usage
    inner join quarter_hours
        on cast(floor(epoch(usage.usage_start_at)) as bigint) // 900 = quarter_hours.quarter_hour
    cross join organization

)

{{ token_class_rows('hourly', usage_columns(), [
    ('input_uncached', 'input_uncached_tokens - input_audio_tokens - input_image_tokens', 'tokens'),
    ('cache_read', 'input_cached_tokens - input_cached_audio_tokens - input_cached_image_tokens', 'tokens'),
    ('cache_write_other', 'input_cache_write_tokens', 'tokens'),
    ('audio_input', 'input_audio_tokens', 'tokens'),
    ('audio_cache_read', 'input_cached_audio_tokens', 'tokens'),
    ('image_input', 'input_image_tokens', 'tokens'),
    ('image_cache_read', 'input_cached_image_tokens', 'tokens'),
    ('output', 'output_tokens - output_audio_tokens - output_image_tokens', 'tokens'),
    ('audio_output', 'output_audio_tokens', 'tokens'),
    ('image_output', 'output_image_tokens', 'tokens'),
    ('request', 'requests', 'requests'),
]) }}
