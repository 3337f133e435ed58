with

source as (

    select * from {{ source('landing', 'ledgers__labor_rates') }}

),

renamed as (

    select
        file,
        line,
        labor_rate_id,
        valid_from,
        hourly_rate,
        currency
    from source

)

select * from renamed
