with

source as (

    select * from {{ source('landing', 'registry__model_tiers') }}

),

renamed as (

    select
        tier,
        tier_rank,
        reference_model,
        valid_from,
        valid_to
    from source

)

select * from renamed
