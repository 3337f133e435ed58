with

source as (

    select * from {{ source('landing', 'registry__company') }}

),

renamed as (

    select
        company_id,
        name,
        reporting_currency,
        reporting_time_zone,
        fiscal_year_start_month,
        company_size,
        margin_profile,
        policy_version
    from source

)

select * from renamed
