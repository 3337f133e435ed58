with

source as (

    select * from {{ source('landing', 'prices__refused_prices') }}

),

renamed as (

    select
        provider,
        model_id,
        price_variant,
        token_class,
        context_tier_start,
        valid_from,
        valid_to,
        listed_price,
        price_source,
        reason
    from source

)

select * from renamed
