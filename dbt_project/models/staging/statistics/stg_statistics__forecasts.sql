with

source as (

    select * from {{ source('landing', 'statistics__forecasts') }}

),

renamed as (

    select
        entity_type,
        entity_id,
        as_of_date,
        forecast_date,
        forecast,
        forecast_low,
        forecast_high,
        method
    from source

)

select * from renamed
