{{ config(materialized='view') }}

with

caps as (

    select
        {{ all_but(['valid_from', 'valid_to']) }},
        {{ effective_bounds() }}
    from {{ ref('stg_registry__caps') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

usage_keys as (

    select * from {{ ref('int_usage_keys_numbered') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

keys_seen as (

    select usage_key_id, min(usage_date) as first_date
    from {{ ref('int_usage_summed_by_day') }}
    group by usage_key_id

),

ids_seen as (

    select
        usage_keys.source,
        usage_keys.api_key_id,
        usage_keys.actor_id,
        usage_keys.team_id,
        min(keys_seen.first_date) as first_date
    from usage_keys
    inner join keys_seen on usage_keys.usage_key_id = keys_seen.usage_key_id
    group by usage_keys.source, usage_keys.api_key_id, usage_keys.actor_id, usage_keys.team_id

),

subjects as (

    select 'key' as subject, source, api_key_id as subject_id, first_date from ids_seen
    union all
    select 'developer' as subject, source, actor_id as subject_id, first_date from ids_seen
    union all
    select 'team' as subject, source, team_id as subject_id, first_date from ids_seen
    union all
    select 'initiative' as subject, cast(null as string) as source, initiative_id as subject_id, started_on
    from initiatives

),

matched as (

    select
        caps.cap_id,
        caps.subject,
        subjects.subject_id,
        caps.adapter,
        caps.subject || ':' || subjects.subject_id as entity,
        caps.cap_window,
        caps.time_zone,
        caps.reset_day,
        caps.mode,
        cast(null as string) as actions,
        caps.amount,
        caps.currency,
        caps.headroom,
        caps.effective_from,
        caps.effective_to,
        min(subjects.first_date) as first_date
    from caps
    inner join subjects
        on caps.subject = subjects.subject
        and {{ text_is('subjects.subject_id', 'caps.id_pattern') }}
        -- what is no source itself (a webhook, a file, a gateway whose log is not read) holds caps of ids seen anywhere
        and (
            subjects.source is null
            or subjects.source = caps.adapter
            or caps.adapter in ('mlflow', 'webhook', 'policy_file')
        )
    group by all

),

declared as (

    select
        'initiative:' || initiatives.initiative_id as cap_id,
        'initiative' as subject,
        initiatives.initiative_id as subject_id,
        initiatives.guardrail_adapter as adapter,
        initiatives.guardrail_entity as entity,
        'daily' as cap_window,
        run_parameters.reporting_time_zone as time_zone,
        cast(null as integer) as reset_day,
        case
            when ',' || initiatives.guardrail_actions || ',' like '%,block,%' then 'hard' else 'alert'
        end as mode,
        initiatives.guardrail_actions as actions,
        initiatives.guardrail_daily_cap as amount,
        initiatives.guardrail_currency as currency,
        cast(null as decimal(38, 9)) as headroom,
        initiatives.effective_from,
        initiatives.effective_to,
        initiatives.started_on as first_date
    from initiatives
    cross join run_parameters
    where initiatives.guardrail_entity is not null

)

select * from matched
union all
select * from declared
