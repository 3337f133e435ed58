{# One row per UTC day, project, vendor, model and token class at Merge Gateway. It publishes no schema: input tokens are read as holding the cached ones,
   as at the gateways that do; what it does not say makes no row. Visible beside the vendor's own usage, counted by the metering rules. #}
with

usage as (

    select
        billing_date, project_id, api_key_id, provider, model_id,
        cast(sum(requests) as bigint) as requests,
        cast(sum(input_tokens) as bigint) as input_tokens,
        cast(coalesce(sum(least(cached_tokens, input_tokens)), 0) as bigint) as cached_tokens,
        cast(sum(output_tokens) as bigint) as output_tokens
    from {{ ref('stg_merge_gateway__usage') }}
    group by all

),

daily as (

    select
        usage.*,
        cast(billing_date as timestamp) as usage_start_at,
        billing_date as usage_date,
        'merge_gateway' as source,
        cast(null as varchar) as account_id,
        cast(null as varchar) as actor_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as request_tags,
        'standard' as service_tier,
        'standard' as price_variant,
        case when requests > 0 then coalesce(input_tokens, 0) // requests else 0 end as context_tier_start,
        true as is_measured,
        true as is_aggregated,
        cast(null as decimal(18, 6)) as stated_unit_price
    from usage

)

{{ token_class_rows('daily', usage_columns(), [
    ('input_uncached', 'input_tokens - cached_tokens', 'tokens'),
    ('cache_read', 'cached_tokens', 'tokens'),
    ('output', 'output_tokens', 'tokens'),
    ('request', 'requests', 'requests'),
]) }}
