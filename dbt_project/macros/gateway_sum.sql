{#
  How single requests of the gateway's log become a sum: which row of a request counts, what a row is, and what is added
  up. int_gateway_usage_summed_by_hour takes it from here, and so does the statement that sums the log in another engine
  (gateway_rollup.sql). So only what every engine reads in the same way stands here: no regular expression, no division of
  whole numbers, no cast that may fail.
#}

{# How a day's rows of one request belong to a call: by the call's id, where one of them names it. `day` is the day's
   expression, `order` that of the rows (see counted_first). #}
{% macro linked_call(day, order) -%}
    coalesce(max(call_id) over (partition by request_id, {{ day }}), request_id) as linked_call_id,
    status = 'success' and row_number() over (partition by request_id, {{ day }} order by {{ order }}) = 1 as may_count,
    row_number() over (partition by request_id, {{ day }} order by {{ order }}) > 1 as is_repeated
{%- endmacro %}

{# Of rows with these columns: every row of a request but one, and of the requests of one call every one but one. #}
{% macro is_duplicate_of_call(day, order) -%}
    is_repeated or may_count and row_number() over (
        partition by linked_call_id, {{ day }}, may_count
        order by {{ order }}
    ) > 1
{%- endmacro %}

{# Whether the gateway refused the call for want of budget or by a rate limit. A `case` looks at the texts of failures alone. #}
{% macro is_refused_call(relation) -%}
    {%- set error_type = "coalesce(" ~ relation ~ ".error_type, '')" -%}
    {%- set error = "lower(" ~ error_type ~ " || ' ' || coalesce(" ~ relation ~ ".error_class, ''))" -%}
    case
        when {{ relation }}.status = 'success' then false
        else
            {{ error }} like '%budget%' or {{ error }} like '%throttl%'
            or replace({{ error }}, 'rate_limit', 'ratelimit') like '%ratelimit%'
    end
{%- endmacro %}

{% macro gateway_flags(relation) -%}
    {{ relation }}.status = 'success' as is_success,
    {{ relation }}.status = 'success' and {{ relation }}.is_served as is_generated,
    {{ is_refused_call(relation) }} as is_refused,
    coalesce({{ relation }}.gateway_spend, 0) = 0 and {{ relation }}.status = 'success' and {{ relation }}.is_served
    and {{ relation }}.prompt_tokens + {{ relation }}.completion_tokens > 0 as is_without_gateway_cost
{%- endmacro %}

{# Tokens were logged, or there are none to log. #}
{% macro is_measured_call() -%}
    is_success and (has_token_evidence or not is_served)
{%- endmacro %}

{# What is added up of rows with these flags. A spend that is no number of a plausible size is none. `case` costs a fifth
   less of the whole sum than `filter`. #}
{% macro gateway_sums() -%}
    count(case when is_success then 1 end) as request,
    count(case when not is_success then 1 end) as failed_requests,
    count(case when is_refused then 1 end) as refused_requests,
    {% for count in gateway_counts() -%}
    cast(coalesce(sum(case when is_generated then {{ count }} end), 0) as bigint) as {{ count }},
    {% endfor -%}
    max(gateway_spend) as dearest_request,
    cast(sum(
        case when abs(gateway_spend) < 1000000000 then cast(gateway_spend as decimal(18, 9)) end
    ) as decimal(38, 9)) as gateway_cost
{%- endmacro %}
