select
    rule_id,
    share_method,
    share_basis,
    {{ effective_bounds() }}
from {{ ref('stg_registry__ownership_rules') }}
where share_method is not null
union all
select
    'pool:' || pool_id as rule_id,
    coalesce(share_method, 'proportional') as share_method,
    case when share_method is null then 'direct_cost' else share_basis end as share_basis,
    {{ effective_bounds() }}
from {{ ref('stg_registry__pools') }}
