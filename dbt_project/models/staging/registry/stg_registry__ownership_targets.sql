with

source as (

    select * from {{ source('landing', 'registry__ownership_targets') }}

),

renamed as (

    select
        rule_id,
        target_position,
        initiative_id,
        department_id,
        pool_id,
        weight,
        valid_from,
        valid_to
    from source

)

select * from renamed
