-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
{# Follows the log by changed days: what stands here of other days is right as long as their loads are the same; an id
   of a changed day is looked for in all others. #}
{% set changed_days = changed_gateway_days() -%}
{% set known = load_relation(this) if execute else none -%}
{% set is_rebuilt = changed_days is none or known is none -%}
{% if not is_rebuilt and not changed_days -%}
select * from {{ this }}
{%- else -%}
with

logs as (

    select
        request_id,
        hash(request_id) as request_hash,
        cast(started_at at time zone 'UTC' as date) as billing_date,
        started_at,
        partition,
        status,
        provider,
        model_id,
        prompt_tokens,
        completion_tokens,
        cache_read_tokens,
        cache_write_tokens
    from {{ ref('stg_litellm__spend_logs') }}

),

{% if is_rebuilt -%}
repeated_hashes as (

    select request_hash
    from logs
    group by request_hash
    having min(billing_date) <> max(billing_date)

),

found as (

    select logs.*
    from logs
    semi join repeated_hashes on logs.request_hash = repeated_hashes.request_hash

),
{%- else -%}
changed_logs as (

    select *
    from logs
    where {{ between_gateway_days(changed_days) }} and billing_date in ({{ changed_days }})

),

changed_hashes as (

    select
        request_hash,
        min(billing_date) <> max(billing_date) as is_repeated
    from changed_logs
    group by request_hash

),

repeated_hashes as (

    select request_hash
    from changed_hashes
    where is_repeated
    union
    select logs.request_hash
    from logs
    semi join changed_hashes on logs.request_hash = changed_hashes.request_hash
    where logs.billing_date not in ({{ changed_days }})

),

kept as (

    select * from {{ this }}
    where billing_date not in ({{ changed_days }})

),

found as (

    select logs.*
    from logs
    semi join repeated_hashes on logs.request_hash = repeated_hashes.request_hash
    union
    select * from kept

),
{%- endif %}

by_day as (

    select *
    from found
    qualify row_number() over (
        partition by request_id, billing_date
        order by
            case when status = 'success' then 0 else 1 end,
            prompt_tokens + completion_tokens desc,
            started_at,
            partition
    ) = 1

)

select *
from by_day
qualify min(billing_date) over (partition by request_id) <> max(billing_date) over (partition by request_id)
{%- endif %}
