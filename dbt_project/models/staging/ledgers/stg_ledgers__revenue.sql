with

source as (

    select * from {{ source('landing', 'ledgers__revenue') }}

),

renamed as (

    select
        file,
        line,
        revenue_date,
        recognition_end_date,
        product_id,
        customer_id,
        initiative_id,
        amount,
        currency
    from source

)

select * from renamed
