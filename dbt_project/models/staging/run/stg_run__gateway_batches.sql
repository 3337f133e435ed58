with

source as (

    select * from {{ source('landing', 'gateway_batches') }}

),

renamed as (

    select
        batch,
        event_dates,
        partitions
    from source

)

select * from renamed
