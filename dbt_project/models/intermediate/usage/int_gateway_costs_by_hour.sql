{{ config(materialized='view') }}
{# A number that stands for words is read where it was built, never made again: another engine would make another. #}
{% set classes = token_classes('litellm') | rejectattr(0, 'eq', 'request') | list -%}
with

hours as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate and api_key_id is not null

),

keys as (

    select usage_key_id, price_key from {{ ref('int_usage_keys_numbered') }}

),

prices as (

    select
        price_key,
        context_tier_start,
        billing_date
        {%- for token_class, unit in classes %},
        coalesce(cast({{ token_class }}_price as double), 0) as {{ token_class }}_price
        {%- endfor %}
    from {{ ref('int_gateway_prices_by_day') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

costs as (

    select
        hours.api_key_id,
        hours.usage_start_at,
        sum(
            {%- for token_class, unit in classes %}
            greatest(hours.{{ token_class }}, 0) * prices.{{ token_class }}_price
            {{ '+' if not loop.last }}
            {%- endfor %}
        ) / 1000000 as cost,
        sum(hours.request + hours.failed_requests) as calls
    from hours
    left join keys on hours.usage_key_id = keys.usage_key_id
    left join prices
        on keys.price_key = prices.price_key
        and hours.context_tier_start = prices.context_tier_start
        and hours.billing_date = prices.billing_date
    cross join run_parameters
    where hours.usage_date <= run_parameters.as_of_date
    group by hours.api_key_id, hours.usage_start_at

)

select
    costs.api_key_id,
    costs.usage_start_at,
    {{ local_time(
        'run_parameters.reporting_time_zone', moment_of("'UTC'", 'costs.usage_start_at')
    ) }} as local_start_at,
    costs.cost,
    costs.calls
from costs
cross join run_parameters
