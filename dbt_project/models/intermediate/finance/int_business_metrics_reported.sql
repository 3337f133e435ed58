with

metrics as (

    select * from {{ ref('stg_ledgers__business_metrics') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    metrics.metric_date,
    metrics.metric_id,
    metrics.initiative_id,
    metrics.product_id,
    metrics.department_id,
    {{ money('sum(metrics.value)') }} as value
from metrics
cross join run_parameters
where metrics.metric_date <= run_parameters.as_of_date
group by metrics.metric_date, metrics.metric_id, metrics.initiative_id, metrics.product_id, metrics.department_id
