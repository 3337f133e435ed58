with

source as (

    select * from {{ source('landing', 'ledgers__headcount') }}

),

renamed as (

    select
        file,
        line,
        month_end,
        department_id,
        function,
        headcount
    from source

)

select * from renamed
