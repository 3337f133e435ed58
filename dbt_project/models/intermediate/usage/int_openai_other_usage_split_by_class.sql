{{ config(materialized='view') }}

with

usage as (

    select * from {{ ref('stg_openai__usage_other') }}

),

organization as (

    select max(account_id) as account_id from {{ ref('stg_openai__costs') }}

),

daily as (

    select
        cast(usage.billing_date as timestamp) as usage_start_at,
        usage.billing_date as usage_date,
        usage.billing_date,
        'openai' as source,
        'openai' as provider,
        cast(null as string) as gateway_provider,
        organization.account_id,
        usage.project_id,
        usage.api_key_id,
        usage.user_id as actor_id,
        cast(null as string) as team_id,
        usage.model_id,
        cast(null as string) as request_tags,
        usage.usage_kind as service_tier,
        'standard' as price_variant,
        cast(0 as bigint) as context_tier_start,
        true as is_measured,
        true as is_aggregated,
        cast(null as decimal(18, 6)) as stated_unit_price,
        usage.token_class,
        usage.unit,
        usage.quantity,
        case when usage.usage_kind <> 'web_search_calls' then usage.requests end as requests
    from usage
    cross join organization

)

select
    {{ usage_day_columns() | join(',\n    ') }},
    usage_start_at,
    token_class,
    unit,
    quantity
from daily
where quantity > 0
union all
select
    {{ usage_day_columns() | join(',\n    ') }},
    usage_start_at,
    'request' as token_class,
    'requests' as unit,
    requests as quantity
from daily
where requests > 0
