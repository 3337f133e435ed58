with

settings as (

    select * from {{ ref('stg_litellm__guardrail_settings') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

durations as (

    select
        settings.*,
        cast(settings.max_budget as decimal(38, 9)) as budget,
        -- an upper-case M is a month to some gateways and nothing to others; a minute it is to none
        case
            when regexp_matches(settings.budget_duration, '[0-9] *M *$') then null
            when lower(trim(settings.budget_duration)) = 'hourly' then '1h'
            when lower(trim(settings.budget_duration)) = 'daily' then '1d'
            when lower(trim(settings.budget_duration)) = 'weekly' then '7d'
            when lower(trim(settings.budget_duration)) = 'monthly' then '1mo'
            else lower(trim(settings.budget_duration))
        end as duration,
        timezone(run_parameters.reporting_time_zone, settings.settings_updated_at) as updated_at,
        lag(settings.as_of_date) over readings as previous_date,
        -- a reading stands, at the latest, for the end of its day
        lag(least(
            timezone(run_parameters.reporting_time_zone, settings.read_at), cast(settings.as_of_date + 1 as timestamp)
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
        try_cast(regexp_extract(duration, '^([0-9]+) *(mo|s|m|h|d|w|y)$', 1) as bigint)
        * case regexp_extract(duration, '^([0-9]+) *(mo|s|m|h|d|w|y)$', 2)
            when 's' then 1 when 'm' then 60 when 'h' then 3600 when 'd' then 86400
            when 'w' then 604800 when 'mo' then 2629800 when 'y' then 31557600
        end as duration_seconds,
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

)

select
    entity,
    as_of_date,
    read_at,
    rpm_limit,
    tpm_limit,
    is_found,
    is_blocked,
    not is_blocked and (not is_found or coalesce(budget, rpm_limit, tpm_limit) is null) as is_without_cap,
    budget is not null and budget_duration is not null and not coalesce(duration_seconds > 0, false)
        as has_unreadable_duration,
    budget_duration,
    budget_currency,
    case
        when budget is not null and budget_duration is null then budget
        when budget is not null
            then {{ round_half_even(cost_per('budget * cast(86400 as decimal(6, 0))', 'duration_seconds')) }}
    end as daily_budget,
    speaks_from,
    lead(speaks_from) over (partition by entity order by as_of_date) - 1 as speaks_to
from placed
