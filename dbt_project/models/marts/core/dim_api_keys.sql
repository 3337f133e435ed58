{# Deleted keys vanish from the directories but not from usage: a key seen in either is here, with provider, for an
   id is unique only with it. A gateway's key is named by its latest alias in the log. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

seen as (

    select distinct provider, source, api_key_id from {{ ref('int_usage_owned') }}
    where api_key_id is not null

),

directories as (

    select 'openai' as source, api_key_id, name, project_id from {{ ref('stg_openai__api_keys') }}
    union all
    select 'anthropic' as source, api_key_id, name, workspace_id as project_id from {{ ref('stg_anthropic__api_keys') }}
    union all
    select 'openrouter' as source, api_key_id, name, cast(null as string) as project_id
    from {{ ref('stg_openrouter__api_keys') }}

),

aliases_used as (

    select
        uses.api_key_id,
        uses.key_alias,
        max(uses.used_at) as used_at
    from (
        select api_key_id, key_alias, used_at from {{ ref('int_gateway_key_aliases_by_day') }}
        union all
        select api_key_id, key_alias, cast(started_at as timestamp) from {{ ref('stg_litellm__rolled_up_usage') }}
        union all
        select api_key_id, key_alias, cast(billing_date as timestamp) from {{ ref('stg_litellm__daily_activity') }}
    ) as uses
    cross join run_parameters
    where uses.key_alias <> '' and cast(uses.used_at as date) <= run_parameters.as_of_date
    group by uses.api_key_id, uses.key_alias

),

aliases as (

    select
        api_key_id,
        max_by(key_alias, (used_at, key_alias)) as key_alias
    from aliases_used
    group by api_key_id

)

select
    coalesce(seen.provider, directories.source) as provider,
    coalesce(seen.api_key_id, directories.api_key_id) as api_key_id,
    coalesce(directories.name, aliases.key_alias) as name,
    directories.project_id,
    directories.api_key_id is not null as is_in_directory
from seen
full outer join directories
    on seen.source = directories.source and seen.api_key_id = directories.api_key_id
left join aliases on seen.source = 'litellm' and seen.api_key_id = aliases.api_key_id
