{{ config(tags=['after_statistics']) }}

with

forecasts as (

    select * from {{ ref('stg_statistics__forecasts') }}
    where entity_type = 'initiative'

)

select
    forecasts.as_of_date,
    forecasts.entity_id as initiative_id,
    forecasts.forecast_date,
    forecasts.forecast,
    forecasts.forecast_low,
    forecasts.forecast_high,
    forecasts.method,
    {{ reporting_currency() }} as reporting_currency
from forecasts
