with

source as (

    select * from {{ source('landing', 'registry__pools') }}

),

renamed as (

    select
        pool_id,
        pool_order
    from source

)

select * from renamed
