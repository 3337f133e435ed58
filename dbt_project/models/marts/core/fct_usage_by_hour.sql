{{ config(materialized='view') }}
{% set columns = [
    'usage_date', 'billing_date', 'source', 'provider', 'gateway_provider', 'account_id', 'project_id', 'api_key_id',
    'actor_id', 'team_id', 'model_id',
    'service_tier',
] %}
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

    {{ token_class_rows_by_hour('logged', columns, token_classes('litellm')) }}
    union all
    {{ token_class_rows_by_hour('openai', columns, token_classes('openai')) }}
    union all
    {{ token_class_rows_by_hour('anthropic', columns, token_classes('anthropic')) }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    hours.usage_start_at,
    {% for column in columns -%}
    hours.{{ column }},
    {% endfor -%}
    hours.token_class,
    hours.quantity,
    hours.unit,
    case when hours.token_class = 'request' then hours.quantity else 0 end as requests
from hours
cross join run_parameters
where hours.usage_date <= run_parameters.as_of_date
