{% set classes = token_classes('litellm') | map(attribute=0) | reject('equalto', 'request') | list -%}
{% set grain = ['adapter', 'entity', 'time_zone', 'cap_date'] -%}
{% set columns = grain + [
    'requests', 'refused_requests', 'gateway_cost', 'last_request_hour', 'cost', 'is_partly_unpriced', 'is_logged'
] -%}
with

capped as (

    select adapter, entity, time_zone, min(window_start_date) as first_date
    from {{ ref('int_capped_windows_by_day') }}
    group by all

),

hourly as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate and usage_date >= (select min(first_date) - 1 from capped)

),

usage as (

    select * from {{ ref('int_usage_owned') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

seen as (

    select distinct api_key_id, team_id, actor_id from hourly

),

capped_keys as (

    select
        capped.*,
        seen.api_key_id,
        seen.team_id,
        seen.actor_id
    from capped
    inner join seen
        on capped.entity in ('key:' || seen.api_key_id, 'team:' || seen.team_id, 'developer:' || seen.actor_id)
    where capped.adapter in {{ adapters_of_the_log() }}

),

initiative_usage as (

    select distinct
        capped.adapter,
        capped.entity,
        capped.time_zone,
        capped.first_date,
        usage.usage_key_id,
        usage.usage_date
    from capped
    inner join usage
        on capped.entity = 'initiative:' || usage.initiative_id
        and usage.source = 'litellm'
    where capped.adapter in {{ adapters_of_the_log() }}

),

matched as (

    select
        capped_keys.adapter,
        capped_keys.entity,
        capped_keys.time_zone,
        capped_keys.first_date,
        hourly.*
    from hourly
    inner join capped_keys
        on hourly.api_key_id is not distinct from capped_keys.api_key_id
        and hourly.team_id is not distinct from capped_keys.team_id
        and hourly.actor_id is not distinct from capped_keys.actor_id
    union all
    select
        {{ all_but(['usage_key_id', 'usage_date'], 'initiative_usage') }},
        hourly.*
    from hourly
    inner join initiative_usage
        on hourly.usage_key_id = initiative_usage.usage_key_id and hourly.usage_date = initiative_usage.usage_date

),

placed as (

    select
        matched.adapter,
        matched.entity,
        matched.time_zone,
        {{ day_in_zone('matched.time_zone', 'matched.part_start_at', 'matched.usage_date') }} as cap_date,
        matched.provider,
        matched.model_id,
        matched.price_variant,
        matched.context_tier_start,
        matched.billing_date,
        {% for token_class in classes -%}
        cast(sum(matched.{{ token_class }}) as bigint) as {{ token_class }},
        {% endfor -%}
        cast(sum(matched.request) as bigint) as requests,
        max(matched.usage_start_at) filter (where matched.request > 0) as last_request_hour,
        cast(sum(matched.refused_requests) as bigint) as refused_requests,
        cast(sum(matched.gateway_cost) as decimal(38, 9)) as gateway_cost
    from matched
    cross join run_parameters
    where matched.usage_date <= run_parameters.as_of_date and matched.usage_date >= matched.first_date - 1
    group by all

),

priced as (

    {{ gateway_classes_priced('placed', grain) }}

),

logged as (

    select
        counted.*,
        coalesce(costs.cost, 0) as cost,
        coalesce(costs.is_partly_unpriced, false) as is_partly_unpriced,
        true as is_logged
    from (
        select
            placed.adapter, placed.entity, placed.time_zone, placed.cap_date,
            sum(placed.requests) as requests,
            max(placed.last_request_hour) as last_request_hour,
            sum(placed.refused_requests) as refused_requests,
            sum({{ reporting_amount('placed.gateway_cost', "'USD'") }}) as gateway_cost
        from placed
        cross join run_parameters
        left join exchange_rates on exchange_rates.currency = 'USD' and placed.cap_date = exchange_rates.rate_date
        group by all
    ) as counted
    left join (
        select
            {{ grain | join(', ') }},
            sum(cost) as cost,
            bool_or(cost is null) as is_partly_unpriced
        from priced
        group by all
    ) as costs using ({{ grain | join(', ') }})

),

-- what a source tells by day only: its reporting day is the day of the window in every zone
named as (

    select
        usage_date,
        source,
        token_class,
        quantity,
        contracted_cost,
        pricing_status,
        {{ each_filled([
            "'key:' || api_key_id", "'team:' || team_id", "'developer:' || actor_id",
            "'initiative:' || initiative_id", "'project:' || project_id", "'workspace:' || project_id"
        ]) }} as entity
    from usage
    where source <> 'litellm' or is_aggregated

),

reported as (

    select
        capped.adapter,
        capped.entity,
        capped.time_zone,
        named.usage_date as cap_date,
        coalesce(sum(named.quantity) filter (where named.token_class = 'request'), 0) as requests,
        cast(0 as bigint) as refused_requests,
        cast(null as decimal(38, 9)) as gateway_cost,
        cast(null as timestamp) as last_request_hour,
        coalesce(sum(named.contracted_cost), 0) as cost,
        coalesce(bool_or(named.pricing_status = 'unpriced' and named.contracted_cost is null), false)
            as is_partly_unpriced,
        false as is_logged
    from named
    inner join capped
        on named.entity = capped.entity
        and (
            named.source = capped.adapter
            or named.source = 'litellm' and capped.adapter in {{ adapters_of_the_log() }}
        )
    where named.usage_date >= capped.first_date
    group by all

)

select
    {{ grain | join(', ') }},
    cast(sum(requests) as bigint) as requests,
    cast(sum(refused_requests) as bigint) as refused_requests,
    cast(sum(gateway_cost) as decimal(38, 9)) as gateway_cost,
    {{ moment_of("'UTC'", 'max(last_request_hour)') }} as last_request_hour,
    {{ fine_money('sum(cost)') }} as cost,
    bool_or(is_partly_unpriced) as is_partly_unpriced,
    bool_and(is_logged) as is_logged
from (
    select {{ columns | join(', ') }}
    from logged
    union all
    select {{ columns | join(', ') }}
    from reported
) as days
group by all
