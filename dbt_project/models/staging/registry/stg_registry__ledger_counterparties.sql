with

source as (

    select * from {{ source('landing', 'registry__ledger_counterparties') }}

),

renamed as (

    select
        position,
        counterparty_pattern,
        provider,
        subscription_account_pattern,
        subscription_description_pattern
    from source

)

select * from renamed
