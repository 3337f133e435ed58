{# One row per gateway usage hour, its dimensions and token class; requests without token evidence stay apart as unmeasured. #}
{{ config(materialized='view') }}

with

hourly as (

    select
        *,
        'litellm' as source,
        cast(null as varchar) as project_id,
        'standard' as service_tier,
        'standard' as price_variant,
        false as is_aggregated,
        cast(null as decimal(18, 6)) as stated_unit_price
    from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate

)

{{ token_class_rows('hourly', usage_columns(), [
    ('input_uncached', 'input_uncached_tokens', 'tokens'),
    ('cache_read', 'cache_read_tokens', 'tokens'),
    ('cache_write_other', 'cache_write_tokens', 'tokens'),
    ('output', 'output_tokens', 'tokens'),
    ('request', 'requests', 'requests'),
]) }}
