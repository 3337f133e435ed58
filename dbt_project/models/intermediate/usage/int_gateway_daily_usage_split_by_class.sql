{# One row per UTC day, key, team, model and token class of the gateway's daily totals, for the days without a request in its log: never both. #}
with

logged_days as (

    select distinct billing_date from {{ ref('int_gateway_usage_summed_by_hour') }}

),

activity as (

    select
        billing_date, provider, api_key_id, team_id, model_id,
        cast(sum(requests) as bigint) as requests,
        cast(sum(prompt_tokens) as bigint) as prompt_tokens,
        cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
        cast(sum(cache_write_tokens) as bigint) as cache_write_tokens,
        cast(sum(completion_tokens) as bigint) as completion_tokens
    from {{ ref('stg_litellm__daily_activity') }}
    anti join logged_days using (billing_date)
    group by all

),

daily as (

    select
        activity.*,
        cast(billing_date as timestamp) as usage_start_at,
        billing_date as usage_date,
        'litellm' as source,
        cast(null as varchar) as account_id,
        cast(null as varchar) as project_id,
        cast(null as varchar) as actor_id,
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
    ('input_uncached', 'prompt_tokens - cache_read_tokens - cache_write_tokens', 'tokens'),
    ('cache_read', 'cache_read_tokens', 'tokens'),
    ('cache_write_other', 'cache_write_tokens', 'tokens'),
    ('output', 'completion_tokens', 'tokens'),
    ('request', 'requests', 'requests'),
]) }}
