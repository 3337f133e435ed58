{{ config(tags=['after_statistics']) }}

with

horizons as (

    select * from {{ ref('stg_statistics__forecast_horizons') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    horizons.as_of_date,
    horizons.entity_type,
    case when horizons.entity_type = 'company' then run_parameters.company_id else horizons.entity_id end as entity_id,
    horizons.horizon_days,
    horizons.forecast,
    horizons.forecast_low,
    horizons.forecast_high,
    horizons.method,
    horizons.error_ratio,
    horizons.coverage_ratio,
    horizons.windows,
    run_parameters.reporting_currency,
    horizons.own_forecast,
    horizons.part_of_entity_type,
    case
        when horizons.part_of_entity_type = 'company' then run_parameters.company_id
        else horizons.part_of_entity_id
    end as part_of_entity_id
from horizons
cross join run_parameters
