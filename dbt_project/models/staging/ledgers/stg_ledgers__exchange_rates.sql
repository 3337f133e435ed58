with

source as (

    select * from {{ source('landing', 'ledgers__exchange_rates') }}

),

renamed as (

    select
        file,
        line,
        rate_date,
        from_currency,
        to_currency,
        rate
    from source

)

select * from renamed
