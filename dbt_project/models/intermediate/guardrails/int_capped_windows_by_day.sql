with

configured as (

    select
        adapter,
        entity,
        cap_id,
        subject,
        subject_id,
        {{ adapter.quote('window') }} as cap_window,
        cap_date,
        window_start_date,
        cap_configured,
        mode,
        time_zone
    from {{ ref('int_caps_configured_by_day') }}

),

readings as (

    select * from {{ ref('int_guardrail_settings_normalised') }}

),

caps_in_force as (

    select
        in_force_by_day.*,
        -- a block refuses from its moment on: on the day it was written, and before, requests were not refused by it
        in_force_by_day.is_blocked and coalesce(readings.updated_on >= in_force_by_day.cap_date, false)
            as is_blocked_since
    from {{ ref('int_caps_in_force_by_day') }} as in_force_by_day
    inner join readings
        on in_force_by_day.entity = readings.entity and in_force_by_day.reading_date = readings.as_of_date
    where in_force_by_day.preference = 1

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

-- every window that the gateway itself keeps, the single budget and those of a list
limits as (

    select entity, as_of_date, budget_currency, budget, duration_seconds
    from readings
    where budget is not null
    union all
    select
        entity,
        as_of_date,
        budget_currency,
        try_cast({{ json_text('one', 'max_budget') }} as decimal(38, 9)),
        {{ duration_seconds(json_text('one', 'budget_duration')) }}
    from (
        select entity, as_of_date, budget_currency, {{ json_elements('budget_limits') }} as one
        from readings
        where budget_limits is not null
    ) as listed

),

limits_by_day as (

    select
        caps_in_force.entity,
        caps_in_force.cap_date,
        limits.duration_seconds,
        {{ reporting_amount('limits.budget', 'limits.budget_currency') }} as amount,
        case
            when limits.duration_seconds = 86400 then 'daily'
            when limits.duration_seconds = 604800 then 'weekly'
            when limits.duration_seconds between 2419200 and 2678400 then 'monthly'
        end as cap_window
    from caps_in_force
    inner join limits
        on caps_in_force.entity = limits.entity and caps_in_force.reading_date = limits.as_of_date
    cross join run_parameters
    left join exchange_rates
        on limits.budget_currency = exchange_rates.currency and caps_in_force.cap_date = exchange_rates.rate_date

),

of_the_gateway_alone as (

    select
        'litellm' as adapter,
        limits_by_day.entity,
        cast(null as string) as cap_id,
        split_part(limits_by_day.entity, ':', 1) as subject,
        split_part(limits_by_day.entity, ':', 2) as subject_id,
        limits_by_day.cap_window,
        limits_by_day.cap_date,
        {{ window_start('limits_by_day.cap_window', 'limits_by_day.cap_date') }} as window_start_date,
        cast(null as decimal(38, 9)) as cap_configured,
        cast(null as string) as mode,
        'UTC' as time_zone
    from limits_by_day
    anti join configured
        on limits_by_day.entity = configured.entity
        and limits_by_day.cap_window = configured.cap_window
        and limits_by_day.cap_date = configured.cap_date
        and configured.adapter = 'litellm'
    where limits_by_day.cap_window is not null
    group by all

),

windows as (

    select * from configured
    union all
    select * from of_the_gateway_alone

),

dated as (

    select
        *,
        {{ next_window_start('cap_window', 'window_start_date') }} as next_window_start_date,
        cast({{ next_window_start('cap_window', 'window_start_date') }} - window_start_date as bigint) as window_days
    from windows

),

keys_used as (

    select distinct
        usage_date,
        {{ each_of(["'developer:' || actor_id", "'initiative:' || initiative_id"]) }} as entity,
        'key:' || api_key_id as holder
    from {{ ref('int_usage_owned') }}
    where source = 'litellm' and api_key_id is not null

),

-- where the limits stand: on the key or team itself, for a developer or an initiative on the keys used in the window
holders as (

    select distinct adapter, entity, cap_window, cap_date, window_start_date, window_days, entity as holder
    from dated
    where adapter = 'litellm' and split_part(entity, ':', 1) in ('key', 'team')
    union all
    select distinct
        dated.adapter, dated.entity, dated.cap_window, dated.cap_date, dated.window_start_date, dated.window_days,
        keys_used.holder
    from dated
    inner join keys_used
        on dated.entity = keys_used.entity
        and keys_used.usage_date >= dated.window_start_date
        and keys_used.usage_date <= dated.cap_date
    where dated.adapter = 'litellm'

),

-- the most that the gateway's limits let through in a window: a shorter limit as often as it fits, a longer one at once
let_through as (

    select
        holders.adapter,
        holders.entity,
        holders.cap_window,
        holders.cap_date,
        holders.window_start_date,
        holders.window_days,
        holders.holder,
        min(case
            when limits_by_day.cap_window = holders.cap_window then limits_by_day.amount
            when limits_by_day.duration_seconds < holders.window_days * 86400 then {{ round_half_even(cost_per(
                'limits_by_day.amount * cast(holders.window_days * 86400 as decimal(9, 0))',
                'limits_by_day.duration_seconds'
            )) }}
            else limits_by_day.amount
        end) as amount,
        coalesce(bool_or(limits_by_day.amount is null and limits_by_day.entity is not null), false) as has_gap
    from holders
    left join limits_by_day
        on holders.holder = limits_by_day.entity and holders.cap_date = limits_by_day.cap_date
    group by all

),

held as (

    select
        {{ all_but(['amount'], 'let_through') }},
        caps_in_force.entity is not null
        and caps_in_force.cap_gap is null
        and not caps_in_force.is_blocked_since
        and not let_through.has_gap as is_read_back,
        case
            when caps_in_force.is_blocked_since then null
            when caps_in_force.is_blocked then cast(0 as decimal(38, 9))
            when caps_in_force.cap_gap is null and not let_through.has_gap
                then least(
                    let_through.amount,
                    case
                        when caps_in_force.daily_cap
                            < coalesce(caps_in_force.daily_budget, caps_in_force.daily_cap + 1)
                            then {{ money('caps_in_force.daily_cap * let_through.window_days') }}
                    end
                )
        end as amount
    from let_through
    left join caps_in_force
        on let_through.holder = caps_in_force.entity and let_through.cap_date = caps_in_force.cap_date

),

in_force as (

    select
        adapter,
        entity,
        cap_window,
        cap_date,
        window_start_date,
        bool_and(is_read_back) as is_read_back,
        case when bool_and(is_read_back) and count(amount) = count(*) then {{ money('sum(amount)') }} end as amount
    from held
    group by all

)

select
    {{ all_but(['window_days'], 'dated') }},
    {{ moment_of('dated.time_zone', 'cast(dated.window_start_date as timestamp)') }} as window_starts_at,
    {{ moment_of('dated.time_zone', 'cast(dated.next_window_start_date as timestamp)') }} as resets_at,
    coalesce(in_force.is_read_back, false) as is_read_back,
    in_force.amount as cap_in_force
from dated
left join in_force
    on dated.adapter = in_force.adapter
    and dated.entity = in_force.entity
    and dated.cap_window = in_force.cap_window
    and dated.cap_date = in_force.cap_date
    and dated.window_start_date = in_force.window_start_date
