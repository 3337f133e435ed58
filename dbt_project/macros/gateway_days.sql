{#
  The gateway's log is summed a few days at a time (landing.gateway_batches, see orchestration/gateway_days.py), so that
  memory does not grow with the log and a run reads only the loads that hold changed days. A model of materialization
  `summed_by_batches` reads the log through this condition, which each batch replaces by literals that prune partitions,
  row groups and days. The update is one transaction: whole or absent.
#}
{% macro in_gateway_batch() -%} (true /* the days of a batch */) {%- endmacro %}

{% macro gateway_batches() -%}
    {%- set query -%}
        select parameters.rebuilds_gateway, batches.event_dates, batches.partitions
        from {{ ref('stg_run__parameters') }} as parameters
        left join {{ ref('stg_run__gateway_batches') }} as batches on true
        order by batches.batch
    {%- endset -%}
    {{ return(run_query(query).rows) }}
{%- endmacro %}

{# A list of days costs a join per row, so it stands only where the days have a gap. #}
{% macro on_gateway_days(event_dates, partitions) -%}
    {%- set days = event_dates.split(', ') -%}
    {%- set first_day = modules.datetime.date.fromisoformat(days[0][6:16]) -%}
    {%- set last_day = modules.datetime.date.fromisoformat(days[-1][6:16]) -%}
    (
        partition in ({{ partitions }})
        and {{ between_gateway_days(event_dates) }}
        {%- if (last_day - first_day).days >= days | length %}
        and cast({{ utc_time('started_at') }} as date) in ({{ event_dates }})
        {%- endif %}
    )
{%- endmacro %}

{% macro between_gateway_days(event_dates) -%}
    {%- set days = event_dates.split(', ') -%}
    started_at >= {{ midnight_utc(days[0][6:16]) }}
    and started_at < {{ midnight_utc(days[-1][6:16]) }} + interval 1 day
{%- endmacro %}

{# Which of the rows of one request, or of one call, and day counts. `besides`: what else of a row the model reads, so
   that two rows that no column puts in order are one. Where nulls stand is said: the engines disagree. `is_in_files`: rows
   of several files, told apart by partition. #}
{% macro counted_first(besides=[], is_in_files=true) -%}
    case when status = 'success' then 0 else 1 end, is_served desc, prompt_tokens + completion_tokens desc,
    started_at nulls last, {{ 'partition nulls last, ' if is_in_files }}request_id nulls last, provider nulls last,
    model_id nulls last, service_tier nulls last,
    {{ (gateway_counts() + besides) | join(' nulls last, ') }} nulls last
{%- endmacro %}

{# The changed days of all batches as one list of literals: none where the log is summed whole (also where dbt compiles
   without a warehouse), empty where nothing changed. #}
{% macro changed_gateway_days() -%}
    {%- if not execute or load_relation(ref('stg_run__parameters')) is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set batches = gateway_batches() -%}
    {%- if batches[0][0] -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set days = [] -%}
    {%- for _, event_dates, _ in batches if event_dates is not none -%}
        {%- do days.append(event_dates) -%}
    {%- endfor -%}
    {{ return(days | join(', ')) }}
{%- endmacro %}
