with

source as (

    select * from {{ source('landing', 'registry__sources') }}

),

renamed as (

    select
        source,
        mode,
        empty_days,
        is_enabled,
        start_date,
        complete_through,
        lookback_days,
        settle_lag_hours,
        is_file_source,
        services_pattern
    from source

)

select * from renamed
