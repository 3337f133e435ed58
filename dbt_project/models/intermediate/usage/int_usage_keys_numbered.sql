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

    select distinct provider, source from {{ ref('stg_registry__metering') }}

),

sources_seen as (

    select distinct
        provider,
        source
    from combinations

),

source_ranks as (

    select
        sources_seen.provider,
        sources_seen.source,
        row_number() over (
            partition by sources_seen.provider
            order by
                metering.source is not null desc,
                sources_seen.source = sources_seen.provider desc,
                sources_seen.source = 'focus_files' desc,
                sources_seen.source
        ) as source_rank
    from sources_seen
    left join metering
        on sources_seen.provider = metering.provider and sources_seen.source = metering.source

)

select
    combinations.*,
    {{ usage_key_text('combinations') }} as usage_key_text,
    {{ owner_key('combinations') }} as owner_key,
    {{ integer_key(['combinations.provider', 'combinations.model_id', 'combinations.price_variant']) }} as price_key,
    source_ranks.source_rank
from combinations
inner join source_ranks
    on combinations.provider = source_ranks.provider and combinations.source = source_ranks.source
