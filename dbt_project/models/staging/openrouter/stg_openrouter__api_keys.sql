with

source as (

    select * from {{ source('landing', 'openrouter__api_keys') }}

),

renamed as (

    select
        api_key_id,
        name,
        read_at
    from source

)

select * from renamed
