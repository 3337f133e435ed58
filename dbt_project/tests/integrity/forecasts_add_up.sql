{# Initiatives add up to departments and these to the company: a whole is its own forecast and those of its parts. #}
{{ config(tags=['after_statistics']) }}

with

forecasts as (

    select * from {{ ref('forecast_by_horizon') }}

),

parts as (

    select
        as_of_date,
        horizon_days,
        part_of_entity_type,
        part_of_entity_id,
        sum(forecast) as forecast
    from forecasts
    where part_of_entity_type is not null
    group by all

)

select
    coalesce(forecasts.entity_type, parts.part_of_entity_type) as entity_type,
    coalesce(forecasts.entity_id, parts.part_of_entity_id) as entity_id,
    coalesce(forecasts.horizon_days, parts.horizon_days) as horizon_days,
    forecasts.forecast,
    forecasts.own_forecast,
    parts.forecast as forecast_of_parts
from forecasts
full outer join parts
    on forecasts.as_of_date = parts.as_of_date
    and forecasts.horizon_days = parts.horizon_days
    and forecasts.entity_type = parts.part_of_entity_type
    and forecasts.entity_id = parts.part_of_entity_id
where
    forecasts.own_forecast is null
    or forecasts.forecast is distinct from forecasts.own_forecast + coalesce(parts.forecast, 0)
