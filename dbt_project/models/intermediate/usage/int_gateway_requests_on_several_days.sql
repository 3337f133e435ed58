-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
{# Follows the log by changed days: what stands here of other days is right as long as their loads are the same; an id
   of a changed day is looked for in all others. Each scan of the log reads only the columns it needs: a CTE of the whole
   log that is read twice would be held in memory. #}
{% set changed_days = changed_gateway_days() -%}
{% set known = load_relation(this) if execute else none -%}
{% set is_rebuilt = changed_days is none or known is none -%}
{% if not is_rebuilt and not changed_days -%}
select * from {{ this }}
{%- else -%}
with

logs as (

    select * from {{ ref('stg_litellm__spend_logs') }}

),

{% if is_rebuilt -%}
repeated_hashes as (

    select hash(request_id) as request_hash
    from {{ ref('stg_litellm__spend_logs') }}
    group by request_hash
    having cast(min(started_at) at time zone 'UTC' as date) <> cast(max(started_at) at time zone 'UTC' as date)

),
{%- else -%}
changed_hashes as (

    select
        hash(request_id) as request_hash,
        cast(min(started_at) at time zone 'UTC' as date)
        <> cast(max(started_at) at time zone 'UTC' as date) as is_repeated
    from {{ ref('stg_litellm__spend_logs') }}
    where
        {{ between_gateway_days(changed_days) }}
        and cast(started_at at time zone 'UTC' as date) in ({{ changed_days }})
    group by request_hash

),

other_hashes as (

    select hash(request_id) as request_hash
    from {{ ref('stg_litellm__spend_logs') }}
    where cast(started_at at time zone 'UTC' as date) not in ({{ changed_days }})

),

repeated_hashes as (

    select request_hash
    from changed_hashes
    where is_repeated
    union
    select other_hashes.request_hash
    from other_hashes
    semi join changed_hashes on other_hashes.request_hash = changed_hashes.request_hash

),
{%- endif %}

found as (

    select
        logs.request_id,
        hash(logs.request_id) as request_hash,
        cast(logs.started_at at time zone 'UTC' as date) as billing_date,
        logs.started_at,
        logs.partition,
        logs.status,
        logs.provider,
        logs.model_id,
        logs.prompt_tokens,
        logs.completion_tokens,
        logs.cache_read_tokens,
        logs.cache_write_tokens
    from logs
    semi join repeated_hashes on hash(logs.request_id) = repeated_hashes.request_hash
    {% if not is_rebuilt -%}
    union
    select * from {{ this }}
    where billing_date not in ({{ changed_days }})
    {%- endif %}

),

by_day as (

    select *
    from found
    qualify row_number() over (
        partition by request_id, billing_date
        order by {{ counted_first() }}
    ) = 1

)

select *
from by_day
qualify min(billing_date) over (partition by request_id) <> max(billing_date) over (partition by request_id)
{%- endif %}
