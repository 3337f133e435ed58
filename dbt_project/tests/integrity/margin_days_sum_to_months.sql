{# The sum of the days equals the month, for revenue and both costs of goods sold, difference zero. #}
with

days as (

    select
        product_id, {{ fiscal_period('margin_date') }} as fiscal_period,
        sum(revenue) as revenue, sum(ai_cogs) as ai_cogs, sum(other_cogs) as other_cogs
    from {{ ref('gross_margin_by_product_day') }}
    group by all

),

months as (

    select * from {{ ref('gross_margin_by_product_month') }}

)

select
    coalesce(days.product_id, months.product_id) as product_id,
    coalesce(days.fiscal_period, months.fiscal_period) as fiscal_period,
    coalesce(days.revenue, 0) - coalesce(months.revenue, 0) as revenue_difference,
    coalesce(days.ai_cogs, 0) - coalesce(months.ai_cogs, 0) as ai_cogs_difference,
    coalesce(days.other_cogs, 0) - coalesce(months.other_cogs, 0) as other_cogs_difference
from days
full outer join months
    on days.product_id = months.product_id and days.fiscal_period = months.fiscal_period
where coalesce(days.revenue, 0) <> coalesce(months.revenue, 0)
    or coalesce(days.ai_cogs, 0) <> coalesce(months.ai_cogs, 0)
    or coalesce(days.other_cogs, 0) <> coalesce(months.other_cogs, 0)
