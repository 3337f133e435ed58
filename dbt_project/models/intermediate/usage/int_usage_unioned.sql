{# One row per usage hour (day where the source has only days), source, dimensions and token class up to the as-of day; is_counted marks the one source that counts. #}
with

usage as (

    select {{ (usage_columns() + ['token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_gateway_usage_split_by_class') }}
    union all
    select {{ (usage_columns() + ['token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_openai_usage_split_by_class') }}
    union all
    select {{ (usage_columns() + ['token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_anthropic_usage_split_by_class') }}
    union all
    select {{ (usage_columns() + ['token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_openai_other_usage_split_by_class') }}
    union all
    select {{ (usage_columns() + ['token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_openrouter_usage_split_by_class') }}
    union all
    select {{ (usage_columns() + ['token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_merge_gateway_usage_split_by_class') }}
    union all
    select {{ (usage_columns() + ['token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_gateway_daily_usage_split_by_class') }}
    union all
    select {{ (usage_columns() + ['token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_cloud_usage_split_by_class') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

metering as (

    select * from {{ ref('stg_registry__metering') }}

),

sources_seen as (

    select distinct
        provider,
        source
    from usage

),

metering_source as (

    select
        sources_seen.provider,
        coalesce(
            max(metering.source),
            max(sources_seen.source) filter (where sources_seen.source = sources_seen.provider),
            max(sources_seen.source) filter (where sources_seen.source = 'focus_files'),
            min(sources_seen.source)
        ) as source
    from sources_seen
    left join metering on sources_seen.provider = metering.provider
    group by sources_seen.provider

)

select
    usage.*,
    coalesce(usage.source = metering_source.source, false) as is_counted
from usage
cross join run_parameters
left join metering_source on usage.provider is not distinct from metering_source.provider
where usage.usage_date <= run_parameters.as_of_date
