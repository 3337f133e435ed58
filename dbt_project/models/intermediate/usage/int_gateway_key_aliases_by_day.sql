{{ config(materialized='summed_by_batches', event_date='billing_date') }}
-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
select
    cast({{ utc_time('started_at') }} as date) as billing_date,
    api_key_id,
    key_alias,
    cast(max(started_at) as timestamp) as used_at
from {{ ref('stg_litellm__spend_logs') }}
where {{ in_gateway_batch() }} and key_alias <> ''
group by billing_date, api_key_id, key_alias
