with

source as (

    select * from {{ source('landing', 'registry__pools') }}

),

renamed as (

    select
        pool_id,
        pool_order,
        share_method,
        share_basis,
        valid_from,
        valid_to
    from source

)

select * from renamed
