select
    initiative_id,
    metric_date,
    units,
    unit_of_work
from {{ ref('int_initiative_units_matched') }}
where units is not null
