with

decisions as (

    select * from {{ ref('stg_guardrails__decisions') }}

)

select
    decisions.decided_at,
    decisions.policy,
    decisions.entity,
    decisions.from_state,
    decisions.to_state,
    decisions.reason,
    decisions.evidence_id,
    decisions.policy_version
from decisions
