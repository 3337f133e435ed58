{# One row per UTC day, workspace, key, model and token class at OpenRouter, over its endpoints. Prompt tokens hold the cached ones: taken apart here;
   reasoning is part of the output. #}
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

),

daily as (

    select
        activity.*,
        cast(cost_date as timestamp) as usage_start_at,
        cost_date as usage_date,
        cost_date as billing_date,
        'openrouter' as source,
        'openrouter' as provider,
        cast(null as varchar) as account_id,
        cast(null as varchar) as actor_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as request_tags,
        'standard' as service_tier,
        'standard' as price_variant,
        case when requests > 0 then prompt_tokens // requests else 0 end as context_tier_start,
        true as is_measured,
        true as is_aggregated,
        cast(null as decimal(18, 6)) as stated_unit_price
    from activity

)

{{ token_class_rows('daily', usage_columns(), [
    ('input_uncached', 'prompt_tokens - cached_tokens', 'tokens'),
    ('cache_read', 'cached_tokens', 'tokens'),
    ('output', 'completion_tokens', 'tokens'),
    ('request', 'requests', 'requests'),
]) }}
