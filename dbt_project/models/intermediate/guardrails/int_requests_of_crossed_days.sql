-- depends_on: {{ ref('int_caps_crossed_days') }}
{% set besides = ['api_key_id', 'actor_id', 'team_id', 'call_id', 'error_type', 'error_class', 'gateway_spend'] -%}
{% set crossed_days = crossed_gateway_days() -%}
{% set key_columns = [] -%}
{% for column in usage_key_columns() %}{% do key_columns.append('logs.' ~ column) %}{% endfor -%}
{% set entity = ['adapter', 'entity', 'time_zone', 'cap_date'] | join(', ') -%}
with

crossed_days as (

    select * from {{ ref('int_caps_crossed_days') }}

),

context_tiers as (

    select * from {{ ref('int_context_tiers') }}

),

owners as (

    select distinct usage_key_id, usage_date, 'initiative:' || initiative_id as entity
    from {{ ref('int_usage_owned') }}
    where source = 'litellm' and initiative_id is not null

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

logs as (

    select
        *,
        cast({{ utc_time('started_at') }} as date) as billing_date,
        'litellm' as source,
        cast(null as string) as project_id,
        false as is_aggregated,
        {{ gateway_price_variant() }} as price_variant
    from {{ ref('stg_litellm__spend_logs') }}
    where
        {% if crossed_days is none -%}
        cast({{ utc_time('started_at') }} as date) in (select billing_date from crossed_days)
        {%- elif crossed_days -%}
        {{ between_gateway_days(crossed_days) }}
        and cast({{ utc_time('started_at') }} as date) in ({{ crossed_days }})
        {%- else -%}
        false
        {%- endif %}

),

owned as (

    select
        logs.*,
        owners.entity as initiative_entity
    from logs
    cross join run_parameters
    left join owners
        on {{ integer_key(key_columns) }} = owners.usage_key_id
        and cast({{ local_time('run_parameters.reporting_time_zone', 'logs.started_at') }} as date) = owners.usage_date

),

named as (

    select
        *,
        {{ each_filled([
            "'key:' || api_key_id", "'team:' || team_id", "'developer:' || actor_id", 'initiative_entity'
        ]) }} as entity
    from owned

),

wanted as (

    select
        crossed_days.adapter,
        crossed_days.time_zone,
        crossed_days.cap_date,
        named.*
    from named
    inner join crossed_days
        on named.entity = crossed_days.entity and named.billing_date = crossed_days.billing_date
    where cast({{ local_time('crossed_days.time_zone', 'named.started_at') }} as date) = crossed_days.cap_date

),

-- which row of a request, and of a call, counts: as in the summed log
linked as (

    select
        *,
        coalesce(max(call_id) over (partition by {{ entity }}, request_id, billing_date), request_id) as linked_call_id,
        row_number() over (
            partition by {{ entity }}, request_id, billing_date
            order by {{ counted_first(besides) }}
        ) as request_rank
    from wanted

),

counted as (

    select *
    from linked
    where request_rank = 1
    qualify status <> 'success' or row_number() over (
        partition by {{ entity }}, linked_call_id, billing_date, status = 'success'
        order by {{ counted_first(besides) }}
    ) = 1

),

placed as (

    select
        {{ all_but(['status', 'is_served', 'linked_call_id', 'request_rank'], 'counted') }},
        counted.status = 'success' as is_success,
        counted.status = 'success' and counted.is_served as is_generated,
        {{ is_refused_call('counted') }} as is_refused,
        coalesce(context_tiers.context_tier_start, 0) as context_tier_start
    from counted
    left join context_tiers
        on counted.provider = context_tiers.provider
        and counted.model_id = context_tiers.model_id
        and counted.prompt_tokens > context_tiers.context_tier_start
        and counted.prompt_tokens <= context_tiers.last_prompt_tokens

),

classes as (

    select
        {{ all_but(gateway_counts()) }},
        {{ gateway_classes() }}
    from (
        select
            {{ all_but(gateway_counts()) }},
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
