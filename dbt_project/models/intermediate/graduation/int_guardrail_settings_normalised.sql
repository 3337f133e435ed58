with

settings as (

    select * from {{ ref('stg_litellm__guardrail_settings') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

parsed as (

    select
        settings.*,
        cast(settings.max_budget as decimal(38, 9)) as budget,
        cast(regexp_extract(settings.budget_duration, '^([0-9]+)(s|m|h|d|w|mo|y)$', 1) as bigint) as duration_count,
        regexp_extract(settings.budget_duration, '^([0-9]+)(s|m|h|d|w|mo|y)$', 2) as duration_unit,
        cast(timezone(run_parameters.reporting_time_zone, settings.settings_updated_at) as date) as updated_on,
        lag(settings.as_of_date) over (partition by settings.entity order by settings.as_of_date) as previous_date
    from settings
    cross join run_parameters
    where settings.as_of_date <= run_parameters.as_of_date

),

dated as (

    select
        *,
        least(
            as_of_date,
            greatest(coalesce(updated_on, as_of_date), coalesce(previous_date + 1, updated_on, as_of_date))
        )
            as speaks_from
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
    case
        when budget is not null and budget_duration is null then budget
        when budget is not null and duration_count > 0
            then cast(
                cast(budget as double) * 86400
                / (
                    duration_count * case duration_unit
                        when 's' then 1 when 'm' then 60 when 'h' then 3600 when 'd' then 86400
                        when 'w' then 604800 when 'mo' then 2629800 when 'y' then 31557600
                    end
                ) as decimal(38, 9)
            )
    end as daily_cap,
    speaks_from,
    lead(speaks_from) over (partition by entity order by as_of_date) - 1 as speaks_to
from dated
