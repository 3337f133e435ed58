{# The same margin under other classifications of the product's AI cost: the policy's, all of it, core work only,
   none of it. #}
with

costs as (

    select
        {{ fiscal_period('cost_date') }} as fiscal_period,
        product_id,
        coalesce(sum(allocated_cost) filter (where cost_class = 'cost_of_goods_sold'), 0) as policy_cost,
        coalesce(sum(allocated_cost), 0) as all_cost,
        coalesce(sum(allocated_cost) filter (where budget_class = 'core'), 0) as core_cost
    from {{ ref('fct_allocated_costs') }}
    where product_id is not null
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
        margins.other_cogs,
        margins.gross_margin_null_reason,
        margins.reporting_currency,
        coalesce(
            case classifications.classification
                when 'policy' then costs.policy_cost
                when 'all_ai_cost' then costs.all_cost
                when 'core_only' then costs.core_cost
            end,
            0
        ) as ai_cogs
    from margins
    cross join classifications
    left join costs
        on margins.fiscal_period = costs.fiscal_period and margins.product_id = costs.product_id

)

select
    fiscal_period,
    product_id,
    classification,
    {{ fine_money('ai_cogs') }} as ai_cogs,
    case when revenue > 0
        then cast(revenue - ai_cogs - other_cogs as double) / cast(revenue as double)
    end as gross_margin_ratio,
    gross_margin_null_reason,
    reporting_currency
from classified
