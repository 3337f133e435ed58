with

windows as (

    select * from {{ ref('int_capped_windows_by_day') }}

),

usage as (

    select * from {{ ref('int_capped_usage_by_day') }}

),

-- a cap that begins within its window finds what was spent in it before
days_before as (

    select
        firsts.adapter, firsts.entity, firsts.cap_window, firsts.window_start_date,
        sum(usage.cost) as cost,
        sum(usage.requests) as requests,
        bool_or(usage.is_partly_unpriced) as is_partly_unpriced,
        bool_and(usage.is_logged) as is_logged
    from (
        select adapter, entity, cap_window, window_start_date, time_zone, min(cap_date) as first_date
        from windows
        where cap_window <> 'daily'
        group by all
    ) as firsts
    inner join usage
        on firsts.adapter = usage.adapter
        and firsts.entity = usage.entity
        and firsts.time_zone = usage.time_zone
        and usage.cap_date >= firsts.window_start_date
        and usage.cap_date < firsts.first_date
    group by all

),

running as (

    select
        windows.*,
        least(windows.cap_configured, windows.cap_in_force) as cap_line,
        {{ fine_money('coalesce(usage.cost, 0)') }} as day_cost,
        coalesce(usage.requests, 0) as day_requests,
        coalesce(usage.refused_requests, 0) as day_refused_requests,
        {{ fine_money('coalesce(days_before.cost, 0) + sum(coalesce(usage.cost, 0)) over window_so_far') }} as cost,
        cast(coalesce(days_before.requests, 0) + sum(coalesce(usage.requests, 0)) over window_so_far as bigint)
            as requests,
        cast(sum(usage.gateway_cost) over window_so_far as decimal(38, 9)) as gateway_cost,
        max(usage.last_request_hour) over window_so_far as last_request_hour,
        coalesce(days_before.is_partly_unpriced, false)
        or coalesce(bool_or(usage.is_partly_unpriced) over window_so_far, false) as is_partly_unpriced,
        coalesce(days_before.is_logged, true) and coalesce(bool_and(usage.is_logged) over window_so_far, true)
            as is_logged
    from windows
    left join usage
        on windows.adapter = usage.adapter
        and windows.entity = usage.entity
        and windows.time_zone = usage.time_zone
        and windows.cap_date = usage.cap_date
    left join days_before
        on windows.adapter = days_before.adapter
        and windows.entity = days_before.entity
        and windows.cap_window = days_before.cap_window
        and windows.window_start_date = days_before.window_start_date
    window
        window_so_far as (
            partition by windows.adapter, windows.entity, windows.cap_window, windows.window_start_date
            order by windows.cap_date
        )

)

select
    *,
    min(case when cost > cap_line then cap_date end) over (
        partition by adapter, entity, cap_window, window_start_date order by cap_date
    ) as crossed_on
from running
