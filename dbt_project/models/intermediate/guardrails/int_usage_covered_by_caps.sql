{% set sides = [
    ('keys', "'key:' || usage.api_key_id"), ('teams', "'team:' || usage.team_id"),
    ('developers', "'developer:' || usage.actor_id"),
    ('initiatives', "'initiative:' || usage.initiative_id"), ('projects', "'project:' || usage.project_id"),
] -%}
with

usage as (

    select
        usage_date,
        source,
        provider,
        api_key_id,
        team_id,
        actor_id,
        project_id,
        initiative_id,
        department_id,
        is_counted,
        {{ fine_money('coalesce(sum(contracted_cost), 0)') }} as cost,
        bool_or(pricing_status = 'unpriced' and contracted_cost is null) as is_partly_unpriced,
        cast(coalesce(sum(quantity) filter (where token_class = 'request'), 0) as bigint) as requests,
        cast(coalesce(sum(quantity) filter (where unit = 'tokens'), 0) as bigint) as tokens
    from {{ ref('int_usage_owned') }}
    group by all

),

capped_days as (

    select distinct
        case when adapter in {{ adapters_of_the_log() }} then 'litellm' else adapter end as source,
        replace(entity, 'workspace:', 'project:') as entity,
        cap_date
    from {{ ref('int_capped_windows_by_day') }}
    where cap_id is not null or cap_in_force is not null

),

-- what a gateway saw of a provider that reports its own usage is in both; what only the provider saw is the rest
seen_twice as (

    select
        usage_date,
        provider,
        {{ fine_money('coalesce(sum(cost) filter (where is_counted), 0)') }} as counted_cost,
        {{ fine_money('coalesce(sum(cost) filter (where not is_counted), 0)') }} as gateway_cost
    from usage
    where is_counted or source in ('litellm', 'merge_gateway', 'openrouter')
    group by all
    having count(*) filter (where not is_counted) > 0

)

select
    {{ all_but(['cost', 'is_counted'], 'usage') }},
    case
        when seen_twice.provider is null or not usage.is_counted then usage.cost
        else {{ portion_of(
            'usage.cost', 'greatest(seen_twice.counted_cost - seen_twice.gateway_cost, 0)', 'seen_twice.counted_cost'
        ) }}
    end as cost,
    {% for side, _ in sides -%}
    {{ side }}.entity is not null{{ ' or ' if not loop.last }}
    {%- endfor %} as is_covered
from usage
left join seen_twice on usage.usage_date = seen_twice.usage_date and usage.provider = seen_twice.provider
{% for side, entity in sides -%}
left join capped_days as {{ side }}
    on usage.source = {{ side }}.source
    and {{ entity }} = {{ side }}.entity
    and usage.usage_date = {{ side }}.cap_date
{% endfor -%}
where
    usage.is_counted and (seen_twice.provider is null or seen_twice.counted_cost > seen_twice.gateway_cost)
    or not usage.is_counted and usage.source in ('litellm', 'merge_gateway', 'openrouter')
