select
    rule_id,
    share_method,
    share_basis,
    coalesce(valid_from, date '0001-01-01') as effective_from,
    coalesce(valid_to, date '9999-12-31') as effective_to
from {{ ref('stg_registry__ownership_rules') }}
where share_method is not null
union all
select
    'pool:' || pool_id as rule_id,
    coalesce(share_method, 'proportional') as share_method,
    case when share_method is null then 'direct_cost' else share_basis end as share_basis,
    coalesce(valid_from, date '0001-01-01') as effective_from,
    coalesce(valid_to, date '9999-12-31') as effective_to
from {{ ref('stg_registry__pools') }}
