with

source as (

    select * from {{ source('landing', 'registry__complexity_tiers') }}

),

renamed as (

    select
        complexity,
        tier
    from source

)

select * from renamed
