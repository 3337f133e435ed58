with

source as (

    select * from {{ source('landing', 'prices__price_book') }}

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
        price_per_million,
        'USD' as currency,
        price_source,
        coalesce(is_maker, false) as is_maker
    from source

)

select * from renamed
