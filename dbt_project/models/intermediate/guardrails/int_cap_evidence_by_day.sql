with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

windows as (

    select * from {{ ref('int_capped_windows_by_day') }}

),

judged as (

    select
        source,
        source_date,
        bool_and(is_complete) as is_complete,
        bool_or(is_missing) as is_missing
    from {{ ref('int_source_days_judged') }}
    group by source, source_date

),

usage as (

    select distinct
        source,
        usage_date,
        source <> 'litellm' or is_aggregated as is_by_day
    from {{ ref('int_usage_owned') }}

),

seen as (

    select distinct 'litellm' as source, usage_date as source_date
    from {{ ref('int_gateway_usage_summed_by_hour') }}
    union
    select source, usage_date
    from usage

),

bounds as (

    select
        adapter,
        case when adapter in {{ adapters_of_the_log() }} then 'litellm' else adapter end as source,
        min(window_start_date) - 2 as first_date
    from windows
    group by adapter

),

days as (

    select
        bounds.adapter,
        bounds.source,
        {{ dates_from('bounds.first_date', 'run_parameters.as_of_date') }} as source_date
    from bounds
    cross join run_parameters

)

select
    days.adapter,
    days.source_date,
    max(
        case
            when (seen.source is null and not coalesce(judged.is_complete, false)) or coalesce(judged.is_missing, false)
                then days.source_date
        end
    ) over (partition by days.adapter order by days.source_date) as last_untold_date,
    max(case when by_day.source is not null then days.source_date end) over (
        partition by days.adapter order by days.source_date
    ) as last_date_by_day
from days
left join judged on days.source = judged.source and days.source_date = judged.source_date
left join seen on days.source = seen.source and days.source_date = seen.source_date
left join usage as by_day
    on days.source = by_day.source and days.source_date = by_day.usage_date and by_day.is_by_day
