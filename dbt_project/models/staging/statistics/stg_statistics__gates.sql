with

source as (

    select * from {{ source('landing', 'statistics__gates') }}

),

renamed as (

    select
        initiative_id,
        as_of_date,
        gate_number,
        gate_name,
        status,
        metric_value,
        threshold_value,
        unit,
        reason,
        evidence_id,
        policy_version
    from source

)

select * from renamed
