with

source as (

    select * from {{ source('landing', 'registry__customers') }}

),

renamed as (

    select
        customer_id,
        name,
        valid_from,
        valid_to
    from source

)

select * from renamed
