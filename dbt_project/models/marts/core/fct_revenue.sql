with

revenue as (

    select * from {{ ref('int_revenue_recognised_by_day') }}

)

select
    revenue.revenue_date,
    revenue.product_id,
    revenue.customer_id,
    revenue.initiative_id,
    revenue.revenue,
    {{ reporting_currency() }} as reporting_currency
from revenue
