{# One row per guarded entity and reading day: the cap that the gateway itself reported, normalised to a day (budget over duration); null when none is in force. #}
with

settings as (

    select * from {{ ref('stg_litellm__guardrail_settings') }}

),

run_parameters as (

    select * from {{ source('landing', 'run_parameters') }}

),

parsed as (

    select
        settings.*,
        cast(settings.max_budget as decimal(38, 9)) as budget,
        cast(regexp_extract(settings.budget_duration, '^([0-9]+)(s|m|h|d|w|mo)$', 1) as bigint) as duration_count,
        regexp_extract(settings.budget_duration, '^([0-9]+)(s|m|h|d|w|mo)$', 2) as duration_unit
    from settings
    cross join run_parameters
    where settings.as_of_date <= run_parameters.as_of_date

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
        when budget is not null and duration_count > 0
            then cast(
                cast(budget as double) * 86400
                / (
                    duration_count * case duration_unit
                        when 's' then 1 when 'm' then 60 when 'h' then 3600 when 'd' then 86400
                        when 'w' then 604800 when 'mo' then 2629800
                    end
                ) as decimal(38, 9)
            )
    end as daily_cap
from parsed
