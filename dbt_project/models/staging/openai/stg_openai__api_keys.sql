with

source as (

    select * from {{ source('landing', 'openai__api_keys') }}

),

renamed as (

    select
        api_key_id,
        project_id,
        name,
        owner_id,
        created_at,
        read_at
    from source

)

select * from renamed
