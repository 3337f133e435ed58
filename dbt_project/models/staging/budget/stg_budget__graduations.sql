with

source as (

    select * from {{ source('landing', 'budget__graduations') }}

),

renamed as (

    select
        movement_id,
        initiative_id,
        department_id,
        effective_on,
        verified_run_rate,
        verified_run_rate_low,
        verified_run_rate_high,
        verified_unit_cost,
        approver,
        evidence_id,
        policy_version
    from source

)

select * from renamed
