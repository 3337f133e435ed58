with

source as (

    select * from {{ source('landing', 'replay__budgets') }}

),

renamed as (

    select
        framework,
        fiscal_period,
        demand,
        spend,
        overspend,
        starved_days,
        stopped_winners,
        forecast_error_ratio,
        policy_version
    from source

)

select * from renamed
