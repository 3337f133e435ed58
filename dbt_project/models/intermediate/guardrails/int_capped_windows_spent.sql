with

windows as (

    select * from {{ ref('int_capped_windows_by_day') }}

),

usage as (

    select * from {{ ref('int_capped_usage_by_day') }}

),

evidence as (

    select * from {{ ref('int_cap_evidence_by_day') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

-- a cap that begins within its window finds what was spent in it before
days_before as (

    select
        firsts.adapter, firsts.entity, firsts.cap_id, firsts.cap_window, firsts.window_start_date, firsts.time_zone,
        sum(usage.cost) as cost,
        sum(usage.requests) as requests,
        bool_or(usage.is_partly_unpriced) as is_partly_unpriced,
        bool_and(usage.is_logged) as is_logged
    from (
        select adapter, entity, cap_id, cap_window, window_start_date, time_zone, min(cap_date) as first_date
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
        and windows.cap_id is not distinct from days_before.cap_id
        and windows.cap_window = days_before.cap_window
        and windows.window_start_date = days_before.window_start_date
        and windows.time_zone = days_before.time_zone
    window
        window_so_far as (
            partition by
                windows.adapter, windows.entity, windows.cap_id, windows.cap_window, windows.window_start_date,
                windows.time_zone
            order by windows.cap_date
        )

),

reported_days as (

    select
        running.*,
        {{ moment_of('running.time_zone', 'cast(running.cap_date + 1 as timestamp)') }} as day_ends_at,
        cast({{ local_time('run_parameters.reporting_time_zone', 'running.window_starts_at') }} as date)
            as first_reported_date,
        least(
            run_parameters.as_of_date,
            cast({{ local_time(
                'run_parameters.reporting_time_zone',
                moment_of('running.time_zone', 'cast(running.cap_date + 1 as timestamp)') ~ ' - interval 1 second'
            ) }} as date)
        ) as last_reported_date
    from running
    cross join run_parameters

)

select
    {{ all_but(['day_ends_at', 'first_reported_date', 'last_reported_date'], 'reported_days') }},
    min(case when reported_days.cost > reported_days.cap_line then reported_days.cap_date end) over (
        partition by
            reported_days.adapter, reported_days.entity, reported_days.cap_id, reported_days.cap_window,
            reported_days.window_start_date, reported_days.time_zone
        order by reported_days.cap_date
    ) as crossed_on,
    reported_days.first_reported_date <= reported_days.last_reported_date
    and coalesce(evidence.last_untold_date < reported_days.first_reported_date, true) as is_told,
    coalesce(evidence.last_date_by_day < reported_days.first_reported_date, true)
    or (
        reported_days.window_starts_at
        = {{ moment_of('run_parameters.reporting_time_zone', 'cast(reported_days.window_start_date as timestamp)') }}
        and reported_days.day_ends_at
        = {{ moment_of('run_parameters.reporting_time_zone', 'cast(reported_days.cap_date + 1 as timestamp)') }}
    )
    or (
        reported_days.adapter not in ('openai', 'anthropic')
        and reported_days.window_starts_at
        = {{ moment_of("'UTC'", 'cast(reported_days.window_start_date as timestamp)') }}
        and reported_days.day_ends_at = {{ moment_of("'UTC'", 'cast(reported_days.cap_date + 1 as timestamp)') }}
    ) as is_placed
from reported_days
cross join run_parameters
inner join evidence
    on reported_days.adapter = evidence.adapter and reported_days.last_reported_date = evidence.source_date
