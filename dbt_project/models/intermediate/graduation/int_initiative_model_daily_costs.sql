select
    initiative_id,
    cost_date,
    coalesce(model_id, '(none)') as model_id,
    {{ fine_money('sum(allocated_cost)') }} as allocated_cost
from {{ ref('int_costs_allocated') }}
where initiative_id is not null
group by all
