select
    'openai' as provider,
    project_id,
    max(name) as name
from {{ ref('stg_openai__projects') }}
group by project_id
union all
select
    'anthropic' as provider,
    workspace_id as project_id,
    max(name) as name
from {{ ref('stg_anthropic__workspaces') }}
group by workspace_id
