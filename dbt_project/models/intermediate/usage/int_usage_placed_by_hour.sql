{{ config(materialized='view') }}
{% set classes = token_classes('litellm') | map('first') | list -%}
{% set sources = [('logged', 'litellm'), ('openai', 'openai'), ('anthropic', 'anthropic')] %}
with

divided_hours as (

    select usage_start_at from {{ ref('int_quarter_hours') }}
    group by usage_start_at
    having count(distinct part_start_at) > 1

),

gateway as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate

),

logged as (

    select
        usage_start_at,
        {{ (hourly_usage_columns() + classes) | join(',\n        ') }}
    from gateway
    where usage_start_at not in (select usage_start_at from divided_hours)
    union all
    select
        usage_start_at,
        {{ hourly_usage_columns() | join(',\n        ') }}
        {%- for token_class in classes %},
        cast(sum({{ token_class }}) as bigint) as {{ token_class }}
        {%- endfor %}
    from gateway
    where usage_start_at in (select usage_start_at from divided_hours)
    group by
        usage_key_id, usage_start_at, context_tier_start, is_measured, is_without_gateway_cost,
        {{ hourly_usage_columns() | join(', ') }}

),

openai as (

    select * from {{ ref('int_openai_usage_placed') }}

),

anthropic as (

    select * from {{ ref('int_anthropic_usage_placed') }}

),

hours as (

    {% for relation, source in sources -%}
    {%- set own = token_classes(source) -%}
    select
        usage_start_at,
        {{ hourly_usage_columns() | join(',\n        ') }}
        {%- for row in hourly_token_classes() %},
        cast({{ row[0] if row in own else 'null' }} as bigint) as {{ row[0] }}
        {%- endfor %}
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select hours.*
from hours
cross join run_parameters
where hours.usage_date <= run_parameters.as_of_date
