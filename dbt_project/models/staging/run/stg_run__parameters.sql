with

source as (

    select * from {{ source('landing', 'run_parameters') }}

),

renamed as (

    select
        as_of_date,
        reporting_time_zone,
        reporting_currency,
        minor_unit_digits,
        fiscal_year_start_month,
        company_id,
        policy_version,
        rebuilds_gateway
    from source

)

select * from renamed
