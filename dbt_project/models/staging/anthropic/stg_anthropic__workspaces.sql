with

source as (

    select * from {{ source('landing', 'anthropic__workspaces') }}

),

renamed as (

    select
        workspace_id,
        name,
        created_at,
        read_at
    from source

)

select * from renamed
