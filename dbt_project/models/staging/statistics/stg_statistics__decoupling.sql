with

source as (

    select * from {{ source('landing', 'statistics__decoupling') }}

),

renamed as (

    select
        quarter_start_date,
        periods,
        ai_cost_change_ratio,
        headcount_change_ratio,
        elasticity,
        elasticity_low,
        elasticity_high,
        status
    from source

)

select * from renamed
