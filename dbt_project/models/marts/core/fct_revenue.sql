with

revenue as (

    select * from {{ ref('int_revenue_recognised_by_day') }}

),

run_parameters as (

    select * from {{ source('landing', 'run_parameters') }}

)

select
    revenue.revenue_date,
    revenue.product_id,
    revenue.customer_id,
    revenue.initiative_id,
    revenue.revenue,
    run_parameters.reporting_currency
from revenue
cross join run_parameters
