{% set classes = token_classes('litellm') | map(attribute=0) | reject('equalto', 'request') | list -%}
{% set grain = ['usage_key_id', 'usage_date'] -%}
with

hourly as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate and request > 0

),

keys as (

    select * from {{ ref('int_usage_keys_numbered') }}

),

owners as (

    select distinct usage_key_id, usage_date, initiative_id, department_id
    from {{ ref('int_usage_owned') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

unspent as (

    select
        hourly.usage_key_id,
        hourly.usage_date,
        hourly.provider,
        hourly.model_id,
        hourly.price_variant,
        hourly.context_tier_start,
        hourly.billing_date,
        {% for token_class in classes -%}
        cast(sum(hourly.{{ token_class }}) as bigint) as {{ token_class }},
        {% endfor -%}
        sum(hourly.request) as requests
    from hourly
    cross join run_parameters
    where hourly.is_without_gateway_cost and hourly.usage_date <= run_parameters.as_of_date
    group by all

),

priced as (

    {{ gateway_classes_priced('unspent', grain) }}

),

counted as (

    select
        usage_key_id,
        usage_date,
        'tokens_without_cost' as kind,
        sum(requests) as requests
    from unspent
    group by all
    union all
    select
        hourly.usage_key_id,
        hourly.usage_date,
        'cost_without_tokens',
        sum(hourly.request)
    from hourly
    cross join run_parameters
    where not hourly.is_measured and hourly.gateway_cost > 0 and hourly.usage_date <= run_parameters.as_of_date
    group by all

),

amounts as (

    select
        usage_key_id,
        usage_date,
        'tokens_without_cost' as kind,
        cast(sum(tokens) as bigint) as tokens,
        case when count(*) = count(cost) then {{ fine_money('sum(cost)') }} end as amount
    from priced
    group by all
    union all
    select
        hourly.usage_key_id,
        hourly.usage_date,
        'cost_without_tokens',
        cast(0 as bigint),
        {{ fine_money('sum(' ~ reporting_amount('hourly.gateway_cost', "'USD'") ~ ')') }}
    from hourly
    cross join run_parameters
    left join exchange_rates on exchange_rates.currency = 'USD' and hourly.usage_date = exchange_rates.rate_date
    where not hourly.is_measured and hourly.gateway_cost > 0 and hourly.usage_date <= run_parameters.as_of_date
    group by all

)

select
    counted.usage_date,
    counted.kind,
    owners.initiative_id,
    owners.department_id,
    keys.actor_id,
    keys.api_key_id,
    cast(sum(counted.requests) as bigint) as requests,
    cast(sum(amounts.tokens) as bigint) as tokens,
    case when count(*) = count(amounts.amount) then {{ fine_money('sum(amounts.amount)') }} end as amount
from counted
inner join keys on counted.usage_key_id = keys.usage_key_id
left join amounts
    on counted.usage_key_id = amounts.usage_key_id
    and counted.usage_date = amounts.usage_date
    and counted.kind = amounts.kind
left join owners on counted.usage_key_id = owners.usage_key_id and counted.usage_date = owners.usage_date
group by all
