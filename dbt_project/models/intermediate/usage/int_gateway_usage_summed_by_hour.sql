{# One row per UTC hour, local day, key, user, team, model, context tier and kind of outcome of the gateway's log.
   A request id counts once, in whichever file and however often it came; a succeeded row wins over a failed one, and
   the others stay apart as duplicates.
   Rebuilt by windows of days, see replace_window; days after the as-of date are kept here and cut downstream. #}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='sync_all_columns',
    pre_hook="{{ replace_window('billing_date') }}"
) }}

with

logs as (

    select
        *,
        hash(request_id) as request_hash
    from {{ ref('stg_litellm__spend_logs') }}
    where {{ in_window("cast(started_at at time zone 'UTC' as date)") }}

),

quarter_hours as (

    select * from {{ ref('int_quarter_hours') }}

),

repeated_hashes as (

    select request_hash
    from logs
    group by request_hash
    having count(*) > 1

),

repeated_requests as (

    select
        logs.*,
        row_number() over (
            partition by logs.request_id
            order by
                case when status = 'success' then 0 else 1 end,
                prompt_tokens + completion_tokens desc,
                started_at,
                partition
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

context_tiers as (

    select * from {{ ref('int_context_tiers') }}

),

placed as (

    select
        quarter_hours.usage_start_at,
        quarter_hours.usage_date,
        quarter_hours.billing_date,
        requests.*,
        requests.status = 'success' as is_success,
        coalesce(context_tiers.context_tier_start, 0) as context_tier_start
    from requests
    inner join quarter_hours
        on cast(floor(epoch(requests.started_at)) as bigint) // 900 = quarter_hours.quarter_hour
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
        billing_date,
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
        count(*) filter (
            where not is_success
            and regexp_matches(lower(concat_ws(' ', error_type, error_class)), 'budget|rate_?limit|throttl')
        ) as refused_requests,
        coalesce(sum(prompt_tokens - cache_read_tokens - cache_write_tokens) filter (where is_success), 0)
            as input_uncached,
        coalesce(sum(cache_read_tokens) filter (where is_success), 0) as cache_read,
        coalesce(sum(cache_write_tokens) filter (where is_success), 0) as cache_write_other,
        coalesce(sum(completion_tokens) filter (where is_success), 0) as output
    from placed
    group by all

)

select
    {{ integer_key(usage_key_columns()) }} as usage_key_id,
    *
from summed
