select
    initiative_id,
    effective_on,
    verified_run_rate_high
from {{ ref('stg_budget__graduations') }}
