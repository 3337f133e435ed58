select
    initiative_id,
    metric_date,
    units
from {{ ref('int_initiative_units_matched') }}
where units is not null
