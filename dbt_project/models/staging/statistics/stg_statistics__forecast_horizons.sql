with

source as (

    select * from {{ source('landing', 'statistics__forecast_horizons') }}

),

renamed as (

    select
        entity_type,
        entity_id,
        as_of_date,
        horizon_days,
        forecast,
        forecast_low,
        forecast_high,
        method,
        error_ratio,
        coverage_ratio,
        windows,
        own_forecast,
        part_of_entity_type,
        part_of_entity_id
    from source

)

select * from renamed
