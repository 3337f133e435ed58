with

source as (

    select * from {{ source('landing', 'guardrails__decisions') }}

),

renamed as (

    select
        decided_at,
        policy,
        entity,
        from_state,
        to_state,
        reason,
        evidence_id,
        policy_version
    from source

)

select * from renamed
