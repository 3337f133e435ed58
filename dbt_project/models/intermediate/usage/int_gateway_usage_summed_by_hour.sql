{{ config(materialized='summed_by_batches', event_date='billing_date') }}
-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
{%- set besides = [
    'api_key_id', 'actor_id', 'team_id', 'account_id', 'call_id', 'request_tags', 'has_token_evidence', 'error_type',
    'error_class', 'gateway_spend',
] %}

with

logs as (

    select
        request_id,
        {{ hash_of(['request_id']) }} as request_hash,
        call_id,
        case when call_id is not null then {{ hash_of(['call_id']) }} end as call_hash,
        {{ quarter_hour('started_at') }} as quarter_hour,
        started_at,
        partition,
        status,
        error_type,
        error_class,
        provider,
        gateway_provider,
        account_id,
        api_key_id,
        actor_id,
        team_id,
        model_id,
        request_tags,
        service_tier,
        is_served,
        has_token_evidence,
        {{ gateway_counts() | join(',\n        ') }},
        gateway_spend
    from {{ ref('stg_litellm__spend_logs') }}
    where {{ in_gateway_batch() }}

),

quarter_hours as (

    select * from {{ ref('int_quarter_hours') }}

),

context_tiers as (

    select * from {{ ref('int_context_tiers') }}

),

repeated_hashes as (

    select * from {{ ref('int_gateway_hashes_repeated') }}

),

linked_requests as (

    select
        *,
        coalesce(
            max(call_id) over (partition by request_id, {{ quotient('quarter_hour', 96) }}), request_id
        ) as linked_call_id,
        status = 'success' and row_number() over (
            partition by request_id, {{ quotient('quarter_hour', 96) }}
            order by {{ counted_first(besides) }}
        ) = 1 as may_count,
        row_number() over (
            partition by request_id, {{ quotient('quarter_hour', 96) }}
            order by {{ counted_first(besides) }}
        ) > 1 as is_repeated
    from logs
    where
        request_hash in (select request_hash from repeated_hashes)
        or call_hash in (select request_hash from repeated_hashes)

),

repeated_requests as (

    select
        {{ all_but(['linked_call_id', 'may_count', 'is_repeated']) }},
        is_repeated or may_count and row_number() over (
            partition by linked_call_id, {{ quotient('quarter_hour', 96) }}, may_count
            order by {{ counted_first(besides) }}
        ) > 1 as is_duplicate
    from linked_requests

),

requests as (

    select
        logs.*,
        false as is_duplicate
    from logs
    anti join repeated_hashes on logs.request_hash = repeated_hashes.request_hash
    anti join repeated_hashes as repeated_calls on logs.call_hash = repeated_calls.request_hash
    union all
    select * from repeated_requests

),

placed as (

    select
        quarter_hours.usage_start_at,
        quarter_hours.usage_date,
        requests.*,
        requests.status = 'success' as is_success,
        requests.status = 'success' and requests.is_served as is_generated,
        case when requests.status <> 'success' then
            {{ text_matches(
                "lower(concat_ws(' ', requests.error_type, requests.error_class))", "'budget|rate_?limit|throttl'"
            ) }}
        end as is_refused,
        coalesce(requests.gateway_spend, 0) = 0 and requests.status = 'success' and requests.is_served
        and requests.prompt_tokens + requests.completion_tokens > 0 as is_without_gateway_cost,
        coalesce(context_tiers.context_tier_start, 0) as context_tier_start
    from requests
    inner join quarter_hours on requests.quarter_hour = quarter_hours.quarter_hour
    left join context_tiers
        on requests.provider = context_tiers.provider
        and requests.model_id = context_tiers.model_id
        and requests.prompt_tokens > context_tiers.context_tier_start
        and requests.prompt_tokens <= context_tiers.last_prompt_tokens

),

summed as (

    select
        usage_start_at,
        usage_date,
        'litellm' as source,
        provider,
        gateway_provider,
        account_id,
        cast(null as string) as project_id,
        api_key_id,
        actor_id,
        team_id,
        model_id,
        request_tags,
        service_tier,
        {{ gateway_price_variant() }} as price_variant,
        false as is_aggregated,
        context_tier_start,
        is_duplicate,
        is_success and (has_token_evidence or not is_served) as is_measured,
        is_without_gateway_cost,
        count(*) filter (where is_success) as request,
        count(*) filter (where not is_success) as failed_requests,
        count(*) filter (where is_refused) as refused_requests,
        {% for count in gateway_counts() -%}
        cast(coalesce(sum({{ count }}) filter (where is_generated), 0) as bigint) as {{ count }},
        {% endfor -%}
        max(gateway_spend) as dearest_request,
        cast(sum(try_cast(gateway_spend as decimal(18, 9))) as decimal(38, 9)) as gateway_cost
    from placed
    group by all

)

select
    {{ integer_key(usage_key_columns()) }} as usage_key_id,
    cast(usage_start_at as date) as billing_date,
    {{ all_but(gateway_counts()) }},
    {{ gateway_classes() }}
from summed
