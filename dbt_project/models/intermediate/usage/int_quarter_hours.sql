with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

loads as (

    select * from {{ ref('stg_run__loads') }}

),

bounds as (

    select
        date_trunc('day', coalesce(min(least(first_event_at, window_start)), {{ moment_of(
            "'UTC'", 'cast(max(as_of_date) as timestamp)'
        ) }}))
        - interval 2 day as first_at,
        date_trunc('day', greatest(
            coalesce(max(greatest(last_event_at, window_end)), {{ moment_of(
                "'UTC'", 'cast(max(as_of_date) as timestamp)'
            ) }}),
            {{ moment_of("'UTC'", 'cast(max(as_of_date) as timestamp)') }}
        )) + interval 3 day as end_at
    from run_parameters
    left join loads on loads.source in (
        'openai', 'anthropic', 'openrouter', 'merge_gateway', 'litellm', 'focus_files'
    )

),

quarters as (

    select {{ quarters_from('first_at', 'end_at') }} as quarter_at
    from bounds

),

cap_zones as (

    select distinct caps.time_zone
    from {{ ref('stg_registry__caps') }} as caps
    cross join run_parameters
    where caps.time_zone <> run_parameters.reporting_time_zone

),

cap_day_starts as (

    select distinct quarters.quarter_at
    from quarters
    cross join cap_zones
    where
        cast({{ local_time('cap_zones.time_zone', 'quarters.quarter_at') }} as date)
        <> cast({{ local_time('cap_zones.time_zone', 'quarters.quarter_at - interval 15 minute') }} as date)

),

hours as (

    select
        quarters.quarter_at,
        {{ begin_of('hour', utc_time('quarters.quarter_at')) }} as usage_start_at,
        {{ utc_time('cap_day_starts.quarter_at') }} as cap_day_start_at
    from quarters
    left join cap_day_starts on quarters.quarter_at = cap_day_starts.quarter_at

)

select
    {{ quarter_hour('hours.quarter_at') }} as quarter_hour,
    hours.usage_start_at,
    coalesce(
        max(hours.cap_day_start_at) over (partition by hours.usage_start_at order by hours.quarter_at),
        hours.usage_start_at
    ) as part_start_at,
    cast({{ utc_time('hours.quarter_at') }} as date) as billing_date,
    cast({{ local_time('run_parameters.reporting_time_zone', 'hours.quarter_at') }} as date) as usage_date
from hours
cross join run_parameters
