{# Deleted keys vanish from the directories but not from usage: a key seen in either is here, with provider, for an
   id is unique only with it. #}
with

seen as (

    select distinct provider, source, api_key_id from {{ ref('int_usage_owned') }}
    where api_key_id is not null

),

directories as (

    select 'openai' as source, api_key_id, name, project_id from {{ ref('stg_openai__api_keys') }}
    union all
    select 'anthropic' as source, api_key_id, name, workspace_id as project_id from {{ ref('stg_anthropic__api_keys') }}
    union all
    select 'openrouter' as source, api_key_id, name, cast(null as varchar) as project_id
    from {{ ref('stg_openrouter__api_keys') }}

)

select
    coalesce(seen.provider, directories.source) as provider,
    coalesce(seen.api_key_id, directories.api_key_id) as api_key_id,
    directories.name,
    directories.project_id,
    directories.api_key_id is not null as is_in_directory
from seen
full outer join directories
    on seen.source = directories.source and seen.api_key_id = directories.api_key_id
