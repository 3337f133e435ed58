with

source as (

    select * from {{ source('landing', 'focus_files__superseded_days') }}

),

renamed as (

    select
        file,
        provider_name,
        billing_account_id as account_id,
        charge_date,
        superseded_by
    from source

)

select * from renamed
