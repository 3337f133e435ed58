with

source as (

    select * from {{ source('landing', 'focus_files__rejected_rows') }}

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
