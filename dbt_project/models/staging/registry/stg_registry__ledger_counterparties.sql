with

source as (

    select * from {{ source('landing', 'registry__ledger_counterparties') }}

),

renamed as (

    select
        position,
        counterparty_pattern,
        provider
    from source

)

select * from renamed
