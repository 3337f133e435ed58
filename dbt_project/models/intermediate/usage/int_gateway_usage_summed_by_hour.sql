{{ config(materialized='summed_by_batches', event_date='billing_date') }}
-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}
{%- set besides = [
    'api_key_id', 'actor_id', 'team_id', 'account_id', 'call_id', 'request_tags', 'has_token_evidence', 'error_type',
    'error_class', 'gateway_spend',
] %}
{%- set order = counted_first(besides) %}

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
        {{ linked_call(quotient('quarter_hour', 96), order) }}
    from logs
    where
        request_hash in (select request_hash from repeated_hashes)
        or call_hash in (select request_hash from repeated_hashes)

),

repeated_requests as (

    select
        {{ all_but(['linked_call_id', 'may_count', 'is_repeated']) }},
        {{ is_duplicate_of_call(quotient('quarter_hour', 96), order) }} as is_duplicate
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
        quarter_hours.part_start_at,
        quarter_hours.usage_date,
        requests.*,
        {{ gateway_flags('requests') }},
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
        part_start_at,
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
        {{ is_measured_call() }} as is_measured,
        is_without_gateway_cost,
        {{ gateway_sums() }}
    from placed
    group by all

),

-- what another engine summed of a log that is not here, see macros/gateway_rollup.sql
rolled_up as (

    select * from {{ ref('int_gateway_usage_rolled_up') }}
    where {{ in_gateway_batch() }}

),

hours as (

    select * from summed
    union all
    select {{ all_but(['partition', 'started_at']) }} from rolled_up

)

select
    {{ integer_key(usage_key_columns()) }} as usage_key_id,
    {{ begin_of('hour', 'part_start_at') }} as usage_start_at,
    cast(part_start_at as date) as billing_date,
    {{ all_but(gateway_counts()) }},
    {{ gateway_classes() }}
from hours
