with

source as (

    select * from {{ source('landing', 'ledgers__business_metrics') }}

),

renamed as (

    select
        file,
        line,
        metric_date,
        metric_id,
        value,
        initiative_id,
        product_id,
        department_id
    from source

)

select * from renamed
