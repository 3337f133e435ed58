with

source as (

    select * from {{ source('landing', 'statistics__run_rates') }}

),

renamed as (

    select
        entity_type,
        entity_id,
        as_of_date,
        run_rate_monthly,
        run_rate_low,
        run_rate_high,
        run_rate_annual,
        days_observed,
        variation_ratio,
        growth_30d_ratio,
        growth_30d_low_ratio,
        growth_30d_high_ratio,
        stability_status,
        stability_reasons,
        observation_start_date,
        observation_end_date,
        window_days
    from source

)

select * from renamed
