with

source as (

    select * from {{ source('landing', 'registry__customers') }}

),

renamed as (

    select
        customer_id,
        name
    from source

)

select * from renamed
