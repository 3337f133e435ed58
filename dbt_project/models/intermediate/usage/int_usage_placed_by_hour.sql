{{ config(materialized='view') }}
{% set sources = [('logged', 'litellm'), ('openai', 'openai'), ('anthropic', 'anthropic')] %}
with

logged as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate

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
