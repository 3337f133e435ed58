with

spent as (

    select * from {{ ref('int_capped_windows_spent') }}

),

requests as (

    select * from {{ ref('int_requests_of_crossed_days') }}

),

crossed as (

    select *, {{ fine_money('cost - day_cost') }} as cost_before_the_day
    from spent
    where cap_date = crossed_on

),

added_up as (

    select
        crossed.adapter,
        crossed.entity,
        crossed.cap_id,
        crossed.cap_window,
        crossed.window_start_date,
        crossed.time_zone,
        crossed.cap_line,
        requests.started_at,
        requests.request_id,
        requests.is_success,
        requests.is_refused,
        {{ fine_money('crossed.cost_before_the_day + sum(requests.cost) over so_far') }} as cost,
        crossed.requests - crossed.day_requests
        + cast(count(*) filter (where requests.is_success) over so_far as bigint) as requests
    from crossed
    inner join requests
        on crossed.adapter = requests.adapter
        and crossed.entity = requests.entity
        and crossed.time_zone = requests.time_zone
        and crossed.cap_date = requests.cap_date
    window
        so_far as (
            partition by
                crossed.adapter, crossed.entity, crossed.cap_id, crossed.cap_window, crossed.window_start_date,
                crossed.time_zone
            order by requests.started_at, requests.request_id
            rows between unbounded preceding and current row
        )

),

crossings as (

    select
        adapter, entity, cap_id, cap_window, window_start_date, time_zone,
        min(started_at) as crossed_at,
        min_by(cost, (started_at, request_id)) as cost_at_crossing,
        min_by(requests, (started_at, request_id)) as requests_at_crossing
    from added_up
    where cost > cap_line and is_success
    group by all

),

refusals as (

    select
        crossings.adapter,
        crossings.entity,
        crossings.cap_id,
        crossings.cap_window,
        crossings.window_start_date,
        crossings.time_zone,
        min(requests.started_at) as refused_at,
        min_by(requests.cap_date, requests.started_at) as refused_on
    from crossings
    inner join crossed
        on crossings.adapter = crossed.adapter
        and crossings.entity = crossed.entity
        and crossings.cap_id is not distinct from crossed.cap_id
        and crossings.cap_window = crossed.cap_window
        and crossings.window_start_date = crossed.window_start_date
        and crossings.time_zone = crossed.time_zone
    inner join requests
        on crossings.adapter = requests.adapter
        and crossings.entity = requests.entity
        and crossed.time_zone = requests.time_zone
        and requests.started_at >= crossings.crossed_at
        and requests.started_at < crossed.resets_at
    where requests.is_refused
    group by all

)

select
    crossings.*,
    refusals.refused_at,
    refusals.refused_on,
    coalesce(bool_or(before_refusal.requests > crossings.requests_at_crossing), false) or coalesce(bool_or(
        requests.is_success and requests.started_at > crossings.crossed_at
        and requests.started_at < refusals.refused_at
    ), false) as is_passed_before_refusal,
    max(requests.started_at) filter (
        where requests.is_success and requests.started_at > crossings.crossed_at
        and requests.cap_date = crossed.cap_date
    ) as last_passed_at
from crossings
inner join crossed
    on crossings.adapter = crossed.adapter
    and crossings.entity = crossed.entity
    and crossings.cap_id is not distinct from crossed.cap_id
    and crossings.cap_window = crossed.cap_window
    and crossings.window_start_date = crossed.window_start_date
    and crossings.time_zone = crossed.time_zone
left join refusals
    on crossings.adapter = refusals.adapter
    and crossings.entity = refusals.entity
    and crossings.cap_id is not distinct from refusals.cap_id
    and crossings.cap_window = refusals.cap_window
    and crossings.window_start_date = refusals.window_start_date
    and crossings.time_zone = refusals.time_zone
left join spent as before_refusal
    on crossings.adapter = before_refusal.adapter
    and crossings.entity = before_refusal.entity
    and crossings.cap_id is not distinct from before_refusal.cap_id
    and crossings.cap_window = before_refusal.cap_window
    and crossings.window_start_date = before_refusal.window_start_date
    and crossings.time_zone = before_refusal.time_zone
    and refusals.refused_on > crossed.cap_date
    and before_refusal.cap_date = refusals.refused_on - 1
left join requests
    on crossings.adapter = requests.adapter
    and crossings.entity = requests.entity
    and crossed.time_zone = requests.time_zone
    and requests.started_at < crossed.resets_at
group by all
