{# The ratio sets revenue against the cost of the same days: those whose revenue and whose AI cost are known. Revenue
   and costs are of all days, those compared of the same days; what the ledger holds of the month stands beside both.
   Days compared end with a day of revenue: where revenue comes on few days, a month billed by its 15th stands against
   half its cost. Such a month is on its target only if it is so against the cost of all days. #}
with

economics as (

    select
        *,
        revenue is not null and is_cost_reported as is_compared
    from {{ ref('int_product_daily_economics') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

months as (

    select
        {{ fiscal_period('margin_date') }} as fiscal_period,
        product_id,
        {{ money('sum(revenue)') }} as revenue,
        {{ fine_money('sum(ai_cogs)') }} as ai_cogs,
        {{ money('sum(other_cogs)') }} as other_cogs,
        {{ money('sum(revenue) filter (where is_compared)') }} as compared_revenue,
        {{ fine_money('sum(revenue - ai_cogs - other_cogs) filter (where is_compared)') }} as gross_profit,
        {{ fine_money('coalesce(sum(ai_cogs) filter (where is_compared), 0)') }} as compared_ai_cogs,
        {{ money('coalesce(sum(other_cogs) filter (where is_compared), 0)') }} as compared_other_cogs,
        count(*) filter (where is_compared) as days_compared,
        count(*) filter (where is_compared)
        < {{ days_between('min(margin_date)', 'last_day(min(margin_date))') }} + 1 as is_partial,
        count(*) filter (where is_compared) < count(*)
        and (
            count(*) filter (where is_compared and revenue <> 0) < 7
            or 2 * count(*) filter (where is_compared and revenue <> 0) < count(*) filter (where is_compared)
        ) as is_of_few_days,
        case
            when bool_or(other_cogs_basis = 'estimated') then 'estimated'
            else max(other_cogs_basis)
        end as other_cogs_basis
    from economics
    group by all

),

inferred_revenue as (

    select distinct
        product_id,
        {{ fiscal_period('revenue_date') }} as fiscal_period
    from {{ ref('int_revenue_recognised_by_day') }}
    where is_inferred

),

posted_costs as (

    select product_id, coalesce(service_period, fiscal_period) as fiscal_period, sum(amount) as posted_other_cogs
    from {{ ref('int_other_cogs_selected') }}
    where not is_left_out
    group by all

),

posted_revenue as (

    select product_id, fiscal_period, sum(credit_amount - debit_amount) as posted_revenue
    from {{ ref('int_ledger_entries_classified') }}
    where account_role = 'revenue' and product_id is not null
    group by all

),

margins as (

    select
        *,
        case when is_of_few_days
            then {{ fine_money('compared_revenue - ai_cogs - other_cogs') }}
            else gross_profit
        end as least_profit
    from months

)

select
    margins.fiscal_period,
    margins.product_id,
    {{ product_margin_columns('margins.least_profit') }},
    {{ reporting_currency() }} as reporting_currency,
    margins.days_compared,
    margins.is_partial,
    margins.compared_revenue,
    margins.compared_ai_cogs,
    margins.compared_other_cogs,
    coalesce({{ money('posted_costs.posted_other_cogs') }}, cast(0 as decimal(38, 9))) as posted_other_cogs,
    coalesce({{ money('posted_revenue.posted_revenue') }}, cast(0 as decimal(38, 9))) as posted_revenue,
    case
        when inferred_revenue.product_id is not null then 'inferred'
        when margins.revenue is not null then 'stated'
    end as revenue_basis
from margins
left join inferred_revenue
    on margins.product_id = inferred_revenue.product_id and margins.fiscal_period = inferred_revenue.fiscal_period
left join posted_costs
    on margins.product_id = posted_costs.product_id and margins.fiscal_period = posted_costs.fiscal_period
left join posted_revenue
    on margins.product_id = posted_revenue.product_id and margins.fiscal_period = posted_revenue.fiscal_period
left join products
    on margins.product_id = products.product_id
    and last_day(cast(margins.fiscal_period || '-01' as date)) >= products.valid_from
    and last_day(cast(margins.fiscal_period || '-01' as date)) < products.valid_to
