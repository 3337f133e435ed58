with

source as (

    select * from {{ source('landing', 'registry__posting_accounts') }}

),

renamed as (

    select
        posting_role,
        account_number
    from source

)

select * from renamed
