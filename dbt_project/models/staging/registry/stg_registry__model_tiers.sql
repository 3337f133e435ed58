with

source as (

    select * from {{ source('landing', 'registry__model_tiers') }}

),

renamed as (

    select
        tier,
        tier_rank,
        reference_model
    from source

)

select * from renamed
