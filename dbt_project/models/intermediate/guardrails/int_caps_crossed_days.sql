with

spent as (

    select * from {{ ref('int_capped_windows_spent') }}
    where crossed_on is not null and adapter in {{ adapters_of_the_log() }}

),

refused as (

    select
        adapter, entity, cap_id, cap_window, window_start_date, time_zone,
        min(cap_date) as looked_at
    from spent
    where cap_date > crossed_on and day_refused_requests > 0
    group by all

),

looked_at as (

    select distinct adapter, entity, time_zone, crossed_on as cap_date
    from spent
    where cap_date = crossed_on and is_logged
    union
    select adapter, entity, time_zone, looked_at
    from refused

)

select
    adapter,
    entity,
    time_zone,
    cap_date,
    {{ dates_from(
        'cast(' ~ utc_time(moment_of('time_zone', 'cast(cap_date as timestamp)')) ~ ' as date)',
        'cast(' ~ utc_time(moment_of('time_zone', 'cast(cap_date + 1 as timestamp)') ~ ' - interval 1 second')
        ~ ' as date)'
    ) }} as billing_date
from looked_at
