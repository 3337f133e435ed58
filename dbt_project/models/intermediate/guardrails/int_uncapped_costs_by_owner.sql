with

usage as (

    select * from {{ ref('int_usage_covered_by_caps') }}

),

entities as (

    select distinct adapter, entity, subject, subject_id from {{ ref('int_capped_windows_by_day') }}

),

-- whose a key is that a cap names alone: the person's who uses it, else the initiative's that most of it is for
key_owners as (

    select
        'key:' || api_key_id as entity,
        case when count(distinct actor_id) = 1 and count(actor_id) = count(*) then min(actor_id) end as actor_id,
        max_by(initiative_id, (cost, initiative_id)) filter (where initiative_id is not null) as initiative_id
    from (
        select api_key_id, actor_id, initiative_id, sum(cost) as cost
        from usage
        where api_key_id is not null
        group by all
    ) as keys
    group by api_key_id

),

owners as (

    select
        entities.adapter,
        entities.entity,
        entities.subject,
        entities.subject_id,
        case
            when entities.subject in ('developer', 'initiative', 'team') then entities.subject
            when key_owners.actor_id is not null then 'developer'
            when key_owners.initiative_id is not null then 'initiative'
        end as owner_type,
        case
            when entities.subject in ('developer', 'initiative', 'team') then entities.subject_id
            else coalesce(key_owners.actor_id, key_owners.initiative_id)
        end as owner_id
    from entities
    left join key_owners on entities.entity = key_owners.entity

),

uncovered as (

    select usage_date, 'developer' as owner_type, actor_id as owner_id, cost from usage
    where not is_covered and actor_id is not null
    union all
    select usage_date, 'initiative', initiative_id, cost from usage
    where not is_covered and initiative_id is not null
    union all
    select usage_date, 'team', team_id, cost from usage
    where not is_covered and team_id is not null

)

select
    owners.adapter,
    owners.entity,
    owners.subject,
    owners.subject_id,
    uncovered.usage_date,
    {{ fine_money('coalesce(sum(uncovered.cost), 0)') }} as uncapped_cost
from owners
left join uncovered on owners.owner_type = uncovered.owner_type and owners.owner_id = uncovered.owner_id
where owners.owner_id is not null
group by all
