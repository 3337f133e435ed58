{#
  The one large sum over single requests as one statement for the engine that holds the log: written here in DuckDB's SQL,
  rendered and put into the engine's own by orchestration/connectors/providers/litellm/rollup. `relation`: the table or
  view with the columns of stream litellm/spend_logs. `days`: the UTC days, without a gap. `bounds`: the prompt sizes above
  which a price may change, ascending. `rules`: the mark of this very statement. The session's time zone is UTC.

  Three kinds of rows (`part`): `usage`, sums by quarter of an hour and key; `refused`, rows that no sum holds, by reason;
  `day`, one for every day asked for, with the rows that the log has of it. `log_rows` of the first two add up to that of
  the third. `summed_at` is one moment for all rows of a statement, so that the parts of its result know each other. The names
  within begin with rollup_, since a table of the name would be hidden by them.
#}
{% macro rollup_keys() -%}
    {{ return([
        'gateway_provider', 'account_id', 'api_key_id', 'key_alias', 'actor_id', 'team_id', 'model_id', 'request_tags',
        'service_tier',
    ]) }}
{%- endmacro %}

{% macro rollup_flags() -%}
    {{ return(['is_duplicate', 'is_measured', 'is_without_gateway_cost']) }}
{%- endmacro %}

{# Every column of the log that is read, by the name it has there. #}
{% macro rollup_columns() -%}
    {{ return({
        'request_id': 'request_id', 'call_id': 'call_id', 'status': 'status', 'error_type': 'error_type',
        'error_class': 'error_class', 'gateway_provider': 'custom_llm_provider', 'account_id': 'organization_id',
        'api_key_id': 'api_key', 'key_alias': 'key_alias', 'actor_id': 'user_id', 'team_id': 'team_id',
        'model_id': 'model', 'request_tags': 'request_tags', 'service_tier': 'service_tier',
        'has_token_evidence': 'has_token_evidence', 'gateway_spend': 'gateway_spend',
    }) }}
{%- endmacro %}

{# Why a row cannot be counted; null where it can. #}
{% macro rollup_fault() -%}
    case
        when coalesce(request_id, '') = '' then 'request_id is empty'
        when coalesce(status, '') not in ('success', 'failure') then 'status is neither success nor failure'
        when prompt_tokens is null then 'prompt_tokens is empty'
        when completion_tokens is null then 'completion_tokens is empty'
        when has_token_evidence is null then 'has_token_evidence is empty'
        when {% for count in gateway_counts() -%}
            coalesce({{ count }}, 0) < 0{{ ' or ' if not loop.last }}
        {%- endfor %} then 'a count is negative'
        when coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) > prompt_tokens
            then 'cache reads and writes exceed prompt_tokens'
        when coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) + coalesce(audio_input_tokens, 0)
            + coalesce(image_input_tokens, 0) + coalesce(video_input_tokens, 0) > prompt_tokens
            or coalesce(audio_output_tokens, 0) + coalesce(image_output_tokens, 0) > completion_tokens
            then 'audio, image and video tokens exceed the tokens of the call'
    end
{%- endmacro %}

{% macro gateway_rollup(relation, days, end_day, bounds, rules) -%}
{%- set besides = [
    'api_key_id', 'actor_id', 'team_id', 'account_id', 'call_id', 'request_tags', 'has_token_evidence', 'error_type',
    'error_class', 'gateway_spend',
] -%}
{%- set order = counted_first(besides, is_in_files=false) -%}
{%- set grain = ['billing_date', 'quarter_of_day'] + rollup_keys() + ['prompt_bound'] + rollup_flags() + ['fault'] -%}
{%- set columns = ['billing_date', 'quarter_of_day', 'request_id', 'fault', 'is_served', 'provider', 'prompt_bound']
    + rollup_columns() | reject('eq', 'request_id') | list + gateway_counts() -%}
with

rollup_days as (

    {% for day in days -%}
    select date '{{ day }}' as billing_date
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

rollup_logged as (

    select
        cast(started_at as date) as billing_date,
        cast(
            extract(hour from started_at) * 4 + floor(extract(minute from started_at) / 15) as bigint
        ) as quarter_of_day,
        started_at,
        custom_llm_provider as provider,
        coalesce(is_served, true) as is_served,
        {% for name, column in rollup_columns().items() -%}
        {{ column }}{{ ' as ' ~ name if name != column }},
        {% endfor -%}
        {{ gateway_counts() | join(',\n        ') }},
        case
            {% for bound in bounds | reverse -%}
            when prompt_tokens > {{ bound }} then {{ bound }}
            {% endfor -%}
            else 0
        end as prompt_bound,
        {{ rollup_fault() }} as fault
    from {{ relation }}
    where
        started_at >= cast(date '{{ days[0] }}' as timestamptz)
        and started_at < cast(date '{{ end_day }}' as timestamptz)

),

rollup_linked as (

    select
        rollup_logged.*,
        {{ linked_call('billing_date, fault', order) }}
    from rollup_logged

),

rollup_requests as (

    select
        {{ columns | join(',\n        ') }},
        fault is null and is_repeated as is_repeated,
        fault is null and ({{ is_duplicate_of_call('billing_date, fault', order) }}) as is_duplicate
    from rollup_linked

),

rollup_flagged as (

    select
        rollup_requests.*,
        {{ gateway_flags('rollup_requests') }}
    from rollup_requests

),

rollup_measured as (

    select
        rollup_flagged.*,
        {{ is_measured_call() }} as is_measured
    from rollup_flagged

),

rollup_summed as (

    select
        {{ grain | join(',\n        ') }},
        count(*) as log_rows,
        count(*) filter (where not is_repeated) as distinct_requests,
        {{ gateway_sums() }}
    from rollup_measured
    group by {{ grain | join(', ') }}

),

rollup_log_days as (

    select
        cast(started_at as date) as billing_date,
        count(*) as log_rows
    from {{ relation }}
    where
        started_at >= cast(date '{{ days[0] }}' as timestamptz)
        and started_at < cast(date '{{ end_day }}' as timestamptz)
    group by cast(started_at as date)

)

{% set sums = ['log_rows', 'distinct_requests', 'request', 'failed_requests', 'refused_requests']
    + gateway_counts() -%}
{%- set named = rollup_columns() -%}
select
    case when fault is null then 'usage' else 'refused' end as part,
    billing_date,
    fault,
    quarter_of_day,
    {% for name in rollup_keys() -%}
    {{ name }} as {{ named[name] }},
    {% endfor -%}
    prompt_bound,
    {{ rollup_flags() | join(',\n    ') }},
    {{ sums | join(',\n    ') }},
    cast(dearest_request as double) as dearest_request,
    gateway_cost,
    '{{ rules }}' as rules,
    cast(current_timestamp as timestamp) as summed_at
from rollup_summed
union all
select
    'day' as part,
    rollup_days.billing_date,
    cast(null as varchar) as fault,
    cast(null as bigint) as quarter_of_day,
    {% for name in rollup_keys() -%}
    cast(null as varchar) as {{ named[name] }},
    {% endfor -%}
    cast(null as bigint) as prompt_bound,
    {% for name in rollup_flags() -%}
    cast(null as boolean) as {{ name }},
    {% endfor -%}
    coalesce(rollup_log_days.log_rows, 0) as log_rows,
    {% for name in sums[1:] -%}
    cast(null as bigint) as {{ name }},
    {% endfor -%}
    cast(null as double) as dearest_request,
    cast(null as decimal(38, 9)) as gateway_cost,
    '{{ rules }}' as rules,
    cast(current_timestamp as timestamp) as summed_at
from rollup_days
left join rollup_log_days on rollup_days.billing_date = rollup_log_days.billing_date
{%- endmacro %}
