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
from {{ ref('stg_statistics__gates') }}
