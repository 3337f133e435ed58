{# An initiative with revenue of its own has its own margin, before other cost of goods sold, which is kept by
   product; one without carries its product's ratio. The ratio sets revenue against the cost of the same days: those up to
   which its product's revenue is known, or its own last row, whose cost is known too. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

known as (

    select
        revenue.initiative_id,
        greatest(max(revenue.revenue_date), min(revenue_known.known_through)) as known_through
    from {{ ref('fct_revenue') }} as revenue
    cross join run_parameters
    left join {{ ref('int_product_revenue_known_by_day') }} as revenue_known
        on revenue.product_id = revenue_known.product_id and revenue_known.known_on = run_parameters.as_of_date
    where revenue.initiative_id is not null
    group by revenue.initiative_id

),

not_reported as (

    select entity_id as initiative_id, cost_date
    from {{ ref('int_costs_not_reported_by_day') }}
    where entity_type = 'initiative'

),

revenue as (

    select
        {{ fiscal_period('recognised.revenue_date') }} as fiscal_period,
        recognised.initiative_id,
        max(recognised.product_id) as product_id,
        sum(recognised.revenue) as revenue,
        sum(recognised.revenue) filter (where not_reported.initiative_id is null) as compared_revenue
    from {{ ref('fct_revenue') }} as recognised
    left join not_reported
        on recognised.initiative_id = not_reported.initiative_id
        and recognised.revenue_date = not_reported.cost_date
    where recognised.initiative_id is not null
    group by all

),

costs as (

    select
        {{ fiscal_period('costs.cost_date') }} as fiscal_period,
        costs.initiative_id,
        max(costs.product_id) as product_id,
        coalesce(sum(costs.allocated_cost) filter (where costs.cost_class = 'cost_of_goods_sold'), 0) as ai_cogs,
        coalesce(sum(costs.allocated_cost) filter (
            where costs.cost_class = 'cost_of_goods_sold'
                and costs.cost_date <= known.known_through
                and not_reported.initiative_id is null
        ), 0) as compared_ai_cogs
    from {{ ref('fct_allocated_costs') }} as costs
    left join known on costs.initiative_id = known.initiative_id
    left join not_reported
        on costs.initiative_id = not_reported.initiative_id and costs.cost_date = not_reported.cost_date
    where costs.initiative_id is not null
    group by all

),

initiatives as (

    select
        initiative_id,
        max_by(target_gross_margin_ratio, effective_from) filter (where target_gross_margin_ratio is not null)
            as target_gross_margin_ratio
    from {{ ref('int_initiatives_effective') }}
    group by initiative_id

),

products as (

    select * from {{ ref('gross_margin_by_product_month') }}

),

months as (

    select
        coalesce(costs.fiscal_period, revenue.fiscal_period) as fiscal_period,
        coalesce(costs.initiative_id, revenue.initiative_id) as initiative_id,
        coalesce(costs.product_id, revenue.product_id) as product_id,
        coalesce(costs.ai_cogs, 0) as ai_cogs,
        coalesce(costs.compared_ai_cogs, 0) as compared_ai_cogs,
        revenue.revenue,
        revenue.compared_revenue
    from costs
    full outer join revenue
        on costs.fiscal_period = revenue.fiscal_period and costs.initiative_id = revenue.initiative_id

),

margins as (

    select
        months.fiscal_period,
        months.initiative_id,
        {{ money('months.revenue') }} as revenue,
        {{ money('months.compared_revenue') }} as compared_revenue,
        {{ fine_money('months.ai_cogs') }} as ai_cogs,
        case when months.revenue is not null then {{ fine_money('months.compared_ai_cogs') }} end as compared_ai_cogs,
        {{ fine_money('months.compared_revenue - months.compared_ai_cogs') }} as gross_profit,
        case when months.revenue is not null then cast(0 as decimal(38, 9)) end as other_cogs,
        case
            when months.compared_revenue > 0
                then cast(months.compared_revenue - months.compared_ai_cogs as double)
                    / cast(months.compared_revenue as double)
            when months.revenue is null then products.gross_margin_ratio
        end as gross_margin_ratio,
        case
            when months.revenue is not null
                then {{ gross_margin_null_reason('months.revenue', 'months.compared_revenue') }}
            when products.product_id is not null then products.gross_margin_null_reason
            else 'no_revenue'
        end as gross_margin_null_reason,
        coalesce(cast(initiatives.target_gross_margin_ratio as double), products.target_gross_margin_ratio)
            as target_gross_margin_ratio,
        case when months.revenue is not null then 'initiative' when products.product_id is not null then 'product' end
            as margin_basis,
        case when months.revenue is not null then 'none' else products.other_cogs_basis end as other_cogs_basis
    from months
    left join products
        on months.fiscal_period = products.fiscal_period and months.product_id = products.product_id
    left join initiatives on months.initiative_id = initiatives.initiative_id

)

select
    margins.fiscal_period,
    margins.initiative_id,
    margins.revenue,
    margins.ai_cogs,
    margins.other_cogs,
    margins.gross_profit,
    margins.gross_margin_ratio,
    margins.target_gross_margin_ratio,
    margins.gross_margin_ratio < margins.target_gross_margin_ratio as is_below_target,
    margins.gross_margin_null_reason,
    coalesce(margins.margin_basis, 'none') as margin_basis,
    coalesce(margins.other_cogs_basis, 'none') as other_cogs_basis,
    {{ reporting_currency() }} as reporting_currency,
    margins.compared_revenue,
    margins.compared_ai_cogs
from margins
