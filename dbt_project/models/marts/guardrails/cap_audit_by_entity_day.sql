with

spent as (

    select * from {{ ref('int_capped_windows_spent') }}

),

crossings as (

    select * from {{ ref('int_caps_crossed') }}

),

uncapped as (

    select * from {{ ref('int_uncapped_costs_by_owner') }}

),

rolled_up_days as (

    select cast(partition as date) as billing_date
    from {{ ref('stg_run__loads') }}
    where source = 'litellm' and stream = 'rolled_up_usage' and rows > 0

),

owned as (

    select distinct adapter, entity, subject, subject_id from uncapped

),

audited as (

    select
        spent.*,
        crossings.crossed_at,
        case when crossings.refused_on <= spent.cap_date then crossings.refused_at end as refused_at,
        case
            when crossings.refused_on <= spent.cap_date then crossings.is_passed_before_refusal
            else spent.requests > crossings.requests_at_crossing
        end as is_late,
        greatest(crossings.last_passed_at, spent.last_request_hour, crossings.crossed_at) as last_passed_at,
        {{ fine_money('greatest(spent.cost - crossings.cost_at_crossing, 0)') }} as passed_cost,
        spent.requests - crossings.requests_at_crossing as passed_requests,
        {{ fine_money('greatest(spent.cost - coalesce(spent.cap_configured, spent.cap_in_force), 0)') }} as overshoot,
        case when owned.entity is not null then coalesce(uncapped.uncapped_cost, cast(0 as decimal(38, 12))) end
            as uncapped_cost
    from spent
    left join crossings
        on spent.adapter = crossings.adapter
        and spent.entity = crossings.entity
        and spent.cap_id is not distinct from crossings.cap_id
        and spent.cap_window = crossings.cap_window
        and spent.window_start_date = crossings.window_start_date
        and spent.time_zone = crossings.time_zone
        and spent.cap_date >= spent.crossed_on
    left join owned
        on spent.adapter = owned.adapter
        and spent.entity = owned.entity
        and spent.subject = owned.subject
        and spent.subject_id = owned.subject_id
    left join uncapped
        on spent.adapter = uncapped.adapter
        and spent.entity = uncapped.entity
        and spent.subject = uncapped.subject
        and spent.subject_id = uncapped.subject_id
        and spent.cap_date = uncapped.usage_date

),

judged as (

    select
        adapter,
        entity,
        cap_window as {{ adapter.quote('window') }},
        cap_date,
        window_start_date,
        resets_at,
        time_zone,
        cap_id,
        subject,
        subject_id,
        mode,
        cap_configured,
        cap_in_force,
        is_read_back,
        cost,
        case when cap_configured > 0 then cast(cost as double) / cast(cap_configured as double) end as cap_used_ratio,
        day_cost,
        gateway_cost,
        overshoot,
        crossed_at,
        refused_at,
        cast(case
            when crossed_at is null then null
            when not is_late then 0
            else {{ seconds_between('crossed_at', 'coalesce(refused_at, last_passed_at)') }} / 60.0
        end as double) as minutes_late,
        case when crossed_at is not null then passed_cost when crossed_on is null and is_logged then 0 end
            as cost_after_crossing,
        case when crossed_at is not null then passed_requests when crossed_on is null and is_logged then 0 end
            as requests_after_crossing,
        uncapped_cost,
        case
            when cap_configured is not null and is_read_back and coalesce(cap_in_force > cap_configured, true)
                then 'not_in_force'
            when not is_placed then 'unknown'
            when crossed_on is not null and passed_requests > 0 then 'overshot'
            when crossed_on is not null and crossed_at is null and is_logged and exists (
                select 1 from rolled_up_days
                where rolled_up_days.billing_date between audited.crossed_on - 1 and audited.crossed_on + 1
            ) then 'requests_not_here'
            when crossed_on is not null and crossed_at is null then 'overshot'
            when crossed_on is not null and is_told and (is_read_back or refused_at is not null) then 'held'
            when crossed_on is not null or cap_line is null or is_partly_unpriced or not is_told then 'unknown'
            else 'not_crossed'
        end as status,
        {{ reporting_currency() }} as reporting_currency,
        crossed_on
    from audited

)

-- of several caps of an entity and window: one that was crossed, else one that is not known, and hard before alert
select {{ all_but(['crossed_on'], 'judged') }}
from judged
qualify row_number() over (
    partition by adapter, entity, {{ adapter.quote('window') }}, cap_date
    order by
        case when crossed_on is not null then 0 when status = 'unknown' then 1 else 2 end,
        case when mode = 'hard' then 0 else 1 end,
        cap_configured nulls last, cap_id nulls last, subject_id nulls last
) = 1
