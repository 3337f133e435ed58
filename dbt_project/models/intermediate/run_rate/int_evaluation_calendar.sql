with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

sources as (

    select max(settle_lag_hours) as settle_lag_hours
    from {{ ref('stg_registry__sources') }}
    where is_enabled

)

select
    run_parameters.as_of_date,
    run_parameters.reporting_time_zone,
    run_parameters.fiscal_year_start_month,
    run_parameters.policy_version,
    cast(ceil(cast(coalesce(sources.settle_lag_hours, 0) as double) / 24) as integer) as settle_days
from run_parameters
cross join sources
