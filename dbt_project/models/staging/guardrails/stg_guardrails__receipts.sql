with

source as (

    select * from {{ source('landing', 'guardrails__receipts') }}

),

renamed as (

    select
        action_id,
        run_id,
        planned_at,
        applied_at,
        verified_at,
        adapter,
        entity,
        action,
        before,
        after,
        outcome,
        note,
        policy,
        policy_version,
        reason,
        evidence_id
    from source

)

select * from renamed
