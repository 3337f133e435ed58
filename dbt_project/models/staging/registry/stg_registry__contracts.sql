with

source as (

    select * from {{ source('landing', 'registry__contracts') }}

),

renamed as (

    select
        contract_id,
        provider,
        kind,
        model_pattern,
        token_class,
        discount_ratio,
        price_per_million,
        amount,
        currency,
        valid_from,
        valid_to
    from source

)

select * from renamed
