with

readiness as (

    select * from {{ ref('stg_statistics__readiness') }}

)

select
    readiness.initiative_id,
    readiness.as_of_date,
    readiness.is_ready,
    readiness.first_ready_date,
    readiness.blocking_gates,
    readiness.verified_run_rate,
    readiness.verified_run_rate_low,
    readiness.verified_run_rate_high,
    readiness.verified_unit_cost,
    {{ reporting_currency() }} as reporting_currency
from readiness
