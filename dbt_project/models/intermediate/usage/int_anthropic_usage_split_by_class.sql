{# One row per Anthropic usage hour, its dimensions and token class. The classes are disjoint on the wire already; cache writes keep their lifetime. #}
with

usage as (

    select * from {{ ref('stg_anthropic__usage') }}

),

quarter_hours as (

    select * from {{ ref('int_quarter_hours') }}

),

hourly as (

    select
        usage.*,
        quarter_hours.usage_date,
        quarter_hours.billing_date,
        'anthropic' as source,
        'anthropic' as provider,
        cast(null as varchar) as actor_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as request_tags,
        case
            when usage.context_window = '200k-1M' then 200001
            when usage.requests > 0
                then (
                    usage.uncached_input_tokens + usage.cache_creation_5m_input_tokens
                    + usage.cache_creation_1h_input_tokens + usage.cache_read_input_tokens
                ) // usage.requests
            else 0
        end as context_tier_start,
        true as is_measured,
        true as is_aggregated,
        cast(null as decimal(18, 6)) as stated_unit_price
    from usage
    inner join quarter_hours
        on cast(floor(epoch(usage.usage_start_at)) as bigint) // 900 = quarter_hours.quarter_hour

)

{{ token_class_rows('hourly', usage_columns(), [
    ('input_uncached', 'uncached_input_tokens', 'tokens'),
    ('cache_read', 'cache_read_input_tokens', 'tokens'),
    ('cache_write_5m', 'cache_creation_5m_input_tokens', 'tokens'),
    ('cache_write_1h', 'cache_creation_1h_input_tokens', 'tokens'),
    ('output', 'output_tokens', 'tokens'),
    ('web_search', 'web_search_requests', 'searches'),
    ('request', 'requests', 'requests'),
]) }}
