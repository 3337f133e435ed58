-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
{# Only the hash is read and counted: what more must be known of a repeated id is looked up by those who need it. #}
{% set changed_days = changed_gateway_days() -%}
{% if changed_days is none -%}
select hash(request_id) as request_hash
from {{ ref('stg_litellm__spend_logs') }}
group by request_hash
having count(*) > 1
{%- elif not changed_days -%}
select cast(null as ubigint) as request_hash
where false
{%- else -%}
with

changed as (

    select
        hash(request_id) as request_hash,
        count(*) > 1 as is_repeated
    from {{ ref('stg_litellm__spend_logs') }}
    where
        {{ between_gateway_days(changed_days) }}
        and cast(started_at at time zone 'UTC' as date) in ({{ changed_days }})
    group by request_hash

),

others as (

    select hash(request_id) as request_hash
    from {{ ref('stg_litellm__spend_logs') }}
    where cast(started_at at time zone 'UTC' as date) not in ({{ changed_days }})

)

select request_hash
from changed
where is_repeated
union
select others.request_hash
from others
semi join changed on others.request_hash = changed.request_hash
{%- endif %}
