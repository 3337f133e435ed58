-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
{# Only the hash is read and counted: what more must be known of a repeated id is looked up by those who need it. An id
   is that of a request or that of a call, which the log may hold under several request ids. #}
{% set ids = ['request_id', 'call_id'] -%}
{% set changed_days = changed_gateway_days() -%}
{% if changed_days is none -%}
with

ids as (

    {% for id in ids -%}
    select {{ hash_of([id]) }} as request_hash
    from {{ ref('stg_litellm__spend_logs') }}
    where {{ id }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select request_hash
from ids
group by request_hash
having count(*) > 1
{%- elif not changed_days -%}
select {{ hash_of(["''"]) }} as request_hash
where false
{%- else -%}
with

changed_ids as (

    {% for id in ids -%}
    select {{ hash_of([id]) }} as request_hash
    from {{ ref('stg_litellm__spend_logs') }}
    where
        {{ between_gateway_days(changed_days) }}
        and cast({{ utc_time('started_at') }} as date) in ({{ changed_days }})
        and {{ id }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

changed as (

    select
        request_hash,
        count(*) > 1 as is_repeated
    from changed_ids
    group by request_hash

),

others as (

    {% for id in ids -%}
    select {{ hash_of([id]) }} as request_hash
    from {{ ref('stg_litellm__spend_logs') }}
    where
        cast({{ utc_time('started_at') }} as date) not in ({{ changed_days }})
        and {{ id }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select request_hash
from changed
where is_repeated
union
select others.request_hash
from others
semi join changed on others.request_hash = changed.request_hash
{%- endif %}
