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
        scored_on,
        policy_version
    from source

)

select * from renamed
