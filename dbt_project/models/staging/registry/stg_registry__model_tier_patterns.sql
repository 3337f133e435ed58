with

source as (

    select * from {{ source('landing', 'registry__model_tier_patterns') }}

),

renamed as (

    select
        position,
        model_pattern,
        tier
    from source

)

select * from renamed
