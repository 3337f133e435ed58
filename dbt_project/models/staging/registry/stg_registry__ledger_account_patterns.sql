with

source as (

    select * from {{ source('landing', 'registry__ledger_account_patterns') }}

),

renamed as (

    select
        position,
        account_pattern,
        account_role
    from source

)

select * from renamed
