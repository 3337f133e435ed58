-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
{# Follows the log by changed days: what stands here of other days is right as long as their loads are the same; an id
   of a changed day is looked for in all others. Each scan of the log reads only the columns it needs: a CTE of the whole
   log that is read twice would be held in memory, and so would the repeated ids of a day, where files overlap. #}
{% set changed_days = changed_gateway_days() -%}
{% set is_rebuilt = changed_days is none -%}
{% if execute and not is_rebuilt and load_relation(this) is none -%}
    {%- do exceptions.raise_compiler_error(this ~ ' is not there, and this run does not build it whole') -%}
{% endif -%}
{% if not is_rebuilt and not changed_days -%}
select * from {{ this }}
{%- else -%}
with

repeated_hashes as (

    select * from {{ ref('int_gateway_hashes_repeated') }}

),

{% if is_rebuilt -%}
on_several_days as (

    select repeated_hashes.request_hash
    from {{ ref('stg_litellm__spend_logs') }} as logs
    inner join repeated_hashes on {{ hash_of(['logs.request_id']) }} = repeated_hashes.request_hash
    group by repeated_hashes.request_hash
    having
        cast({{ utc_time('min(logs.started_at)') }} as date) <> cast({{ utc_time('max(logs.started_at)') }} as date)

),
{%- else -%}
on_several_days as (

    select * from repeated_hashes

),
{%- endif %}

found as (

    select
        logs.request_id,
        {{ hash_of(['logs.request_id']) }} as request_hash,
        cast({{ utc_time('logs.started_at') }} as date) as billing_date,
        logs.started_at,
        logs.partition,
        logs.status,
        logs.provider,
        logs.model_id,
        logs.service_tier,
        logs.is_served,
        {% for count in gateway_counts() -%}
        logs.{{ count }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_litellm__spend_logs') }} as logs
    semi join on_several_days on {{ hash_of(['logs.request_id']) }} = on_several_days.request_hash
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
