with

source as (

    select * from {{ source('landing', 'openai__users') }}

),

renamed as (

    select
        user_id,
        name,
        email,
        read_at
    from source

)

select * from renamed
