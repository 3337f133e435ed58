with

months as (

    select * from {{ ref('stg_replay__budgets') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    months.framework,
    months.fiscal_period,
    months.demand,
    months.spend,
    months.overspend,
    months.starved_days,
    months.stopped_winners,
    cast(months.forecast_error_ratio as double) as forecast_error_ratio,
    months.scored_on,
    months.policy_version,
    run_parameters.reporting_currency
from months
cross join run_parameters
where months.scored_on <= run_parameters.as_of_date
