with

receipts as (

    select * from {{ ref('stg_guardrails__receipts') }}

)

select
    receipts.planned_at,
    receipts.applied_at,
    receipts.verified_at,
    receipts.adapter,
    receipts.entity,
    receipts.action,
    receipts.before,
    receipts.after,
    receipts.outcome,
    receipts.note,
    receipts.policy,
    receipts.policy_version,
    receipts.reason,
    receipts.evidence_id,
    receipts.run_id,
    receipts.action_id
from receipts
