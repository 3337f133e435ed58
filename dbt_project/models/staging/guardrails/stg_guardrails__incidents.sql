with

source as (

    select * from {{ source('landing', 'guardrails__incidents') }}

),

renamed as (

    select
        started_at,
        detected_at,
        ended_at,
        adapter,
        entity,
        api_key_id,
        kind,
        incident_cost,
        cost_per_hour,
        is_repeat,
        reason,
        evidence_id,
        policy_version
    from source

)

select * from renamed
