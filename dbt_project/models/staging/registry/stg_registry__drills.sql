with

source as (

    select * from {{ source('landing', 'registry__drills') }}

),

renamed as (

    select
        drill_id,
        adapter,
        entity,
        drill_date,
        started_at,
        ended_at
    from source

)

select * from renamed
