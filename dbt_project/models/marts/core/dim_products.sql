select
    product_id,
    name,
    product_line,
    business_unit,
    target_gross_margin_ratio,
    margin_floor_ratio
from {{ ref('stg_registry__products') }}
