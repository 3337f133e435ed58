with

source as (

    select * from {{ source('landing', 'registry__metering') }}

),

renamed as (

    select
        provider,
        source
    from source

)

select * from renamed
