with

source as (

    select * from {{ source('landing', 'anthropic__api_keys') }}

),

renamed as (

    select
        api_key_id,
        workspace_id,
        name,
        status,
        created_at,
        read_at
    from source

)

select * from renamed
