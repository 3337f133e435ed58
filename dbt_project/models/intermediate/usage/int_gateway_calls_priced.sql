{{ config(materialized='view') }}
{% set classes = token_classes('litellm') | rejectattr(0, 'eq', 'request') | list -%}
with

logs as (

    select
        partition,
        request_id,
        coalesce(call_id, request_id) as call_id,
        started_at,
        cast(started_at at time zone 'UTC' as date) as billing_date,
        provider,
        model_id,
        api_key_id,
        status = 'success' and is_served as is_generated,
        {{ gateway_price_variant() }} as price_variant
        {%- for count in gateway_counts() %},
        coalesce({{ count }}, 0) as {{ count }}
        {%- endfor %}
    from {{ ref('stg_litellm__spend_logs') }}

),

calls as (

    select
        partition,
        request_id,
        call_id,
        started_at,
        billing_date,
        provider,
        model_id,
        api_key_id,
        is_generated,
        prompt_tokens,
        completion_tokens,
        {{ integer_key(['provider', 'model_id', 'price_variant']) }} as price_key,
        {{ gateway_classes() }}
    from logs

),

context_tiers as (

    select * from {{ ref('int_context_tiers') }}

),

prices as (

    select * from {{ ref('int_gateway_prices_by_day') }}

)

select
    calls.partition,
    calls.request_id,
    calls.call_id,
    calls.started_at,
    calls.billing_date,
    calls.api_key_id,
    calls.model_id,
    calls.is_generated,
    calls.prompt_tokens,
    calls.completion_tokens,
    case
        when calls.is_generated then cast(
            {%- for token_class, unit in classes %}
            {%- set quantity = 'greatest(calls.' ~ token_class ~ ', 0)' %}
            coalesce({{ metered_cost(quantity, 'prices.' ~ token_class ~ '_price') }}, 0)
            {{ '+' if not loop.last }}
            {%- endfor %}
            as decimal(38, 12)
        )
        else cast(0 as decimal(38, 12))
    end as cost
from calls
left join context_tiers
    on calls.provider = context_tiers.provider
    and calls.model_id = context_tiers.model_id
    and calls.prompt_tokens > context_tiers.context_tier_start
    and calls.prompt_tokens <= context_tiers.last_prompt_tokens
left join prices
    on calls.price_key = prices.price_key
    and calls.billing_date = prices.billing_date
    and coalesce(context_tiers.context_tier_start, 0) = prices.context_tier_start
