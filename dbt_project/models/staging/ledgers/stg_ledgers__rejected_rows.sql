with

source as (

    select * from {{ source('landing', 'ledgers__rejected_rows') }}

),

renamed as (

    select
        source,
        file,
        line,
        column_name,
        value,
        reason,
        amount,
        currency
    from source

)

select * from renamed
