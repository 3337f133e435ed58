with

combinations as (

    select distinct
        usage_key_id,
        {{ usage_key_columns() | join(',\n        ') }}
    from {{ ref('int_reported_usage_summed_by_day') }}
    union all
    select distinct
        usage_key_id,
        {{ usage_key_columns() | join(',\n        ') }}
    from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate and request > 0

),

metering as (

    select * from {{ ref('stg_registry__metering') }}

),

sources_seen as (

    select distinct
        provider,
        source
    from combinations

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
    combinations.*,
    {{ owner_key('combinations') }} as owner_key,
    {{ integer_key(['combinations.provider', 'combinations.model_id', 'combinations.price_variant']) }} as price_key,
    coalesce(combinations.source = metering_source.source, false) as is_counted
from combinations
left join metering_source on combinations.provider is not distinct from metering_source.provider
