select
    product_id,
    cost_date,
    other_cogs,
    other_cogs_basis
from {{ ref('int_other_cogs_known_by_day') }}
where known_until is null
