with

metrics as (

    select * from {{ ref('int_business_metrics_reported') }}

)

select
    metric_date,
    metric_id,
    initiative_id,
    product_id,
    department_id,
    value
from metrics
