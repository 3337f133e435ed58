with

source as (

    select * from {{ source('landing', 'openai__projects') }}

),

renamed as (

    select
        project_id,
        name,
        status,
        created_at,
        read_at
    from source

)

select * from renamed
