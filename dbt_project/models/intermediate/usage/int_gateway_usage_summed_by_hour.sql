{{ config(materialized='summed_by_batches', event_date='billing_date') }}
-- depends_on: {{ ref('stg_run__parameters') }}, {{ ref('stg_run__gateway_batches') }}

with

logs as (

    select
        request_id,
        hash(request_id) as request_hash,
        cast(floor(epoch(started_at)) as bigint) // 900 as quarter_hour,
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
        has_token_evidence,
        prompt_tokens,
        completion_tokens,
        cache_read_tokens,
        cache_write_tokens,
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

repeated_requests as (

    select
        logs.*,
        row_number() over (
            partition by logs.request_id, logs.quarter_hour // 96
            order by {{ counted_first() }}
        ) > 1 as is_duplicate
    from logs
    inner join repeated_hashes on logs.request_hash = repeated_hashes.request_hash

),

requests as (

    select
        logs.*,
        false as is_duplicate
    from logs
    anti join repeated_hashes on logs.request_hash = repeated_hashes.request_hash
    union all
    select * from repeated_requests

),

placed as (

    select
        quarter_hours.usage_start_at,
        quarter_hours.usage_date,
        requests.*,
        requests.status = 'success' as is_success,
        case when requests.status <> 'success' then
            regexp_matches(
                lower(concat_ws(' ', requests.error_type, requests.error_class)), 'budget|rate_?limit|throttl'
            )
        end as is_refused,
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
        cast(null as varchar) as project_id,
        api_key_id,
        actor_id,
        team_id,
        model_id,
        request_tags,
        'standard' as service_tier,
        'standard' as price_variant,
        false as is_aggregated,
        context_tier_start,
        is_duplicate,
        is_success and has_token_evidence as is_measured,
        count(*) filter (where is_success) as request,
        count(*) filter (where not is_success) as failed_requests,
        count(*) filter (where is_refused) as refused_requests,
        cast(coalesce(
            sum(prompt_tokens - cache_read_tokens - cache_write_tokens) filter (where is_success), 0
        ) as bigint) as input_uncached,
        cast(coalesce(sum(cache_read_tokens) filter (where is_success), 0) as bigint) as cache_read,
        cast(coalesce(sum(cache_write_tokens) filter (where is_success), 0) as bigint) as cache_write_other,
        cast(coalesce(sum(completion_tokens) filter (where is_success), 0) as bigint) as output,
        max(gateway_spend) as dearest_request
    from placed
    group by all

)

select
    {{ integer_key(usage_key_columns()) }} as usage_key_id,
    cast(usage_start_at as date) as billing_date,
    *
from summed
