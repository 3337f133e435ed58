{{ config(materialized='view') }}
{# The columns are those of a day of the summed log, which takes them from here. A prompt above one bound and not above
   the next is above the same context tiers as any other such prompt: every tier begins at a bound. #}
{% set sums = ['request', 'failed_requests', 'refused_requests'] + gateway_counts() -%}
with

quarters as (

    select
        *,
        {{ quarter_hour('started_at') }} as quarter_hour
    from {{ ref('stg_litellm__rolled_up_usage') }}

),

quarter_hours as (

    select * from {{ ref('int_quarter_hours') }}

),

context_tiers as (

    select * from {{ ref('int_context_tiers') }}

)

select
    quarters.partition,
    date_trunc('day', quarters.started_at) as started_at,
    quarter_hours.part_start_at,
    quarter_hours.usage_date,
    'litellm' as source,
    quarters.provider,
    quarters.gateway_provider,
    quarters.account_id,
    cast(null as string) as project_id,
    quarters.api_key_id,
    quarters.actor_id,
    quarters.team_id,
    quarters.model_id,
    quarters.request_tags,
    quarters.service_tier,
    {{ gateway_price_variant() }} as price_variant,
    false as is_aggregated,
    coalesce(context_tiers.context_tier_start, 0) as context_tier_start,
    quarters.is_duplicate,
    quarters.is_measured,
    quarters.is_without_gateway_cost,
    {% for sum in sums -%}
    cast(sum(quarters.{{ sum }}) as bigint) as {{ sum }},
    {% endfor -%}
    max(quarters.dearest_request) as dearest_request,
    cast(sum(quarters.gateway_cost) as decimal(38, 9)) as gateway_cost
from quarters
inner join quarter_hours on quarters.quarter_hour = quarter_hours.quarter_hour
left join context_tiers
    on quarters.provider = context_tiers.provider
    and quarters.model_id = context_tiers.model_id
    and quarters.prompt_bound >= context_tiers.context_tier_start
    and quarters.prompt_bound < context_tiers.last_prompt_tokens
group by all
