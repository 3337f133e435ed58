{# The same margin under other classifications of the product's AI cost: the policy's, all of it, core work only,
   none of it. Ratios set revenue against the cost of the same days. #}
with

days as (

    select * from {{ ref('int_product_daily_economics') }}

),

costs as (

    select
        {{ fiscal_period('allocated.cost_date') }} as fiscal_period,
        allocated.product_id,
        allocated.cost_class = 'cost_of_goods_sold' as is_policy,
        allocated.budget_class = 'core' as is_core,
        sum(allocated.allocated_cost) as cost,
        coalesce(sum(allocated.allocated_cost) filter (where days.revenue is not null), 0) as compared_cost
    from {{ ref('fct_allocated_costs') }} as allocated
    left join days on allocated.product_id = days.product_id and allocated.cost_date = days.margin_date
    where allocated.product_id is not null
    group by all

),

compared as (

    select
        {{ fiscal_period('margin_date') }} as fiscal_period,
        product_id,
        coalesce(sum(other_cogs) filter (where revenue is not null), 0) as compared_other_cogs
    from days
    group by all

),

margins as (

    select * from {{ ref('gross_margin_by_product_month') }}

),

classifications as (

    select listed.*
    from (values ('policy'), ('all_ai_cost'), ('core_only'), ('no_ai_cost')) as listed (classification)

),

classified as (

    select
        margins.fiscal_period,
        margins.product_id,
        classifications.classification,
        margins.revenue,
        margins.gross_margin_null_reason,
        margins.reporting_currency,
        any_value(compared.compared_other_cogs) as compared_other_cogs,
        coalesce(sum(costs.cost), 0) as ai_cogs,
        coalesce(sum(costs.compared_cost), 0) as compared_ai_cogs
    from margins
    cross join classifications
    inner join compared
        on margins.fiscal_period = compared.fiscal_period and margins.product_id = compared.product_id
    left join costs
        on margins.fiscal_period = costs.fiscal_period
        and margins.product_id = costs.product_id
        and (
            classifications.classification = 'all_ai_cost'
            or (classifications.classification = 'policy' and costs.is_policy)
            or (classifications.classification = 'core_only' and costs.is_core)
        )
    group by
        margins.fiscal_period,
        margins.product_id,
        classifications.classification,
        margins.revenue,
        margins.gross_margin_null_reason,
        margins.reporting_currency

)

select
    fiscal_period,
    product_id,
    classification,
    {{ fine_money('ai_cogs') }} as ai_cogs,
    case when revenue > 0
        then cast(revenue - compared_ai_cogs - compared_other_cogs as double) / cast(revenue as double)
    end as gross_margin_ratio,
    gross_margin_null_reason,
    reporting_currency
from classified
