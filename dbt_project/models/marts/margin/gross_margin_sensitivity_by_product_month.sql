{# The same margin under other classifications of the product's AI cost: the policy's, all of it, core work only,
   none of it. Ratios set revenue against the cost of the same days. A product whose AI cost is all experiments has no margin
   and yet its months, and so have days before the first on which it has one: no revenue is known of them. #}
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
        coalesce(sum(allocated.allocated_cost) filter (
            where days.product_id is null or days.revenue is not null and days.is_cost_reported
        ), 0) as compared_cost
    from {{ ref('fct_allocated_costs') }} as allocated
    left join days on allocated.product_id = days.product_id and allocated.cost_date = days.margin_date
    where allocated.product_id is not null
    group by all

),

compared as (

    select
        {{ fiscal_period('margin_date') }} as fiscal_period,
        product_id,
        coalesce(sum(other_cogs) filter (where revenue is not null and is_cost_reported), 0) as compared_other_cogs
    from days
    group by all

),

margins as (

    select * from {{ ref('gross_margin_by_product_month') }}

),

months as (

    select fiscal_period, product_id from margins
    union
    select fiscal_period, product_id from costs

),

last_reported as (

    select max(revenue_known.known_through) as known_through
    from {{ ref('int_product_revenue_known_by_day') }} as revenue_known
    inner join {{ ref('stg_run__parameters') }} as run_parameters
        on revenue_known.known_on = run_parameters.as_of_date

),

classifications as (

    select listed.*
    from (values ('policy'), ('all_ai_cost'), ('core_only'), ('no_ai_cost')) as listed (classification)

),

classified as (

    select
        months.fiscal_period,
        months.product_id,
        classifications.classification,
        margins.compared_revenue,
        case
            when margins.product_id is not null then margins.gross_margin_null_reason
            when last_reported.known_through >= cast(months.fiscal_period || '-01' as date) then 'no_revenue'
            else 'revenue_not_reported'
        end as gross_margin_null_reason,
        any_value(compared.compared_other_cogs) as compared_other_cogs,
        coalesce(sum(costs.cost), 0) as ai_cogs,
        coalesce(sum(costs.compared_cost), 0) as compared_ai_cogs
    from months
    cross join classifications
    cross join last_reported
    left join margins
        on months.fiscal_period = margins.fiscal_period and months.product_id = margins.product_id
    left join compared
        on months.fiscal_period = compared.fiscal_period and months.product_id = compared.product_id
    left join costs
        on months.fiscal_period = costs.fiscal_period
        and months.product_id = costs.product_id
        and (
            classifications.classification = 'all_ai_cost'
            or (classifications.classification = 'policy' and costs.is_policy)
            or (classifications.classification = 'core_only' and costs.is_core)
        )
    group by
        months.fiscal_period,
        months.product_id,
        classifications.classification,
        margins.product_id,
        margins.compared_revenue,
        margins.gross_margin_null_reason,
        last_reported.known_through

)

select
    fiscal_period,
    product_id,
    classification,
    {{ fine_money('ai_cogs') }} as ai_cogs,
    case when compared_revenue > 0
        then cast(compared_revenue - compared_ai_cogs - compared_other_cogs as double)
            / cast(compared_revenue as double)
    end as gross_margin_ratio,
    gross_margin_null_reason,
    {{ reporting_currency() }} as reporting_currency
from classified
