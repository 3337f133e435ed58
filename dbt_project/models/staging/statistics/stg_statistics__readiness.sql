with

source as (

    select * from {{ source('landing', 'statistics__readiness') }}

),

renamed as (

    select
        initiative_id,
        as_of_date,
        is_ready,
        first_ready_date,
        blocking_gates,
        verified_run_rate,
        verified_run_rate_low,
        verified_run_rate_high,
        verified_unit_cost
    from source

)

select * from renamed
