{{ config(tags=['after_statistics']) }}

with

forecasts as (

    select * from {{ ref('stg_statistics__forecasts') }}
    where entity_type = 'initiative'

),

run_parameters as (

    select * from {{ source('landing', 'run_parameters') }}

)

select
    forecasts.as_of_date,
    forecasts.entity_id as initiative_id,
    forecasts.forecast_date,
    forecasts.forecast,
    forecasts.forecast_low,
    forecasts.forecast_high,
    forecasts.method,
    run_parameters.reporting_currency
from forecasts
cross join run_parameters
