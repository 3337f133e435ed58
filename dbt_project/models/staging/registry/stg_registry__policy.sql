with

source as (

    select * from {{ source('landing', 'registry__policy') }}

),

renamed as (

    select
        policy_key,
        policy_value,
        origin
    from source

)

select * from renamed
