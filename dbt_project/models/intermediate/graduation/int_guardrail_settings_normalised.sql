with

settings as (

    select * from {{ ref('stg_litellm__guardrail_settings') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

windows as (

    select
        entity,
        as_of_date,
        try_cast({{ json_text('one', 'max_budget') }} as decimal(38, 9)) as budget,
        {{ duration_seconds(json_text('one', 'budget_duration')) }} as duration_seconds
    from (
        select entity, as_of_date, {{ json_elements('budget_limits') }} as one
        from settings
        where budget_limits is not null
    ) as listed

),

tightest_windows as (

    select
        entity,
        as_of_date,
        min({{ round_half_even(cost_per('budget * cast(86400 as decimal(6, 0))', 'duration_seconds')) }})
            as daily_budget
    from windows
    where duration_seconds > 0
    group by entity, as_of_date

),

durations as (

    select
        settings.*,
        cast(settings.max_budget as decimal(38, 9)) as budget,
        {{ duration_words('settings.budget_duration') }} as duration,
        {{ local_time('run_parameters.reporting_time_zone', 'settings.settings_updated_at') }} as updated_at,
        lag(settings.as_of_date) over readings as previous_date,
        -- a reading stands, at the latest, for the end of its day
        lag(least(
            {{ local_time(
                'run_parameters.reporting_time_zone', 'settings.read_at'
            ) }}, cast(settings.as_of_date + 1 as timestamp)
        )) over readings as previous_stands_at,
        coalesce(settings.currency, run_parameters.reporting_currency) as budget_currency
    from settings
    cross join run_parameters
    where settings.as_of_date <= run_parameters.as_of_date
    window readings as (partition by settings.entity order by settings.as_of_date)

),

parsed as (

    select
        *,
        {{ parsed_seconds('duration') }} as duration_seconds,
        cast(updated_at as date) as updated_on,
        greatest(previous_date, cast(previous_stands_at
            + {{ policy_value('guardrail_max_age_hours', 'integer') }} * interval 1 hour as date) - 1)
            as previous_fresh_to
    from durations

),

placed as (

    select
        *,
        case
            when updated_on is null then as_of_date
            when previous_date is null then least(as_of_date, updated_on)
            when updated_at > previous_stands_at then least(as_of_date, greatest(updated_on, previous_date + 1))
            else least(as_of_date, previous_fresh_to + 1)
        end as speaks_from
    from parsed

),

normalised as (

    select
        entity,
        as_of_date,
        read_at,
        rpm_limit,
        tpm_limit,
        is_found,
        is_blocked,
        not is_blocked and (
            not is_found or (coalesce(budget, rpm_limit, tpm_limit) is null and budget_limits is null)
        ) as is_without_cap,
        budget is not null and budget_duration is not null and not coalesce(duration_seconds > 0, false)
            as has_unreadable_duration,
        budget_duration,
        budget_currency,
        budget,
        duration_seconds,
        budget_limits,
        updated_on,
        case
            when budget is not null and budget_duration is null then budget
            when budget is not null
                then {{ round_half_even(cost_per('budget * cast(86400 as decimal(6, 0))', 'duration_seconds')) }}
        end as own_daily_budget,
        speaks_from,
        lead(speaks_from) over (partition by entity order by as_of_date) - 1 as speaks_to
    from placed

)

select
    normalised.entity,
    normalised.as_of_date,
    normalised.read_at,
    normalised.rpm_limit,
    normalised.tpm_limit,
    normalised.is_found,
    normalised.is_blocked,
    normalised.is_without_cap,
    normalised.has_unreadable_duration,
    normalised.budget_duration,
    normalised.budget_currency,
    normalised.budget,
    normalised.duration_seconds,
    normalised.budget_limits,
    least(normalised.own_daily_budget, tightest_windows.daily_budget) as daily_budget,
    normalised.speaks_from,
    normalised.speaks_to,
    normalised.updated_on
from normalised
left join tightest_windows
    on normalised.entity = tightest_windows.entity and normalised.as_of_date = tightest_windows.as_of_date
