-- depends_on: {{ ref('int_caps_crossed_days') }}
{% set besides = ['api_key_id', 'actor_id', 'team_id', 'call_id', 'error_type', 'error_class', 'gateway_spend'] -%}
{% set crossed_days = crossed_gateway_days() -%}
with

crossed_days as (

    select * from {{ ref('int_caps_crossed_days') }}

),

context_tiers as (

    select * from {{ ref('int_context_tiers') }}

),

crossed_keys as (

    select distinct
        billing_date,
        case when entity like 'key:%' then substr(entity, 5) end as api_key_id,
        case when entity like 'team:%' then substr(entity, 6) end as team_id,
        case when entity like 'developer:%' then substr(entity, 11) end as actor_id
    from crossed_days

),

logs as (

    select
        *,
        cast(started_at at time zone 'UTC' as date) as billing_date
    from {{ ref('stg_litellm__spend_logs') }}
    where
        {% if crossed_days is none -%}
        cast(started_at at time zone 'UTC' as date) in (select billing_date from crossed_keys)
        {%- elif crossed_days -%}
        {{ between_gateway_days(crossed_days) }}
        and cast(started_at at time zone 'UTC' as date) in ({{ crossed_days }})
        {%- else -%}
        false
        {%- endif %}

),

wanted as (

    select logs.*
    from logs
    semi join crossed_keys
        on logs.billing_date = crossed_keys.billing_date
        and (
            logs.api_key_id = crossed_keys.api_key_id or logs.team_id = crossed_keys.team_id
            or logs.actor_id = crossed_keys.actor_id
        )

),

-- which row of a request, and of a call, counts: as in the summed log
linked as (

    select
        *,
        coalesce(max(call_id) over (partition by request_id, billing_date), request_id) as linked_call_id,
        row_number() over (partition by request_id, billing_date order by {{ counted_first(besides) }}) as request_rank
    from wanted

),

counted as (

    select *
    from linked
    where request_rank = 1
    qualify status <> 'success' or row_number() over (
        partition by linked_call_id, billing_date, status = 'success' order by {{ counted_first(besides) }}
    ) = 1

),

placed as (

    select
        crossed_days.adapter,
        crossed_days.entity,
        crossed_days.time_zone,
        crossed_days.cap_date,
        counted.* exclude (status, is_served, linked_call_id, request_rank),
        counted.status = 'success' as is_success,
        counted.status = 'success' and counted.is_served as is_generated,
        counted.status <> 'success' and regexp_matches(
            lower(concat_ws(' ', counted.error_type, counted.error_class)), 'budget|rate_?limit|throttl'
        ) as is_refused,
        {{ gateway_price_variant() }} as price_variant,
        coalesce(context_tiers.context_tier_start, 0) as context_tier_start
    from counted
    inner join crossed_days
        on counted.billing_date = crossed_days.billing_date
        and crossed_days.entity in (
            'key:' || counted.api_key_id, 'team:' || counted.team_id, 'developer:' || counted.actor_id
        )
        and cast(timezone(crossed_days.time_zone, counted.started_at) as date) = crossed_days.cap_date
    left join context_tiers
        on counted.provider = context_tiers.provider
        and counted.model_id = context_tiers.model_id
        and counted.prompt_tokens > context_tiers.context_tier_start
        and counted.prompt_tokens <= context_tiers.last_prompt_tokens

),

classes as (

    select
        * exclude ({{ gateway_counts() | join(', ') }}),
        {{ gateway_classes() }}
    from (
        select
            * exclude ({{ gateway_counts() | join(', ') }}),
            {% for count in gateway_counts() -%}
            case when is_generated then coalesce({{ count }}, 0) else 0 end as {{ count }}{{ ',' if not loop.last }}
            {% endfor %}
        from placed
    ) as counts

),

priced as (

    {{ gateway_classes_priced('classes', ['adapter', 'entity', 'time_zone', 'cap_date', 'request_id']) }}

),

costs as (

    select adapter, entity, time_zone, cap_date, request_id, billing_date, sum(cost) as cost
    from priced
    group by all

)

select
    classes.adapter,
    classes.entity,
    classes.time_zone,
    classes.cap_date,
    classes.request_id,
    classes.billing_date,
    classes.started_at,
    classes.is_success,
    classes.is_refused,
    {{ fine_money('coalesce(costs.cost, 0)') }} as cost
from classes
left join costs
    on classes.adapter = costs.adapter
    and classes.entity = costs.entity
    and classes.time_zone = costs.time_zone
    and classes.cap_date = costs.cap_date
    and classes.request_id = costs.request_id
    and classes.billing_date = costs.billing_date
where classes.is_success or classes.is_refused
