with

source as (

    select * from {{ source('landing', 'registry__products') }}

),

renamed as (

    select
        product_id,
        name,
        product_line,
        business_unit,
        target_gross_margin_ratio,
        margin_floor_ratio,
        valid_from,
        valid_to
    from source

)

select * from renamed
