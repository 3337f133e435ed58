with

usage as (

    select * from {{ ref('int_usage_owned') }}
    where share_method is not null

),

weights as (

    select * from {{ ref('int_sharing_weights_by_day') }}

)

select
    {{ usage_row_key('usage') }} as usage_key,
    weights.initiative_id,
    weights.department_id,
    usage.rule_id as allocation_rule_id,
    coalesce(weights.method_override, usage.share_method) as allocation_method,
    weights.share_ratio
from usage
inner join weights
    on usage.rule_id = weights.rule_id and usage.usage_date = weights.shared_date
