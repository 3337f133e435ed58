{{ config(materialized='view') }}
with

logs as (

    select
        partition,
        request_id,
        coalesce(call_id, request_id) as call_id,
        started_at,
        cast({{ utc_time('started_at') }} as date) as billing_date,
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
        price_variant,
        {{ gateway_classes() }}
    from logs

)

select * from calls
